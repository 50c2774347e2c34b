"""A commission: what a visitor wants to have painted, as files; what is read and sent of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import images
from core.images.types import Pixels
from core.stylize import regions
from core.stylize.request import StylizeRequest
from core.stylize.session import Painting
from core.stylize.session.tasks import Order
from pages.components.ui.uploads import Given


@dataclass(frozen=True, eq=False, kw_only=True)
class Commission:
    """What a visitor wants to have painted.

    Attributes:
        styles: Pictures, or ids of painters.
        masks: Of regions, as files.
        sketch: The instant picture of it, if it is there already.
        earlier: A painting of it to go on from.
    """

    request: StylizeRequest
    photo: Given
    styles: Sequence[Given | str]
    masks: Sequence[bytes] = ()
    sketch: Pixels | None = None
    earlier: Painting | None = None


@st.cache_resource(max_entries=12, show_spinner=False)
def _pixels(digest: str, enough: int, _given: Given) -> Pixels:
    """A picture that the visitor gave, read once. Nobody writes into it."""
    return images.load(_given.data, enough=enough).pixels


def read(given: Given, rows: int) -> Pixels:
    """A photo as it is read for a painting of so many rows."""
    return _pixels(given.digest, 2 * rows, given)


def order(wanted: Commission) -> Order:
    """It as this process paints it."""
    enough = wanted.request.style_enough
    return Order(
        request=wanted.request,
        photo=read(wanted.photo, wanted.request.rows),
        styles=[
            each if isinstance(each, str) else _pixels(each.digest, enough, each)
            for each in wanted.styles
        ],
        masks=[regions.load(each) for each in wanted.masks],
        sketch=wanted.sketch,
        earlier=wanted.earlier,
    )


def fields(request: StylizeRequest) -> dict[str, Any]:
    """A request as the fields of a form."""
    given = request.model_dump(mode="json", exclude_none=True, exclude={"mode"})
    return {
        name: json.dumps(value) if isinstance(value, list | dict) else value
        for name, value in given.items()
    }


def files(styles: Sequence[Given | str]) -> list[bytes | str]:
    """Styles as they are sent."""
    return [each if isinstance(each, str) else each.data for each in styles]
