"""Groups of unknown pictures: who is alike is found together, who is alone is not."""

from __future__ import annotations

import numpy as np

from core.monitoring import strangers


def units(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_kinds_are_found_among_single_ones():
    rng = np.random.default_rng(0)
    kinds = rng.normal(0, 1, (2, 64))
    single = units(rng.normal(0, 1, (80, 64)))
    first = units(kinds[0] + rng.normal(0, 0.4, (14, 64)))
    second = units(kinds[1] + rng.normal(0, 0.4, (7, 64)))
    together = np.concatenate([single[:40], first, single[40:], second])
    found = strangers.groups(together)
    assert [set(group.tolist()) for group in found] == [{*range(40, 54)}, {*range(94, 101)}]


def test_the_nearest_to_the_middle_comes_first():
    rng = np.random.default_rng(1)
    rows = units(rng.normal(0, 1, 64) + rng.normal(0, 0.5, (9, 64)))
    (group,) = strangers.groups(rows)
    near = rows[group] @ rows.mean(axis=0)
    assert np.all(np.diff(near) <= 1e-6)


def test_few_are_no_group():
    assert strangers.groups(np.zeros((0, 64), np.float32)) == []
    rows = units(np.ones((5, 64)))
    assert strangers.groups(rows) == []
