"""Identify: the version of a model, where there is more than one to choose from."""

from __future__ import annotations

import streamlit as st

from pages.components.work import identifying

_DEALT = "As released"


def version(model: str) -> str | None:
    """The version that the visitor asks for; None to be dealt one, as everybody is."""
    known = identifying.versions_of(model)
    if len(known) < 2:
        return None
    chosen = st.selectbox(
        "Version",
        [_DEALT, *known],
        format_func=lambda name: f"{known[name]} ({name})" if name in known else name,
        key=f"version-{model}",
        help="What answers everybody, or a certain version, which then counts in no experiment.",
    )
    return None if chosen == _DEALT else chosen
