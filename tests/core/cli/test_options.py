"""Commands and their options: all are mounted, and derive from the requests' fields."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from core.__main__ import app
from core.identify import IdentifyRequest
from core.monet import MonetRequest
from core.requests import Request, described
from core.similar import SimilarRequest

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands


def option(command: str, name: str) -> Any:
    (found,) = [each for each in COMMANDS[command].params if each.name == name]
    return found


def test_each_command_is_mounted():
    assert set(COMMANDS) == {
        *("identify", "monet", "stylize", "film", "similar", "scan"),
        *("models", "styles", "work", "journey"),
    }


@pytest.mark.parametrize(
    ("command", "model", "name"),
    [
        ("identify", IdentifyRequest, "model"),
        ("identify", IdentifyRequest, "top"),
        ("similar", SimilarRequest, "top"),
        ("monet", MonetRequest, "direction"),
        ("monet", MonetRequest, "brush"),
        ("monet", MonetRequest, "strength"),
    ],
)
def test_an_option_has_range_choices_and_default_of_its_field(
    command: str, model: type[Request], name: str
):
    field, found = described(model, name), option(command, name)
    assert (found.min, found.max, found.default) == (field.low, field.high, field.default)
    assert all(choice in found.help for choice in field.choices)
