"""The private names of Streamlit that the pages use, and the version they were checked with."""

from __future__ import annotations

from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import script_runner

CHECKED_WITH = "1.67.0"


def leave_keras_alone() -> None:
    """Keeps Streamlit from calling `keras.backend.clear_session()` after each run of a page.

    That takes away the state of a network which another thread is just making (its precision:
    "Conv2D has type float32 that does not match bfloat16"), and collects garbage in all that
    TensorFlow holds, a good part of a second in which nothing else runs. `runner.postScriptGC`
    is off for the latter.
    """
    script_runner._clean_problem_modules = lambda: None


def took_pages_for_an_application() -> bool:
    """Whether Streamlit would navigate by the files in `pages`; from now on it does not.

    It takes that directory for its older kind of application if somebody comes to a page's
    address before anybody opened Home. Home's navigation counts.
    """
    if not PagesManager.uses_pages_directory:
        return False
    PagesManager.uses_pages_directory = False
    return True
