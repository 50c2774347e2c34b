"""The loading of the default network while the visitor reads, undisturbed by Streamlit."""

from __future__ import annotations

import logging
import threading

import streamlit as st
from streamlit.runtime.scriptrunner import script_runner

from core import errors, identify

log = logging.getLogger(__name__)

# After each run of a page Streamlit calls `keras.backend.clear_session()`. That takes away the
# state of a network which another thread is just making (its precision: "Conv2D has type
# float32 that does not match bfloat16"), and collects garbage in all that TensorFlow holds,
# a good part of a second in which nothing else runs. `runner.postScriptGC` is off for the latter.
script_runner._clean_problem_modules = lambda: None

_DELAY = 1.0  # seconds: importing TensorFlow at once would slow the first page down


@st.cache_resource(show_spinner=False)
def warm_up_in_background() -> threading.Thread:
    """Starts the loading, once a process."""

    def work() -> None:
        try:
            identify.warm_up()
        except Exception as error:
            # The page that needs the network says so to the visitor.
            log.warning("The default network is not ready: %s", errors.sentence(error))

    timer = threading.Timer(_DELAY, work)
    timer.daemon = True
    timer.start()
    return timer
