"""Tests for `core.teaching.fitting`."""

from __future__ import annotations

import numpy as np
import pytest

from core.models import Calibration
from core.teaching import fitting
from core.teaching.fitting import BEARABLE, Others

ARTISTS, DIMENSION = 4, 12


def drawn(rng: np.random.Generator, direction: int, count: int) -> np.ndarray:
    """Paintings of one hand: features that lie in a direction of their own."""
    return (rng.normal(size=(count, DIMENSION)) + 4 * np.eye(DIMENSION)[direction]).astype("f4")


def logits(inputs: np.ndarray) -> np.ndarray:
    """Of a network that knows the first four directions; "somebody else" gets zero."""
    return np.pad(inputs[:, :ARTISTS], ((0, 0), (0, 1)))


@pytest.fixture(scope="module")
def others() -> Others:
    rng = np.random.default_rng(0)
    inputs = np.concatenate([drawn(rng, hand, 40) for hand in (*range(ARTISTS), 9)])
    painters = np.repeat(np.array([*range(ARTISTS), -1], np.int16), 40)
    return Others(inputs, logits(inputs), painters)


@pytest.mark.parametrize(
    "calibration", [Calibration(), Calibration(temperature=0.5, bias=(0.1, 0.0, -0.2, 0.0))]
)
def test_a_hand_that_is_like_no_other_is_named_and_the_others_hardly_suffer(others, calibration):
    rng = np.random.default_rng(1)
    new, unseen = drawn(rng, 7, 20), drawn(rng, 7, 50)
    fit = fitting.fit(new, logits(new), others, calibration)
    assert (fitting.names(logits(new), fit.left_out, calibration) == ARTISTS).mean() > 0.9
    assert (fitting.names(logits(unseen), fit.row(unseen), calibration) == ARTISTS).mean() > 0.9
    known = others.painters >= 0
    named = fitting.names(others.logits, fit.row(others.inputs), calibration)
    before = fitting.names(others.logits, np.full(len(known), -1e9), calibration)
    lost = (before == others.painters)[known].mean() - (named == others.painters)[known].mean()
    assert lost <= BEARABLE


def test_paintings_by_a_known_hand_win_no_more_than_the_others_bear(others):
    same = drawn(np.random.default_rng(2), 0, 20)
    fit = fitting.fit(same, logits(same), others, Calibration())
    known = others.painters == 0
    named = fitting.names(others.logits[known], fit.row(others.inputs[known]), Calibration())
    assert (named == ARTISTS).mean() <= 4 * BEARABLE + 0.025


def test_a_painting_is_left_out_of_the_fit_that_names_it(others):
    rng = np.random.default_rng(3)
    new = drawn(rng, 7, 20)
    odd = new.copy()
    odd[0] = drawn(rng, 2, 1)[0]  # by somebody else after all
    fit = fitting.fit(odd, logits(odd), others, Calibration())
    assert fit.left_out[0] < fit.row(odd[:1])[0]
    assert fitting.names(logits(odd[:1]), fit.left_out[:1], Calibration())[0] == 2


def test_one_more_artist_needs_no_bias_where_there_is_none():
    assert fitting.with_one_more(Calibration()).bias == ()
    assert fitting.with_one_more(Calibration(bias=(0.5,))).bias == (0.5, 0.0)
