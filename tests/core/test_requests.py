"""Requests are checked when they are made, and say what their fields mean."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field, ValidationError, model_validator

from core.errors import InvalidRequest
from core.requests import Request, described


class Brush(Request):
    """A request to try with."""

    size: float = Field(1.0, ge=0.1, le=10, title="Brush", description="Brush scale")
    rate: float | None = Field(None, gt=0, le=255, allow_inf_nan=False, title="Learning rate")
    kind: Literal["flat", "round"] = Field("flat", title="Kind")
    steps: int = 10

    @model_validator(mode="after")
    def _even(self) -> Brush:
        if self.steps % 2:
            raise ValueError("Steps come in pairs.")
        return self


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"size": 11}, "Brush (size) is 11, but must be at most 10."),
        ({"size": 0.01}, "Brush (size) is 0.01, but must be at least 0.1."),
        ({"rate": 0}, "Learning rate (rate) is 0, but must be more than 0."),
        ({"rate": float("nan")}, "Learning rate (rate) is nan, but must be a finite number."),
        ({"kind": "fan"}, "Kind (kind) is 'fan', but must be 'flat' or 'round'."),
        ({"color": 1}, "There is no setting 'color'."),
        ({"steps": 3}, "Steps come in pairs."),
    ],
)
def test_wrong_values_are_told_in_a_sentence(values, words):
    with pytest.raises(InvalidRequest) as caught:
        Brush(**values)
    assert str(caught.value) == words
    with pytest.raises(ValidationError) as validated:  # what web frameworks expect
        Brush.model_validate(values)
    assert words in str(validated.value)
    with pytest.raises(InvalidRequest):
        Brush().changed(**values)


def test_what_is_of_another_kind_is_told_too():
    with pytest.raises(InvalidRequest, match=r"^Brush \(size\) is 'x': input should be"):
        Brush(size="x")


def test_requests_do_not_change():
    brush = Brush(size=2)
    assert brush.changed(steps=4) == Brush(size=2, steps=4)
    with pytest.raises(ValidationError, match="frozen"):
        brush.size = 3.0


def test_fields_describe_themselves():
    size, rate, kind = (described(Brush, name) for name in ("size", "rate", "kind"))
    assert (size.title, size.term, size.default) == ("Brush", "Brush scale", 1.0)
    assert (size.low, size.high, rate.low, rate.high) == (0.1, 10, 0, 255)
    assert kind.choices == ("flat", "round")
    assert described(Brush, "steps").title == "Steps"
    with pytest.raises(KeyError):
        described(Brush, "color")
