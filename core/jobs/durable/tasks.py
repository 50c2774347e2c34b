"""Durable tasks: generators that another process can go on with, and what goes through a database.

A durable task is one of `core.jobs.interface` whose payload is a pydantic model, whose result is
one, too, or a file, and which offers checkpoints. Nothing of it is pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from core.errors import UnknownName
from core.jobs import interface
from core.jobs.checkpoint import Checkpoints
from core.jobs.interface import Control
from core.jobs.progress import Progress


class Payload(BaseModel):
    """A payload or a result: fields of any kind that JSON can hold, files as `bytes`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )


@dataclass(frozen=True)
class File:
    """A result that is a file.

    Attributes:
        data: Its content.
        media_type: As HTTP calls it, such as `image/png`.
    """

    data: bytes
    media_type: str


class DurableControl(Control, Checkpoints, Protocol):
    """What a durable task may ask of who runs it."""


Result = BaseModel | File
Run = Callable[[Any, DurableControl], Generator[Progress, None, Result | None]]
R = TypeVar("R", bound=Run)

JSON = "application/json"


@dataclass(frozen=True)
class DurableTask:
    """A registered durable task.

    Attributes:
        run: From payload and control to a generator of progress that returns the result; None if
            it was stopped before there was any.
        payload: What it is called with.
        result: What it returns; None for a `File`.
    """

    name: str
    run: Run
    payload: type[BaseModel]
    result: type[BaseModel] | None = None

    def packed(self, result: Result) -> File:
        """A result as a file."""
        if isinstance(result, File):
            return result
        return File(result.model_dump_json().encode(), JSON)

    def unpacked(self, file: File) -> Result:
        """What `packed` was given."""
        return file if self.result is None else self.result.model_validate_json(file.data)


_tasks: dict[str, DurableTask] = {}


def task(
    name: str, *, payload: type[BaseModel], result: type[BaseModel] | None = None
) -> Callable[[R], R]:
    """Registers a generator function as the durable task of this name.

    Args:
        payload: The model of what it is called with; `Payload` is a base that holds files.
        result: The model of what it returns; None if that is a `File`.

    Raises:
        ValueError: If another function has the name.
    """

    def register(run: R) -> R:
        interface.add(_tasks, DurableTask(name, run, payload, result), "durable task")
        return run

    return register


def registered(name: str) -> DurableTask:
    """The durable task of this name.

    Raises:
        UnknownName: If no module that has been imported registers one.
    """
    try:
        return _tasks[name]
    except KeyError:
        raise UnknownName(f"No durable task {name!r}; there are: {', '.join(_tasks)}.") from None


def names() -> list[str]:
    """The names of all durable tasks that this process knows."""
    return list(_tasks)
