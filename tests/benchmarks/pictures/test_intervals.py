"""Shares and Wilson's interval against its formula and a published value."""

from __future__ import annotations

import math

import pytest

from benchmarks.pictures.intervals import share


@pytest.mark.parametrize(("successes", "of"), [(0, 10), (3, 30), (60, 120), (120, 120)])
def test_the_interval_is_that_of_the_formula(successes: int, of: int):
    z, p = 1.959964, successes / of
    middle = (p + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * math.sqrt(p * (1 - p) / of + z**2 / (4 * of**2))
    found = share(successes, of)
    assert found["low"] == pytest.approx(middle - half, abs=1e-4)
    assert found["high"] == pytest.approx(middle + half, abs=1e-4)
    assert (found["share"], found["n"]) == (pytest.approx(p, abs=1e-4), of)


def test_a_known_value():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263.
    found = share(81, 263)
    assert (found["low"], found["high"]) == (0.2553, 0.3662)


def test_of_nothing_there_is_no_share():
    assert share(0, 0) == {"share": None, "n": 0}
