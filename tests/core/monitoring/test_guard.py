"""The guard: what is broken is taken back, what is well is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from core.monitoring import guard
from core.monitoring.guard import Window


def window(answers: int = 50, failed: int = 0, unknown: int = 6, seconds: float = 0.02) -> Window:
    return Window(answers, failed, unknown, np.full(answers, seconds))


CHAMPION = window(200, unknown=24)


def test_what_is_well_is_left_alone():
    assert guard.breaches(window(), CHAMPION) == ()
    assert guard.breaches(window(failed=1), CHAMPION) == ()  # one may be chance
    assert guard.breaches(window(unknown=12, seconds=0.05), CHAMPION) == ()


@pytest.mark.parametrize(
    ("challenger", "told"),
    [
        (window(failed=15), "15 of 65 requests failed"),
        (window(0, failed=12, unknown=0), "12 of 12 requests failed"),
        (window(seconds=0.07), "takes 0.07 s a picture"),
        (window(unknown=49), "98% of pictures works of unknown artists, the champion 12%"),
    ],
)
def test_each_kind_of_breach_is_told(challenger: Window, told: str):
    (sentence,) = guard.breaches(challenger, CHAMPION)
    assert told in sentence


def test_one_that_suddenly_knows_everybody():
    strict = window(400, unknown=240)
    (sentence,) = guard.breaches(window(unknown=0), strict)
    assert "0% of pictures" in sentence


def test_few_answers_are_not_judged_but_for_failures():
    assert guard.breaches(window(10, unknown=10, seconds=1.0), CHAMPION) == ()
    assert guard.breaches(window(unknown=50, seconds=1.0), window(5)) == ()


def test_equal_versions_are_rarely_taken_back():
    rng = np.random.default_rng(0)
    taken = 0
    for _ in range(2000):
        one, other = rng.binomial(50, 0.12), rng.binomial(200, 0.12)
        failed = rng.binomial(50, 0.005)
        taken += bool(
            guard.breaches(window(failed=int(failed), unknown=int(one)), window(200, unknown=other))
        )
    assert taken == 0
