"""Tests for `core.releases.arms`."""

from __future__ import annotations

import math
from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from core.releases.arms import experiment, is_challenged

SHARE = st.floats(0, 1)


@given(st.text(), st.text(), SHARE, SHARE)
def test_nobody_leaves_the_challenger_when_its_share_grows(name, visitor, one, other):
    less, more = sorted((one, other))
    assert is_challenged(name, visitor, more) >= is_challenged(name, visitor, less)


@given(st.text(), st.text(), SHARE)
def test_a_visitor_stays_in_an_arm(name: str, visitor: str, share: float):
    assert len({is_challenged(name, visitor, share) for _ in range(3)}) == 1


@given(st.text(), st.text())
def test_all_or_nobody_is_challenged_at_the_ends(name: str, visitor: str):
    assert is_challenged(name, visitor, 1.0)
    assert not is_challenged(name, visitor, 0.0)


@given(st.text(alphabet="ab/1"), st.text(alphabet="ab/1"), SHARE)
def test_it_is_the_documented_hash(name: str, visitor: str, share: float):
    digest = blake2b(f"{name}\0{visitor}".encode(), digest_size=8).hexdigest()
    assert is_challenged(name, visitor, share) == (int(digest, 16) < share * 2**64)


def test_the_share_is_kept_and_experiments_deal_apart():
    visitors = [f"visitor {n}" for n in range(20_000)]
    first = [is_challenged(experiment("m", "a"), v, 0.1) for v in visitors]
    second = [is_challenged(experiment("m", "b"), v, 0.1) for v in visitors]
    spread = 4 * math.sqrt(20_000 * 0.1 * 0.9)
    assert abs(sum(first) - 2000) < spread
    assert abs(sum(second) - 2000) < spread
    both = sum(a and b for a, b in zip(first, second, strict=True))
    assert abs(both - 200) < 4 * math.sqrt(200)
