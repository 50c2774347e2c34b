"""Identify: whether a visitor allows that their picture is kept, to learn from it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.errors import AtelierError
from pages.components.ui.uploads import Given
from pages.components.work import identifying
from pages.components.work.identifying import Answer


@dataclass(frozen=True)
class _Kept:
    """A copy that the visitor has allowed.

    Attributes:
        upload: Key of what they have uploaded.
        digest: Of the picture that was shown of it.
    """

    answer: Answer
    upload: str
    digest: str


def _all() -> dict[int | None, _Kept]:
    """What this visitor has allowed, by the number of the prediction."""
    kept: dict[int | None, _Kept] = st.session_state.setdefault("pictures_kept", {})
    return kept


def is_kept(answer: Answer) -> bool:
    """Whether this visitor has allowed a copy of what was answered so."""
    return answer.prediction_id in _all()


def settle(upload: str, shown: Answer) -> None:
    """Deletes copies of what is shown no longer of an upload: cut out otherwise since, or answered.

    Its box is gone, so nobody could untick it.
    """
    for number, each in list(_all().items()):
        if each.upload != upload or number == shown.prediction_id:
            continue
        try:
            identifying.drop(each.answer, each.digest)
        except AtelierError:
            st.warning("The copy of what was shown before could not be deleted yet.")
            continue
        del _all()[number]


def offer(answer: Answer, given: Given, *, upload: str, key: str) -> None:
    """Asks, and does as the visitor says: a copy of what is shown is kept, or deleted again.

    Nobody is asked for one of our own examples, nor where nobody would look at it.

    Args:
        given: What is shown, and was identified.
        upload: Key of the upload that it is, or is cut out of.
        key: Of the widget.
    """
    days = identifying.kept_days(answer)
    if st.session_state.example is not None or not days:
        return
    from core.journal import pictures  # it takes long to import

    kept = _all()
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
            kept[answer.prediction_id] = _Kept(answer, upload, given.digest)
        elif not allowed and answer.prediction_id in kept:
            identifying.drop(answer, given.digest)
            del kept[answer.prediction_id]
    except AtelierError:
        st.warning("That could not be done. Please try again in a moment.")
        return
    if allowed:
        st.caption("Thank you, it is kept. Untick this, and it is deleted at once.")
