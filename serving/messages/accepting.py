"""What the header `Accept` asks for, by preference."""

from __future__ import annotations

import math
from collections.abc import Iterable

from fastapi import Request


def wanted(request: Request, offered: Iterable[str], *, unsaid: bool = False) -> list[str]:
    """Those of some media types that are accepted, best first.

    Of a type the most specific range decides, `image/png` before `image/*` before `*/*` (RFC 9110,
    12.5.1): what is ruled out by name is not let in by a range. Of equals the one whose range
    comes first goes first, and within a range the one that is offered first.

    Args:
        offered: Media types in lower case.
        unsaid: Whether those are taken, too, that no range fits; they come last.
    """
    told = ranges(request)
    places = {range_: place for place, range_ in enumerate(told)}
    found: list[tuple[float, int, str]] = []
    for name in offered:
        fitting = (name, f"{name.partition('/')[0]}/*", "*/*")
        deciding = next((range_ for range_ in fitting if range_ in told), None)
        if deciding is None and unsaid:
            found.append((0.0, 0, name))
        elif deciding is not None and told[deciding] > 0:
            found.append((-told[deciding], places[deciding], name))
    return [name for *_, name in sorted(found, key=lambda each: each[:2])]  # which is stable


def ranges(request: Request) -> dict[str, float]:
    """The media types and ranges that are named, in lower case, with their qualities, in order.

    It is `*/*` if nothing is named. A quality that is no number is 0, which rules out; of a range
    that is named twice, the higher one counts.
    """
    found: dict[str, float] = {}
    for each in request.headers.get("accept", "").split(","):
        name, *parameters = (part.strip().lower() for part in each.split(";"))
        if name:
            found[name] = max(_quality(parameters), found.get(name, 0.0))
    return found or {"*/*": 1.0}


def _quality(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = float(parameter[2:])
            except ValueError:
                return 0.0
            return quality if math.isfinite(quality) else 0.0
    return 1.0
