"""Options of the command line that derive from the fields of a request."""

from __future__ import annotations

from typing import Any

import typer

from core.requests import Request, described


def option(model: type[Request], name: str, *flags: str, **more: Any) -> Any:
    """An option for a field: its help, its range and its choices are those of the request.

    Args:
        flags: `--name` if none are given.
        more: Further arguments of `typer.Option`; they count more.
    """
    field = described(model, name)
    words = f"{field.title}: {field.term}" if field.term else f"{field.title}."
    if field.choices:
        words += f" One of {', '.join(field.choices)}."
    return typer.Option(*flags, **({"help": words, "min": field.low, "max": field.high} | more))
