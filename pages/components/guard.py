"""The one place where a page's errors end: a sentence on screen, everything else in the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core import errors


@contextmanager
def guarded() -> Iterator[None]:
    """Around a page, or above a fragment: in place of a traceback the visitor reads a sentence.

    Streamlit's own signals, to stop and to begin anew, are no errors and pass.
    """
    try:
        yield
    except Exception as error:
        st.error(errors.sentence(error))
