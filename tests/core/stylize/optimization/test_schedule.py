"""Schedules: scales, and the steps of each."""

from __future__ import annotations

from itertools import pairwise

import pytest

from core.stylize.optimization import schedule
from core.stylize.request import StylizeRequest


@pytest.mark.parametrize("rows", [64, 100, 400, 1365])
def test_scales_and_steps(rows):
    scales = schedule.scales(rows, rows * 2, StylizeRequest(rows=rows))
    assert scales[-1] == 1
    assert all(2 * a == b for a, b in pairwise(scales))
    assert rows * scales[0] < 2 * schedule.SMALLEST or rows < schedule.SMALLEST
    for steps in (1, 7, 100):
        shares = schedule.shares(steps, scales)
        assert sum(shares) == steps
        assert min(shares) >= 0
        assert len(shares) == len(scales)
