"""What the commands share: results on stdout, progress and complaints on stderr, exit statuses.

Exit statuses: 0 done, 1 failed as a whole, 2 wrong usage, 3 some inputs failed (each is named),
130 stopped by Ctrl-C (what was left is named).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Generic, NoReturn, TypeVar

import typer

from core import errors, files, logs
from core.errors import AtelierError
from core.settings import SettingsError

T = TypeVar("T")
Named = TypeVar("Named", bound=Path | str)  # a file, or a URL

FAILED, USAGE, SOME_FAILED, STOPPED = 1, 2, 3, 130

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Also what libraries say, and tracebacks of incidents.")
]


def set_up(verbose: bool, *, level: int) -> None:
    """Called once, before any command: the log, text for any terminal, Ctrl-C as an exception."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        logs.configure(verbose, level=level)
    except SettingsError as error:
        refuse(str(error))


def say(message: str) -> None:
    """Progress and complaints go to stderr: stdout is for results."""
    typer.echo(message, err=True)


def result(found: Any) -> None:
    """A result as a line of JSON on stdout."""
    # What an encoding lacks is escaped by JSON's own rules, else it would be JSON no more.
    anything = sys.stdout.encoding.casefold().replace("-", "") == "utf8"
    typer.echo(json.dumps(found, ensure_ascii=not anything))


def complain(path: Path | str, message: str, as_json: bool) -> None:
    """Says what is wrong with a file, in one line that names it."""
    if as_json:
        result({"image": files.printable(path), "error": message})
    else:
        say(f"{files.printable(path)}: {message}")


def refuse(message: str) -> NoReturn:
    """Ends a command that was used wrongly."""
    say(message)
    raise typer.Exit(USAGE)


def fail(message: str) -> NoReturn:
    """Ends a command that failed as a whole."""
    say(message)
    raise typer.Exit(FAILED)


def sentence(error: Exception) -> str:
    """What is said of an error; one that nobody expected is logged."""
    if isinstance(error, AtelierError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this picture: a smaller one may do."
    if isinstance(error, OSError) and error.strerror:
        return f"The file cannot be opened: {error.strerror}."
    return f"{errors.incident(error)} `--verbose` shows it."


@contextmanager
def whole() -> Iterator[None]:
    """Around what is done for all inputs at once: an error there ends the command.

    Raises:
        typer.Exit: With `FAILED` in place of an error.
    """
    try:
        yield
    except (typer.Exit, BrokenPipeError):
        raise
    except Exception as error:
        fail(sentence(error))


class Batch(Generic[Named]):
    """Inputs that are worked off one by one: one that fails does not end the others.

    ```python
    batch = Batch(paths, as_json)
    for path in batch:
        with batch.one(path):
            ...
    batch.close()
    ```
    """

    def __init__(self, inputs: Sequence[Named], as_json: bool) -> None:
        self._inputs, self._as_json = list(inputs), as_json
        self._over: set[Path | str] = set()  # done or failed
        self._failed = False
        self.when_failed: Callable[[Named, str], None] = lambda path, sentence: None

    def __iter__(self) -> Iterator[Named]:
        """Each input in its turn."""
        yield from self._inputs

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Around what is done for all of them before the first: an error there ends the command.

        Raises:
            typer.Exit: With `FAILED` in place of an error, with `STOPPED` after Ctrl-C.
        """
        try:
            with whole():
                yield
        except KeyboardInterrupt:
            self.stop()

    def finished(self, results: Iterator[T]) -> Iterator[T]:
        """Results as they come, by whomever they are made.

        Raises:
            typer.Exit: With `STOPPED` after Ctrl-C; what is left is named.
        """
        try:
            yield from results
        except KeyboardInterrupt:
            self.stop()

    @contextmanager
    def one(self, path: Named) -> Iterator[None]:
        """Around the work on one input: an error is told in one line that names it.

        Raises:
            typer.Exit: With `STOPPED` after Ctrl-C; what is left is named.
        """
        try:
            yield
        except KeyboardInterrupt:
            self.stop()
        except (typer.Exit, BrokenPipeError):
            raise
        except Exception as error:
            self._failed = True
            said = sentence(error)
            complain(path, said, self._as_json)
            with suppress(OSError, files.OutputError):  # there may be no room for that either
                self.when_failed(path, said)
        self._over.add(path)

    def stop(self, kept: Named | None = None) -> NoReturn:
        """Ends the command after Ctrl-C.

        Args:
            kept: The input that was worked on, if something was kept of it.
        """
        say("Stopped.")
        for path in self._inputs:
            if path not in self._over and path != kept:
                say(f"{files.printable(path)}: not done.")
        raise typer.Exit(STOPPED)

    def close(self) -> None:
        """Ends the command.

        Raises:
            typer.Exit: With `SOME_FAILED` if some inputs failed.
        """
        if self._failed:
            raise typer.Exit(SOME_FAILED)


class Output:
    """Where a picture goes: a file that was named and may be replaced, or one that was planned."""

    def __init__(self, path: Path, *, named: bool) -> None:
        self.path, self._named = path, named
        from core.images import encoding  # with NumPy, for which not every command need wait

        self.format = encoding.format_of(path)

    def check(self) -> None:
        """Makes sure, before the work, that it can be written.

        Raises:
            files.OutputError: If it cannot.
        """
        files.check_output(self.path)

    def write(self, data: bytes) -> Path:
        """Writes the file.

        Returns:
            Where: what has appeared at a planned place meanwhile stays.

        Raises:
            files.OutputError: If it cannot be written.
        """
        if not self._named:
            return files.write_beside(self.path, data)
        files.write(self.path, data)
        return self.path


def outputs(inputs: Sequence[Path], directory: Path, *, added: str = "") -> list[Output]:
    """Plans an output for each input, see `files.outputs`.

    Raises:
        typer.Exit: If the directory cannot be written into, or is named like one picture.
    """
    from core.images import encoding

    if encoding.has_ending(directory) and not os.path.lexists(directory):
        refuse(
            f"{files.printable(directory)} is the name of one picture: name a folder for the "
            "pictures."
        )
    if os.path.lexists(directory) and not os.path.isdir(directory):  # noqa: PTH112
        fail(f"{files.printable(directory)} is not a folder: pictures cannot be written into it.")
    with whole():
        files.check_output(directory / "x.png")
    return [Output(path, named=False) for path in files.outputs(inputs, directory, added=added)]


def named(out: Path, inputs: Sequence[Path]) -> Output:
    """The output at exactly this path.

    Raises:
        typer.Exit: If it has no picture's ending, is one of the inputs, or cannot be written.
    """
    try:
        output = Output(out, named=True)
    except errors.InvalidRequest as error:
        refuse(str(error))
    for path in inputs:
        if files.same(path, out):
            refuse(
                f"{files.printable(out)} is one of the pictures that are read, and would be "
                "overwritten: choose another name."
            )
    with whole():
        output.check()
    return output
