"""Widgets that derive from the fields of a request: label, help and range."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from core.requests import Request, described

T = TypeVar("T")
N = TypeVar("N", int, float)


def label(model: type[Request], name: str) -> str:
    """The label of a field, in a visitor's words."""
    return described(model, name).title


def tip(model: type[Request], name: str, more: str = "") -> str:
    """The technical term, one hover away."""
    return f"{described(model, name).term} {more}".strip()


def within(model: type[Request], name: str, values: Iterable[T], scale: float = 1.0) -> list[T]:
    """The stops of a slider that the field's range allows.

    Args:
        values: Numbers, rising.
        scale: What one of them is in the unit of the field.
    """
    field = described(model, name)
    low = float("-inf") if field.low is None else field.low
    high = float("inf") if field.high is None else field.high
    return [value for value in values if low <= _number(value) * scale <= high]


def limits(model: type[Request], name: str, kind: type[N]) -> tuple[N | None, N | None]:
    """The least and the greatest value of a field, as a field for numbers wants them."""
    field = described(model, name)
    low, high = (None if each is None else kind(each) for each in (field.low, field.high))
    return low, high


def _number(value: Any) -> float:
    return float(value)
