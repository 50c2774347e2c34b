"""Loads the default network while the visitor reads the first page."""

from __future__ import annotations

import logging
import threading

import streamlit as st

from core import identify, models

log = logging.getLogger(__name__)

_DELAY = 1.0  # seconds: importing TensorFlow at once would slow the first page down


@st.cache_resource(show_spinner=False)
def warm_up_in_background() -> threading.Thread:
    """Starts the loading, once a process."""

    def work() -> None:
        try:
            identify.warm_up()
        except (models.WeightsError, KeyError) as error:
            # The page that needs the network says so to the visitor.
            log.warning("The default network is not ready: %s", error)

    timer = threading.Timer(_DELAY, work)
    timer.daemon = True
    timer.start()
    return timer
