"""Identify: whether a visitor allows that their picture is kept, to learn from it."""

from __future__ import annotations

import streamlit as st

from core.errors import AtelierError
from pages.components.ui.uploads import Given
from pages.components.work import identifying
from pages.components.work.identifying import Answer


def offer(answer: Answer, given: Given, *, key: str) -> None:
    """Asks, and does as the visitor says: a copy is kept, or deleted again.

    Nobody is asked for one of our own examples, nor where nobody would look at it.
    """
    days = identifying.kept_days(answer)
    if st.session_state.example is not None or not days:
        return
    from core.journal import pictures  # it takes long to import

    kept: set[int | None] = st.session_state.setdefault("pictures_kept", set())
    allowed = st.checkbox(
        "You may keep this picture to learn from it",
        answer.prediction_id in kept,
        key=f"keep-{key}",
    )
    st.caption(
        f"A copy of at most {pictures.SIDE} pixels, without the file's name and all else in it, is "
        f"then kept for up to {days:g} day{'' if days == 1 else 's'} and shown to the keepers of "
        "this site only; if they accept it, it becomes training data, which stays."
    )
    try:
        if allowed and answer.prediction_id not in kept:
            identifying.keep(answer, given)
            kept.add(answer.prediction_id)
        elif not allowed and answer.prediction_id in kept:
            identifying.drop(answer, given)
            kept.discard(answer.prediction_id)
    except AtelierError:
        st.warning("That could not be done. Please try again in a moment.")
        return
    if allowed:
        st.caption("Thank you, it is kept. Untick this, and it is deleted at once.")
