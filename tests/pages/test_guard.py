"""What visitors read where something goes wrong: never Python's words."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core import errors, examples, identify, jobs, models, settings
from core.settings import ROOT
from pages.components import warm_up

HOME = str(ROOT / "Home.py")


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Nothing is loaded in the background; gives how often it would have been."""
    begun: list[bool] = []
    monkeypatch.setattr(warm_up, "warm_up_in_background", lambda: begun.append(True))
    return begun


def test_a_page_that_stops_early_has_networks_loaded_too(cold: list[bool]):
    app = AppTest.from_file(HOME, default_timeout=60).run()
    for page in ("stylize", "film"):
        cold.clear()
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        assert cold == [True], page


def test_a_wrong_setting_is_one_sentence_on_every_page(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ATELIER_PRECISION", "xfloat32y")
    settings.settings.cache_clear()
    app = AppTest.from_file(HOME, default_timeout=60).run()
    for page in ("identify", "stylize", "monet", "explore", "laboratory"):
        assert not app.exception
        assert [error.value for error in app.error] == [
            "ATELIER_PRECISION is 'xfloat32y', but must be one of auto, float32, mixed_bfloat16."
        ]
        assert not app.title
        app.switch_page(f"pages/{page}.py").run()


ODD = [KeyError("artist"), ValueError("shapes"), AssertionError("head"), OSError(5, "Input/output")]


@pytest.mark.parametrize("error", ODD, ids=repr)
def test_a_fault_of_a_page_is_a_sentence_with_an_id(monkeypatch, caplog, error):
    def broken():
        raise error

    monkeypatch.setattr(examples, "catalogue", broken)
    app = AppTest.from_file(HOME, default_timeout=60).run()
    assert not app.exception
    (told,) = app.error
    assert told.value.startswith("Something went wrong (incident ")
    (logged,) = [record for record in caplog.records if record.exc_info]
    assert str(logged.args[0]) in told.value


def test_what_a_person_can_put_right_is_told_as_it_is(monkeypatch, caplog):
    def refuse():
        raise errors.AtelierError("The examples are missing: install Atelier again.")

    monkeypatch.setattr(examples, "catalogue", refuse)
    app = AppTest.from_file(HOME, default_timeout=60).run()
    assert [error.value for error in app.error] == [
        "The examples are missing: install Atelier again."
    ]
    assert not any(record.exc_info for record in caplog.records)


def test_a_fault_of_a_fragment_is_a_sentence(monkeypatch):
    def page() -> None:
        from pathlib import Path

        from pages.components.explore import scanning

        scanning._watch(Path("/paintings"))

    def broken(key: str) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(jobs, "find", broken)
    app = AppTest.from_function(page).run()
    assert not app.exception
    assert app.error[0].value.startswith("Something went wrong (incident ")


def test_streamlit_itself_shows_no_traceback():
    """In callbacks, which no code of ours surrounds."""
    import tomllib

    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["client"]["showErrorDetails"] == "none"


@pytest.mark.parametrize("error", [ValueError("shapes"), errors.AtelierError("No.")], ids=repr)
def test_loading_in_the_background_ends_in_the_log(monkeypatch, caplog, error):
    def broken(model: str) -> None:
        raise error

    monkeypatch.undo()
    monkeypatch.setattr(identify, "warm_up", broken)
    monkeypatch.setattr(warm_up, "_DELAY", 0.0)
    warm_up.warm_up_in_background.clear()
    with pytest.raises(type(error)):
        warm_up.warm_up_in_background().result(20)
    warm_up.warm_up_in_background.clear()
    assert f"The model {models.DEFAULT} is not ready" in caplog.text
