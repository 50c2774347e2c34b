"""What tests of pages share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

# Home imports it first of all, and so it is here: without it Streamlit clears Keras's session
# after each run of a page.
from pages.components import warm_up  # noqa: F401
from tests.pages import streamlit_internals


@pytest.fixture(autouse=True, scope="module")
def frozen() -> Iterator[None]:
    """What earlier files have left in memory is looked through for garbage once, not for ever."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Puts `__main__` back."""
    with streamlit_internals.main_module():
        yield


def words(app: AppTest) -> str:
    """Everything that can be read on the page."""
    parts = [*app.markdown, *app.caption, *app.info, *app.warning, *app.subheader, *app.error]
    return "\n".join([str(part.value) for part in parts] + [h.proto.body for h in app.get("html")])


def alts(app: AppTest) -> list[str]:
    """What the pictures on the page show, in words."""
    return [text for group in app.get("image") for text in [i.alt for i in group.proto.imgs]]
