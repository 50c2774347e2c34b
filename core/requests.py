"""Requests: what is asked of a task, as fields with ranges, titles and terms.

One model a task. Widgets of pages, options of the command line, presets, metadata in pictures
and the JSON schema all derive from its fields, so that no setting is spelled twice: `title` is
in a visitor's words, `description` is the technical term and the unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from core.errors import InvalidRequest


class Request(BaseModel):
    """A request of any task: checked when it is made, and never changed.

    Raises:
        InvalidRequest: If a value is out of its range; the message names the field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **values: Any) -> None:
        """Checks."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InvalidRequest(sentence(type(self), error)) from None

    def changed(self, **values: Any) -> Self:
        """The same request with other values, checked like a new one."""
        return type(self)(**{**dict(self), **values})


@dataclass(frozen=True)
class Described:
    """A field of a request, as widgets and options need it.

    Attributes:
        title: In a visitor's words.
        term: The technical term and the unit.
        default: What it is if nothing is said.
        low: The least value; None for no limit.
        high: The greatest one.
        choices: Where only some values are possible; else empty.
    """

    name: str
    title: str
    term: str
    default: Any
    low: float | None
    high: float | None
    choices: tuple[str, ...]


def described(model: type[Request], name: str) -> Described:
    """What a request's model says of one of its fields.

    Raises:
        KeyError: If there is no such field.
    """
    field = model.model_fields[name]
    limits = {type(each): each for each in field.metadata}
    low = limits.get(Ge, limits.get(Gt))
    high = limits.get(Le, limits.get(Lt))
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    return Described(
        name=name,
        title=field.title or name.replace("_", " ").capitalize(),
        term=field.description or "",
        default=field.get_default(call_default_factory=True, validated_data={}),
        low=None if low is None else getattr(low, "ge", getattr(low, "gt", None)),
        high=None if high is None else getattr(high, "le", getattr(high, "lt", None)),
        choices=tuple(map(str, choices)),
    )


def sentence(model: type[Request], error: ValidationError) -> str:
    """What is wrong with the values of a request, in a sentence for each field."""
    return " ".join(dict.fromkeys(_of_field(model, each) for each in error.errors()))


_LIMITS = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "finite_number": "a finite number",
}


def _of_field(model: type[Request], error: ErrorDetails) -> str:
    if error["type"] == "value_error":  # of a validator, which speaks in sentences
        return str(error["ctx"]["error"])
    name = str(error["loc"][0]) if error["loc"] else ""
    if name not in model.model_fields:
        return f"There is no setting {name!r}."
    title = described(model, name).title
    wanted = _LIMITS.get(error["type"])
    if wanted is None:
        return (
            f"{title} ({name}) is {error['input']!r}: {error['msg'][:1].lower()}{error['msg'][1:]}."
        )
    limits = {
        key: f"{value:.10g}" if isinstance(value, int | float) else value
        for key, value in error.get("ctx", {}).items()
    }
    return f"{title} ({name}) is {error['input']!r}, but must be {wanted.format(**limits)}."
