"""What an epoch of a training together shows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from training.accelerator.draws import chances, draw, log_prior
from training.accelerator.options import Options, Shown

Y = np.repeat([0, 1, 2], [90, 10, 25])  # two artists, and somebody else
OPTIONS = Options(shown=(Shown(30, 64), Shown(10, 96)))


def test_artists_are_drawn_by_the_root_of_their_paintings():
    chance = chances(Y, 2, OPTIONS)
    assert chance.sum() == pytest.approx(1)
    assert chance[Y == 2].sum() == pytest.approx(OPTIONS.others)
    assert chance[Y == 0].sum() / chance[Y == 1].sum() == pytest.approx(3)
    even = chances(Y, 2, dataclasses.replace(OPTIONS, balance=1.0))
    assert even[Y == 0].sum() == pytest.approx(even[Y == 1].sum())


def test_there_need_be_no_paintings_by_others():
    y = Y[Y < 2]
    assert chances(y, 2, OPTIONS).sum() == pytest.approx(1)
    assert np.isfinite(log_prior(y, 2, OPTIONS)).all()


def test_the_prior_says_how_often_a_class_is_drawn():
    prior = log_prior(Y, 2, OPTIONS)
    assert prior.dtype == np.float32
    assert np.exp(prior[:2]).mean() == pytest.approx(1)
    assert np.exp(prior[0] - prior[1]) == pytest.approx(3)
    assert prior[2] == 0


def test_an_epoch_depends_on_seed_and_number_alone():
    one, same, other = (draw(Y, 2, OPTIONS, [0, n], cycles=5) for n in (3, 3, 4))
    assert [[len(rows) for rows in batches] for batches in one] == [[30, 10]] * 5
    flat = [np.concatenate([r for batches in e for r in batches]) for e in (one, same, other)]
    assert (flat[0] == flat[1]).all()
    assert (flat[0] != flat[2]).any()
    drawn = np.bincount(flat[0], minlength=len(Y))
    assert np.abs(drawn - 200 * chances(Y, 2, OPTIONS)).max() <= 1
