"""The loading of the default network while the visitor reads, undisturbed by Streamlit."""

from __future__ import annotations

import streamlit as st

from core import jobs, models
from core.identify.tasks import WarmUp
from core.jobs import Handle
from core.releases.tasks import Follow
from pages.components import streamlit_compat
from pages.components.work import is_service

streamlit_compat.leave_keras_alone()

_DELAY = 0.5  # seconds: what is imported at once would slow the first page down
_MODULES = ("pandas", "core.journal", "cv2")  # which pages import when they need them


@st.cache_resource(show_spinner=False)
def warm_up_in_background() -> Handle:
    """Starts the loading, once a process; releases are followed afterwards."""
    model = None if is_service() else models.DEFAULT
    if model is not None:
        jobs.submit("follow-releases", Follow(delay=_DELAY), key="follow-releases")
    return jobs.submit("warm-up", WarmUp(model, delay=_DELAY, modules=_MODULES), key="warm-up")
