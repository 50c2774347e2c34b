"""What the pages and their tests use of Streamlit's inside is still there."""

from __future__ import annotations

import inspect

import pytest
import streamlit
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import script_runner

from core.settings import ROOT
from pages.components import streamlit_compat
from tests.pages import streamlit_internals

REQUIREMENTS = (ROOT / "requirements-light.txt").read_text(encoding="utf-8")


def test_this_is_the_version_that_was_checked():
    """A newer one may need a look at each private name; then this is the line to change."""
    assert streamlit.__version__ == streamlit_compat.CHECKED_WITH == "1.67.0"
    assert f"streamlit=={streamlit_compat.CHECKED_WITH}" in REQUIREMENTS


def test_what_clears_keras_is_still_called_by_its_name():
    source = inspect.getsource(script_runner)
    assert "def _clean_problem_modules() -> None:" in source
    assert source.count("_clean_problem_modules") > 1  # it is called, too


def test_keras_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    cleared = []
    monkeypatch.setattr(script_runner, "_clean_problem_modules", lambda: cleared.append(1))
    streamlit_compat.leave_keras_alone()
    script_runner._clean_problem_modules()
    assert cleared == []


def test_the_older_kind_of_application_is_still_told_by_its_name(monkeypatch: pytest.MonkeyPatch):
    assert "uses_pages_directory" in inspect.getsource(PagesManager)
    monkeypatch.setattr(PagesManager, "uses_pages_directory", True)
    assert streamlit_compat.took_pages_for_an_application()
    assert not PagesManager.uses_pages_directory
    assert not streamlit_compat.took_pages_for_an_application()


@pytest.mark.parametrize(
    ("owner", "name"),
    [(owner, name) for owner, names in streamlit_internals.USED.items() for name in names],
    ids=str,
)
def test_what_the_tests_replace_is_there(owner: object, name: str):
    assert hasattr(owner, name)


def test_private_names_are_used_in_one_module():
    for path in (ROOT / "pages").rglob("*.py"):
        if path.name != "streamlit_compat.py":
            assert "streamlit.runtime" not in path.read_text(), path
