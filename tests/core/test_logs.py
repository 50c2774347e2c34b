"""What goes to stderr of the command line, and of the application."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest

from core import errors, logs
from core.settings import ROOT, settings


@pytest.fixture(autouse=True)
def restored():
    """The log is as it was for other tests."""
    root = logging.getLogger()
    before, finders = list(root.handlers), list(sys.meta_path)
    root.handlers[:] = []  # what earlier commands in this process have set up
    yield
    root.handlers[:] = before
    sys.meta_path[:] = finders
    logging.captureWarnings(False)
    for name in ("core", "training", "pages", "serving"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def speak() -> None:
    """One line of each kind."""
    logging.getLogger("core.somewhere").info("our progress")
    logging.getLogger("core.somewhere").warning("our warning")
    logging.getLogger("some.library").warning("their warning")
    logging.getLogger("some.library").error("their error")
    try:
        raise LookupError("a fault")
    except LookupError as error:
        errors.incident(error)


def test_the_command_line_shows_warnings_of_ours_and_errors_of_others(capsys):
    logs.configure()
    speak()
    assert capsys.readouterr().err.splitlines() == ["our warning", "their error"]


def test_the_trainer_shows_progress_too(capsys):
    logs.configure(level=logging.INFO)
    speak()
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["our progress", "our warning", "their error"]


def test_verbose_shows_all_with_tracebacks_and_may_be_taken_back(capsys):
    logs.configure(verbose=True)
    speak()
    shown = capsys.readouterr().err
    for words in ("our progress", "their warning", "Traceback", "LookupError: a fault"):
        assert words in shown
    logs.configure()
    speak()
    assert capsys.readouterr().err.splitlines() == ["our warning", "their error"]


def test_the_application_logs_each_thing_once_with_tracebacks(capsys):
    logs.configure_application()
    logs.configure_application()
    speak()
    shown = capsys.readouterr().err
    assert shown.count("our progress") == 1
    assert shown.count("their warning") == 1
    assert "LookupError: a fault" in shown


def test_json_is_one_object_a_line(capsys, monkeypatch):
    monkeypatch.setenv("ATELIER_LOG_FORMAT", "json")
    settings.cache_clear()
    logs.configure_application()
    speak()
    rows = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [row["level"] for row in rows] == ["INFO", "WARNING", "WARNING", "ERROR", "ERROR"]
    assert rows[0]["logger"] == "core.somewhere"
    assert rows[0]["message"] == "our progress"
    assert "Traceback" in rows[-1]["traceback"]


def _imported(first: str) -> str:
    environment = {name: value for name, value in os.environ.items() if "LOG" not in name}
    code = f"from core import logs; {first}; import keras, tensorflow as tf; print(tf.constant(1))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "tf.Tensor(1" in done.stdout
    return done.stderr


@pytest.mark.tensorflow
def test_tensorflow_says_nothing_while_it_is_imported():
    assert _imported("logs.configure()") == ""
    assert _imported("logs.configure_application()") == ""
    assert _imported("logs.configure(verbose=True)") != ""


def test_what_breaks_the_import_of_tensorflow_is_not_hidden(tmp_path):
    package = tmp_path / "tensorflow"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import os\nos.write(2, b'the cause\\n')\nraise ImportError('broken')\n"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from core import logs; " + (
        "logs.configure(); import tensorflow"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "the cause" in done.stderr
    assert "ImportError: broken" in done.stderr


def test_json_lines_say_what_they_belong_to(capsys, monkeypatch):
    monkeypatch.setenv("ATELIER_LOG_FORMAT", "json")
    settings.cache_clear()
    logs.configure_application()
    token = logs.context.set({"request_id": "a"})
    logging.getLogger("serving.x").info("within", extra={"fields": {"status": 200}})
    logs.context.reset(token)
    logging.getLogger("serving.x").info("after")
    within, after = map(json.loads, capsys.readouterr().err.splitlines())
    assert (within["request_id"], within["status"]) == ("a", 200)
    assert "request_id" not in after
