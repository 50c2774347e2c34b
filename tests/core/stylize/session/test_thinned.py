"""Rows that are thinned."""

from __future__ import annotations

import numpy as np
import pytest

from core.stylize.session.thinned import Thinned


@pytest.mark.parametrize("number", [1, 4, 5, 6, 79, 80, 81, 1000])
def test_a_thinned_row_is_bounded_and_spread_over_all(number):
    row = Thinned[int](5)
    for thing in range(number):
        if row.wants():
            row.add(thing)
    assert len(row.kept) == number if number < 5 else 2 <= len(row.kept) < 5
    assert row.kept[0] == 0
    gaps = np.diff(row.kept)
    assert len(set(gaps)) <= 1
    assert number - row.kept[-1] <= max([1, *gaps])
