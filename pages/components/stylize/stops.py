"""Stops of the sliders of Stylize: the values of a request's fields that it is easy to choose."""

from __future__ import annotations

from typing import Any

from core.stylize.request import ON_THE_PAGE, StylizeRequest
from pages.components.ui import fields

BRUSHES = {0.5: "Fine", 0.7: "Rather fine", 1.0: "As painted", 1.4: "Rather broad", 2.0: "Broad"}
FORMS = {
    0.0: "Texture",
    0.25: "More texture",
    0.5: "Both",
    0.75: "More forms",
    1.0: "Forms",
}
TIMES = {25: "A moment", 50: "Short", 100: "Usual", 200: "Long", 400: "Very long"}
_PERCENT = (10, 20, 30, 50, 70, 100, 140, 200, 300, 500, 1000)
_UNITS = {  # of what is set in percent of the usual
    "style_weight": ON_THE_PAGE.style_weight / 100,
    "content_weight": ON_THE_PAGE.content_weight / 100,
}
# Of sliders; a request's own ranges leave out what is beyond them.
_STOPS: dict[str, tuple[Any, ...]] = {
    "style_weight": _PERCENT,
    "content_weight": _PERCENT,
    "forms": tuple(FORMS),
    "brush": tuple(BRUSHES),
    "rows": (160, 240, 320, 400, 560, 720, 1080, 1440),
    "steps": tuple(TIMES),
    "variation_weight": (0.0, 0.1, 0.3, 1.0, 3.0, 10.0),
}


def stops(name: str) -> list[Any]:
    """The stops of a field's slider, as far as its range goes."""
    return fields.within(StylizeRequest, name, _STOPS[name], _UNITS.get(name, 1.0))


def nearest(name: str, wanted: float) -> Any:
    """The stop of a field's slider that is nearest to a value of the field."""
    return min(stops(name), key=lambda stop: abs(stop * _UNITS.get(name, 1.0) - wanted))
