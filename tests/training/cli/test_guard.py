"""The error guard: what a command that fails says, and its exit status."""

from __future__ import annotations

import typer
from click.testing import Result
from typer.testing import CliRunner

from core.errors import AtelierError
from training.cli.guard import Guarded


def outcome(error: BaseException | None) -> Result:
    """What a command does that raises an error."""
    app = typer.Typer(cls=Guarded)

    @app.command()
    def fail() -> None:
        if error is not None:
            raise error

    @app.command()
    def other() -> None:
        pass

    return CliRunner().invoke(app, ["fail"])


def test_what_a_person_can_put_right_is_one_sentence():
    found = outcome(AtelierError("Add more paintings."))
    assert (found.exit_code, found.stdout, found.stderr) == (1, "", "Add more paintings.\n")


def test_an_error_of_the_system_names_its_file():
    found = outcome(PermissionError(13, "Permission denied", "run/state.npz"))
    assert (found.exit_code, found.stderr) == (1, "run/state.npz: Permission denied.\n")
    assert outcome(OSError("no room")).stderr == "no room.\n"


def test_a_package_that_only_training_needs_is_told_by_its_file_of_requirements():
    found = outcome(ModuleNotFoundError("No module named 'sklearn'", name="sklearn.metrics"))
    assert found.exit_code == 1
    assert found.stderr.startswith("This command needs sklearn")
    assert found.stderr.endswith("pip install -r requirements-dev.txt.\n")


def test_anything_else_is_an_incident_without_a_traceback():
    found = outcome(KeyError("secret"))
    assert found.exit_code == 1
    assert "incident" in found.stderr
    assert "secret" not in found.stderr


def test_wrong_usage_and_a_commands_own_status_pass():
    assert outcome(typer.BadParameter("no such split")).exit_code == 2
    assert outcome(typer.Exit(3)).exit_code == 3
    assert outcome(None).exit_code == 0


def test_without_tensorflow_it_says_how_to_get_it():
    for name in ("tensorflow", "keras.layers"):
        found = outcome(ModuleNotFoundError(f"No module named '{name}'", name=name))
        assert found.exit_code == 1
        assert found.stderr.startswith("This command needs TensorFlow")
        assert "pip install -r requirements.txt" in found.stderr
    assert "incident" in outcome(ModuleNotFoundError("No module named 'x'", name="x")).stderr
