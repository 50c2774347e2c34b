"""Choices that several pages offer alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from core import models


def view(label: str, names: Iterable[str], *, key: str) -> str:
    """Buttons side by side for the views of a page, the first one chosen; kept for the visit.

    Args:
        label: Read out, not shown.
    """
    names = list(names)
    return st.segmented_control(
        label,
        names,
        default=names[0],
        required=True,
        label_visibility="collapsed",
        key=key,
        persist_state="session",
    )


def model(
    label: str, entries: Sequence[models.Entry], *, key: str, labelled: bool = True
) -> models.Entry:
    """One of some models, by title; kept for the visit."""
    by_id = {entry.id: entry for entry in entries}
    chosen = st.selectbox(
        label,
        list(by_id),
        format_func=lambda model_id: by_id[model_id].title,
        key=key,
        persist_state="session",
        label_visibility="visible" if labelled else "collapsed",
        width=320,
    )
    return by_id[chosen]
