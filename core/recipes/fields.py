"""Options as data: dataclasses whose values are checked, and `FIELD=JSON` that changes them."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import InvalidRequest

# As `__pydantic_config__` of a dataclass: no other fields, no NaN, no infinity.
STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)

Count = Annotated[int, Field(ge=1, le=10**9)]
Number = Annotated[int, Field(ge=0, le=10**9)]  # may be zero
Side = Annotated[int, Field(ge=16, le=4096)]  # pixels
Share = Annotated[float, Field(ge=0, le=1)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Weight = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]

Options = TypeVar("Options")


def checked(kind: type[Options], values: dict[str, Any]) -> Options:
    """A dataclass of these values, as JSON has them.

    Raises:
        InvalidRequest: If a field is unknown or missing, or its value is of another type or out
            of its range. The message names the first.
    """
    try:
        found: Options = _adapter(kind).validate_python(values)  # type: ignore[arg-type]
        return found
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or kind.__name__
        said = first["msg"].replace("Input should", "it should").rstrip(".")
        raise InvalidRequest(f"{name} cannot be {first['input']!r}: {said}.") from None


def parsed(change: str) -> tuple[str, Any]:
    """Name and value of `FIELD=JSON`.

    Raises:
        InvalidRequest: If it does not read so.
    """
    name, equals, value = change.partition("=")
    try:
        if not equals:
            raise ValueError
        return name.strip(), json.loads(value)
    except (ValueError, RecursionError):
        raise InvalidRequest(
            f"{change} does not read FIELD=JSON, such as steps=100 or name='\"mine\"'."
        ) from None


def changed(options: Options, changes: list[str]) -> Options:
    """Options with some fields changed.

    Args:
        options: A dataclass.
        changes: `FIELD=JSON` each, as on the command line.

    Raises:
        InvalidRequest: If there is no such field, or its value is no JSON or not possible.
    """
    values = dict(map(parsed, changes))
    names = [field.name for field in dataclasses.fields(options)]  # type: ignore[arg-type]
    if unknown := set(values) - set(names):
        raise InvalidRequest(
            f"There is no option {', '.join(sorted(unknown))}; there are {', '.join(names)}."
        )
    return checked(type(options), dataclasses.asdict(options) | values)  # type: ignore[call-overload]


@cache
def _adapter(kind: type[Options]) -> TypeAdapter[Options]:
    return TypeAdapter(kind)
