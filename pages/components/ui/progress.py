"""How far a job is, as every page shows it: queue position, share and the button that stops it."""

from __future__ import annotations

import streamlit as st

from core.jobs import Handle

LOADING = "Loading the model. This takes a few seconds, only the first time."


def in_line(job: Handle) -> str:
    """The queue position of a job that waits, here or elsewhere; empty if it is its turn."""
    before, now = job.position, job.progress
    if not before and now is not None and now.phase == "waiting":
        if not now.of:
            return "In line until there is room for it"
        before = now.of
    return f"Queue position {before + 1}: {before} before you" if before else ""


def bar(share: float, text: str, *, key: str) -> bool:
    """A bar with what is being done, and beside it the button; whether that was pressed.

    Args:
        share: 0 to 1; what is more counts as 1.
        key: Of the button.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, share), text=text)
        return st.button("Stop", icon=":material/stop_circle:", key=key)
