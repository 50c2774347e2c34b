"""Presets: that the file holds what visitors can be offered."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.errors import InvalidRequest
from core.stylize import extractors, presets
from core.stylize.objective.forms import usual_layers
from core.stylize.request import StylizeRequest


def test_presets_differ_and_can_be_painted_with():
    known = presets.catalogue()
    assert 4 <= len(known) <= 6
    assert len({preset.id for preset in known}) == len(known)
    assert all(preset.title and preset.words.endswith(".") for preset in known)
    set_ = [preset.model_dump(exclude={"id", "title", "words"}) for preset in known]
    assert len({str(values) for values in set_}) == len(known)
    for values in set_:
        StylizeRequest(**values)


def test_the_first_is_as_usual():
    usual, first = StylizeRequest(), presets.catalogue()[0]
    for name in ("style_weight", "content_weight", "variation_weight", "brush", "keep_colors"):
        assert getattr(first, name) == getattr(usual, name)


def test_the_method_of_the_reports_is_one_of_them():
    (texture,) = [preset for preset in presets.catalogue() if preset.title.startswith("Texture")]
    assert texture.title == "Texture (Gatys et al.)"
    assert texture.forms == 0
    assert usual_layers(texture.network, texture.forms)[1] == extractors.get("vgg16").style
    assert all(preset.forms > 0 for preset in presets.catalogue() if preset is not texture)


ROW = {"id": "a", "title": "A", "words": "A."}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"glitter": 1.0}, "There is no setting 'glitter'"),
        ({"brush": 11}, "at most 10"),
        ({"optimiser": "luck"}, "'lbfgs' or 'adam'"),
        ({"rows": 200}, "does not set rows"),
        ({"style_layers": {}}, "at least one"),
    ],
)
def test_what_a_request_or_a_preset_has_not_is_refused(more, words):
    with pytest.raises(ValidationError):
        presets.Preset.model_validate(ROW | more)
    with pytest.raises(InvalidRequest, match=words):
        presets.Preset(**ROW, **more)
