"""The record of a cycle, RUN/cycle.json: what was asked, and each step that is done."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.errors import AtelierError
from core.files import check_output, write

FILE = "cycle.json"
DIVISION = "division"  # of the data, as a digest: a change of what lies behind a name


class CycleError(AtelierError):
    """A cycle that could not go on; given again, the command goes on where it stopped."""

    code = "cycle"


class State:
    """The record, on disk after each step.

    Attributes:
        run: Directory of the cycle.
        id: Of this cycle alone: its release is known by it, also after a kill.
        asked: What was asked for, as JSON.
        steps: What came of each step that is done, by its name.
    """

    def __init__(self, run: Path, asked: dict[str, Any]) -> None:
        """Opens a record, or begins one.

        Raises:
            CycleError: If it is damaged, or of a cycle for which something else was asked.
        """
        self.run, self.asked = run, asked
        self.id = secrets.token_hex(8)
        self.steps: dict[str, dict[str, Any]] = {}
        path = run / FILE
        if not path.exists():
            check_output(path)
            self._write()
            return
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            self.id, before, self.steps = found["id"], found["asked"], found["steps"]
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise CycleError(f"The record {path} is damaged: choose another --run.") from error
        if (name := other(before, asked)) == DIVISION:
            raise CycleError(
                f"The paintings of {asked['data']} were changed or divided otherwise since the "
                f"cycle of {run} began: choose another --run."
            )
        if name:
            raise CycleError(
                f"{run} is of a cycle with another {name}, {before.get(name)}: choose another "
                "--run."
            )

    def once(self, step: str, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What came of a step, which is done now if it is not recorded yet."""
        if step not in self.steps:
            self.steps[step] = do()
            self._write()
        return self.steps[step]

    def _write(self) -> None:
        record = {"id": self.id, "asked": self.asked, "steps": self.steps}
        write(self.run / FILE, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def other(before: dict[str, Any], asked: dict[str, Any]) -> str | None:
    """The name of something that was asked for otherwise; None if a cycle may go on."""
    before = {DIVISION: asked.get(DIVISION)} | before  # earlier cycles did not keep it
    return next((name for name, value in asked.items() if before.get(name) != value), None)


@contextmanager
def alone(run: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Waits until nobody else works in a directory: no cycle, and no training of a killed one.

    The lock is inherited by the commands that a cycle starts, so one that outlives its cycle
    holds it until it ends; its work is not lost then, and nobody writes beside it.

    Args:
        waiting: Called before it waits.
    """
    check_output(run / FILE)
    run.mkdir(parents=True, exist_ok=True)
    with (run / ".lock").open("w") as file:
        with suppress(ImportError):  # Windows has none of it
            import fcntl
            import os

            os.set_inheritable(file.fileno(), True)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
