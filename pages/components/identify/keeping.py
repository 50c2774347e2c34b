"""Identify: whether a visitor allows that their picture is kept, to learn from it."""

from __future__ import annotations

import streamlit as st

from core.settings import settings
from pages.components.ui.uploads import Given


def offer(prediction_id: int, given: Given, *, key: str) -> None:
    """Asks, and does as the visitor says: a copy is kept, or deleted again.

    Nobody is asked for one of our own examples, nor where nobody would look at it.
    """
    # The journal takes long to import, and is needed only now.
    from core import journal
    from core.journal import pictures

    if st.session_state.example is not None or not pictures.may_be_asked():
        return
    kept: set[int] = st.session_state.setdefault("pictures_kept", set())
    allowed = st.checkbox(
        "You may keep this picture to learn from it", prediction_id in kept, key=f"keep-{key}"
    )
    days = settings().kept_days
    st.caption(
        f"A copy of at most {pictures.SIDE} pixels, without the file's name and all else in it, is "
        f"then kept for up to {days:g} day{'' if days == 1 else 's'} and shown to the keepers of "
        "this site only; if they accept it, it becomes training data, which stays."
    )
    try:
        if allowed and prediction_id not in kept:
            pictures.keep(prediction_id, given.data)
            kept.add(prediction_id)
        elif not allowed and prediction_id in kept:
            pictures.drop(prediction_id)
            kept.discard(prediction_id)
    except journal.JournalError:
        st.warning("That could not be done. Please try again in a moment.")
        return
    if allowed:
        st.caption("Thank you, it is kept. Untick this, and it is deleted at once.")
