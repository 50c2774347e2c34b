"""Tests for `core.releases.state`."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from core.releases import state
from core.releases.state import Challenger, State


@dataclass(frozen=True)
class Row:
    version: str
    role: str
    share: float = 1.0


def after(*rows: tuple) -> State:
    return state.after(Row(*row) for row in rows)


def test_nothing_released_means_what_ships():
    assert after() == State()
    assert (State().champion, State().previous) == (None, None)


def test_the_last_release_serves_and_the_one_before_is_known():
    now = after(("a", "champion"), ("b", "champion"))
    assert (now.champion, now.previous) == ("b", "a")


def test_a_rollback_brings_back_the_one_before_and_never_what_was_withdrawn():
    released = (("a", "champion"), ("b", "champion"), ("c", "champion"))
    assert after(*released, ("c", "retired")).champions == ("a", "b")
    assert after(*released, ("c", "retired"), ("b", "retired")).champion == "a"
    assert after(*released, ("b", "retired")).champions == ("a", "c")
    assert after(("a", "champion"), ("a", "retired")).champion is None


def test_a_canary_grows_and_is_promoted():
    one = after(("a", "champion"), ("b", "canary", 0.1))
    assert (one.champion, one.challenger) == ("a", Challenger("b", "canary", 0.1))
    more = after(("a", "champion"), ("b", "canary", 0.1), ("b", "canary", 0.5))
    assert more.challenger == Challenger("b", "canary", 0.5)
    done = after(("a", "champion"), ("b", "canary", 0.1), ("b", "champion"))
    assert done == State(("a", "b"))


def test_a_challenger_that_is_withdrawn_leaves_the_champion():
    assert after(("a", "champion"), ("b", "canary", 0.1), ("b", "retired")) == State(("a",))


def test_a_shadow_is_seen_by_nobody_whatever_its_share_says():
    assert after(("b", "shadow", 0.5)).challenger == Challenger("b", "shadow", 0.0)


def test_a_release_ends_what_was_tried_out_against_the_one_before():
    assert after(("b", "canary", 0.1), ("c", "champion")) == State(("c",))


def test_a_version_released_again_counts_once():
    assert after(("a", "champion"), ("b", "champion"), ("a", "champion")).champions == ("b", "a")


def test_a_role_of_a_later_program_changes_nothing():
    assert after(("a", "champion"), ("b", "paused")) == State(("a",))


ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from("abcd"),
        st.sampled_from(["champion", "canary", "shadow", "retired"]),
        st.sampled_from([0.1, 0.5, 1.0]),
    ),
    max_size=20,
)


@given(ROWS, st.integers(0, 20))
def test_the_state_is_the_same_in_one_go_or_two(rows: list[Row], cut: int):
    assert state.after(rows[cut:], state.after(rows[:cut])) == state.after(rows)


@given(ROWS)
def test_a_champion_counts_once_and_is_not_withdrawn(rows: list[Row]):
    now = state.after(rows)
    assert len(set(now.champions)) == len(now.champions)
    for version in now.champions:
        roles = [row.role for row in rows if row.version == version]
        last = max(i for i, role in enumerate(roles) if role == "champion")
        assert "retired" not in roles[last:]


@given(ROWS)
def test_rollbacks_end_with_what_ships(rows: list[Row]):
    now = state.after(rows)
    for _ in range(len(now.champions) + 1):
        last = now.challenger.version if now.challenger else now.champion
        if last is not None:
            now = state.after([Row(last, "retired")], now)
    assert now == State()
