"""The request of a painting: what its fields say, its spelling on disk, and what it refuses."""

from __future__ import annotations

import json

import pytest

from core.errors import InvalidRequest
from core.requests import described
from core.stylize import extractors
from core.stylize.request import ON_THE_PAGE, StylizeRequest


@pytest.mark.parametrize("name", StylizeRequest.model_fields)
def test_every_field_has_a_title_and_a_term(name):
    field = described(StylizeRequest, name)
    assert StylizeRequest.model_fields[name].title
    assert field.term.endswith(".")
    if isinstance(field.default, int | float) and not isinstance(field.default, bool):
        assert field.low is not None


def test_it_comes_back_from_its_file_as_it_was():
    request = StylizeRequest(
        optimizer="adam", learning_rate=3, scales=(0.5, 1), style_layers={"block1_conv1": 2}
    )
    written = json.loads(request.model_dump_json(by_alias=True))
    assert written["optimiser"] == "adam"
    assert "optimizer" not in written
    assert StylizeRequest(**written) == request


def test_the_page_starts_from_the_instant_picture_and_is_else_as_usual():
    usual = StylizeRequest()
    assert (usual.start, ON_THE_PAGE.start) == ("photo", "instant")
    assert ON_THE_PAGE.changed(start=usual.start) == usual


def test_the_schema_names_what_there_is_to_choose_from():
    fields = StylizeRequest.model_json_schema()["properties"]
    assert fields["network"]["enum"] == list(extractors.TABLE)
    assert fields["start"]["enum"] == ["instant", "photo", "noise"]
    assert (fields["rows"]["minimum"], fields["rows"]["maximum"]) == (32, 10_000)


def test_files_of_earlier_versions_are_painted_by_texture_as_they_were():
    written = json.loads(StylizeRequest(steps=7).model_dump_json(by_alias=True))
    for field in ("forms", "keep_contours"):
        del written[field]
    again = StylizeRequest(**written)
    assert (again.forms, again.keep_contours, again.steps) == (0.0, False, 7)
    assert StylizeRequest.model_validate(written) == again


def test_other_networks_paint_textures():
    assert StylizeRequest().forms > 0
    assert StylizeRequest(network="vgg19").forms == 0
    assert StylizeRequest(network="vgg19", forms=0).network == "vgg19"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"network": "vgg19", "forms": 0.5}, "VGG19 paints textures only: set forms to 0, or"),
        ({"forms": 1.1}, "at most 1."),
        ({"network": "inception_v3", "rows": 74}, "InceptionV3 paints from 75 rows on."),
        ({"style_weights": ()}, "not all of them zero."),
        ({"style_weights": (1, -1, 1)}, "not all of them zero."),
        ({"style_weights": (float("inf"),)}, "not all of them zero."),
        ({"style_weight": 1e308, "content_weight": 1e308}, "not all of them zero."),
        ({"optimiser": "luck"}, "Optimizer (optimizer) is 'luck'"),
        ({"optimiser": "adam", "optimizer": "adam"}, "There is no setting 'optimiser'."),
        ({"strength": 1.1}, "at most 1."),
    ],
)
def test_what_it_refuses_is_told_in_a_sentence(values, words):
    with pytest.raises(InvalidRequest) as refused:
        StylizeRequest(**values)
    assert words in str(refused.value)
    assert str(refused.value).endswith(".")
