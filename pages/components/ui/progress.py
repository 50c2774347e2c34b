"""How far a job is, as every page shows it: queue position, share and the button that stops it."""

from __future__ import annotations

import streamlit as st

from core.jobs import Handle

LOADING = "Loading the model. This takes a few seconds, only the first time."


def in_line(job: Handle) -> str:
    """The queue position of a job that waits; empty if it is its turn."""
    return f"Queue position {job.position + 1}: {job.position} before you" if job.position else ""


def bar(share: float, text: str, *, key: str) -> bool:
    """A bar with what is being done, and beside it the button; whether that was pressed.

    Args:
        share: 0 to 1; what is more counts as 1.
        key: Of the button.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, share), text=text)
        return st.button("Stop", icon=":material/stop_circle:", key=key)
