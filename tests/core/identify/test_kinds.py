"""Tests for `core.identify.kinds`: three answers told apart."""

from __future__ import annotations

import numpy as np
import pytest

from core import examples, identify, images, models
from core.identify import kinds
from core.models import Entry, Photograph

ENTRY = models.get(models.DEFAULT)


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(200, ENTRY.outputs)) * 3, rng.normal(size=(200, 64)) / 8


def telling(intercept: float) -> Entry:
    weights = tuple(np.zeros(ENTRY.outputs + 64).tolist())
    return ENTRY.model_copy(update={"photograph": Photograph(weights=weights, intercept=intercept)})


def test_the_three_add_up_and_agree_with_the_score_of_the_known(drawn):
    entry = telling(-1.0)
    found = kinds.probabilities(*drawn, entry)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_allclose(found[:, 2], 1 / (1 + np.e))
    assert entry.known is not None
    score = identify.known_score(drawn[0], entry.known)
    np.testing.assert_allclose(found[:, 0] / found[:, :2].sum(axis=1), score, rtol=1e-5)
    answered = kinds.answers(found, entry)
    np.testing.assert_array_equal(answered == 0, score >= entry.known.threshold)
    assert 2 not in answered


def test_a_likely_photograph_is_nothing_else(drawn):
    found = kinds.probabilities(*drawn, telling(100.0))
    assert (kinds.answers(found, telling(100.0)) == 2).all()


@pytest.mark.parametrize("example", examples.photos(), ids=lambda each: each.title)
def test_no_painter_is_named_for_a_photograph(example):
    found = identify.identify(images.load(example.read(), enough=identify.ENOUGH))
    assert found.kind != "known"
    assert found.known is False
    assert found.kinds is not None
    # Those of plants are only called nobody's: the photos of the fit are landscapes.
    is_landscape = example.title in ("Pavilion in China", "Mountain meadow in autumn")
    assert (found.kind == "photograph") == is_landscape
    assert (found.kinds["photograph"] > 0.5) == is_landscape


@pytest.mark.parametrize("example", examples.catalogue(), ids=lambda each: each.title)
def test_a_painting_is_called_none(example):
    found = identify.identify(images.load(example.read(), enough=identify.ENOUGH))
    assert found.kind != "photograph"
    assert found.known == (found.kind == "known")


def test_a_model_that_does_not_tell_says_nothing():
    found = identify.identify(images.load(examples.photos()[0].read()), "vgg16")
    assert found.kind is None
    assert found.kinds is None
