"""Presets: that the file holds what visitors can be offered."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.stylize import presets, refine


def test_presets_differ_and_can_be_painted_with():
    known = presets.catalogue()
    assert 4 <= len(known) <= 6
    assert len({preset.id for preset in known}) == len(known)
    assert all(preset.title and preset.words.endswith(".") for preset in known)
    set_ = [preset.model_dump(exclude={"id", "title", "words"}) for preset in known]
    assert len({str(values) for values in set_}) == len(known)
    for values in set_:
        refine.Options(**values)


def test_the_first_is_as_usual():
    usual, first = refine.Options(), presets.catalogue()[0]
    for name in ("style_weight", "content_weight", "variation_weight", "brush", "keep_colors"):
        assert getattr(first, name) == getattr(usual, name)


def test_an_unknown_field_is_refused():
    with pytest.raises(ValidationError):
        presets.Preset(id="a", title="A", words="A.", glitter=1.0)
