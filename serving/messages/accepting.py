"""What the header `Accept` asks for, by preference."""

from __future__ import annotations

from fastapi import Request


def wanted(request: Request) -> list[str]:
    """The media types and ranges that are accepted, in lower case, best first; `*/*` if unsaid.

    Of equals the first comes first. What has the quality 0, or one that is no number, is left out.
    """
    found: list[tuple[float, str]] = []
    for each in request.headers.get("accept", "*/*").split(","):
        name, *parameters = (part.strip().lower() for part in each.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if quality > 0:
            found.append((quality, name))
    return [name for _, name in sorted(found, key=lambda each: -each[0])]  # which is stable
