"""Errors: what is said of them, and what is logged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core import artists, errors, identify, images, journal, models, monet, settings
from core.stylize import artist_styles, extractors, refine, style
from core.stylize.request import StylizeRequest

GREY = np.full((32, 32, 3), 128, np.uint8)
GREY_PICTURE = images.Picture(GREY, "PNG", (32, 32))


def test_an_unknown_name_is_a_sentence_without_quotes_around_it():
    error = errors.UnknownName("There is no model 'x'.")
    assert str(error) == "There is no model 'x'."
    with pytest.raises(KeyError, match=r"^There is no model 'x'\.$"):
        raise error


def test_who_can_put_it_right_is_told_how_and_nothing_is_logged(caplog):
    assert errors.sentence(errors.InvalidRequest("Choose fewer rows.")) == "Choose fewer rows."
    assert not caplog.records


def test_anything_else_is_logged_with_its_traceback_under_the_id_that_is_told(caplog):
    try:
        {}["missing"]
    except KeyError as error:
        told = errors.sentence(error)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert str(record.args[0]) in told
    assert "missing" not in told


WRONG = {
    "model": lambda: models.load("no-such"),
    "artist": lambda: artists.get("nobody"),
    "style": lambda: artist_styles.load("nobody"),
    "network": lambda: extractors.load("alexnet"),
    "artist of a model": lambda: identify.explain(GREY_PICTURE, artist_id="nobody"),
    "direction": lambda: monet.paint(GREY, "to-nowhere"),  # type: ignore[arg-type]
    "brush": lambda: monet.cycle(GREY, brush="dry"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("what", WRONG)
def test_a_name_that_nothing_has_is_told_in_a_sentence(what: str):
    with pytest.raises(errors.UnknownName) as refused:
        WRONG[what]()
    told = str(refused.value)
    assert told[0].isupper()
    assert told.endswith((".", "?"))
    assert refused.value.code == "unknown-name"


SENSELESS = {
    "not a classifier": lambda: identify.identify(GREY_PICTURE, "photo_to_monet"),
    "no name at all": lambda: identify.identify(GREY_PICTURE, top=0),
    "options": lambda: StylizeRequest(steps=0),
    "weights of styles": lambda: style.mix([style.StyleTarget("vgg16")], [0.0]),
    "too few rows": lambda: next(
        refine.refine(GREY[:, :2], [GREY], StylizeRequest(rows=32, steps=1))
    ),
    "layers": lambda: next(
        refine.refine(GREY, [GREY], StylizeRequest(rows=32, steps=1, style_layers={"conv9": 1.0}))
    ),
    "styles of two networks": lambda: style.mix(
        [style.StyleTarget("vgg16"), style.StyleTarget("vgg19", {"block1_conv1": np.eye(2)})]
    ),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("what", SENSELESS)
def test_a_request_that_cannot_be_fulfilled_is_told_in_a_sentence(what: str):
    with pytest.raises(errors.InvalidRequest) as refused:
        SENSELESS[what]()
    assert str(refused.value).endswith(".")
    assert refused.value.code == "invalid-request"


def painted(photo: np.ndarray, style: np.ndarray) -> np.ndarray:
    return next(refine.refine(photo, [style], StylizeRequest(rows=48, steps=1))).pixels()


@pytest.mark.tensorflow
@pytest.mark.parametrize("shape", [(1, 1), (3000, 40), (40, 300), (2, 2)], ids=str)
def test_styles_of_any_shape_can_be_painted_like(shape: tuple[int, int]):
    style = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    assert painted(GREY, style).shape == (48, 48, 3)


@pytest.mark.tensorflow
def test_photos_of_any_shape_are_painted_or_refused_in_a_sentence():
    assert painted(GREY[:1, :1], GREY).shape == (48, 48, 3)
    with pytest.raises(errors.InvalidRequest, match=r"choose more rows\.$"):
        painted(np.zeros((3000, 40, 3), np.uint8), GREY)


def test_kinds_of_errors_have_codes_that_programs_can_tell_apart():
    codes = {
        models.WeightsError: "weights",
        extractors.NotHere: "weights",
        refine.TooLarge: "too-large",
        journal.JournalError: "journal",
    }
    for kind, code in codes.items():
        assert issubclass(kind, errors.AtelierError)
        assert kind.code == code


def test_weights_that_may_not_be_read_are_told(tmp_path: Path):
    with pytest.raises(models.WeightsError, match=r"cannot be read: .+\.$"):
        models.checked(tmp_path, "0" * 64)  # a directory, in place of a file


@pytest.mark.parametrize("url", ["postgresql://host:port/x", "mysql+aiomysql://host/x", "x://y"])
def test_no_address_of_a_journal_brings_the_driver_s_own_errors(monkeypatch, url: str):
    monkeypatch.setenv("ATELIER_JOURNAL_URL", url)
    settings.settings.cache_clear()
    with pytest.raises(journal.JournalError):
        journal.predictions()
