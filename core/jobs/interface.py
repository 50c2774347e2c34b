"""The interface of jobs: tasks with names, payloads without closures, one progress.

A task is a generator function of a payload and a `Control`: it yields `Progress`, asks the
control after each step whether to stop, and returns what it has by then. Being named, a task
can be run by any engine that has imported it, here or in another process.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from core.jobs.progress import Progress

T = TypeVar("T", bound=Callable[..., Generator[Progress, None, Any]])

OWN = ""
"""The queue of jobs that wait for nobody, since they need next to nothing of this machine."""


class State(StrEnum):
    """Where a job stands."""

    waiting = "waiting"
    running = "running"
    done = "done"
    cancelled = "cancelled"
    failed = "failed"


class Control(Protocol):
    """What a task may ask of who runs it."""

    @property
    def stopping(self) -> bool:
        """Whether to draw no further step, and return what there is."""

    def when_cancelled(self, callback: Callable[[], None]) -> None:
        """Has something called that ends a wait which cannot ask `stopping`."""


class Uncontrolled:
    """The control of work that nobody stops: for who draws the steps in their own thread."""

    stopping = False

    def when_cancelled(self, callback: Callable[[], None]) -> None:
        """Never calls it."""


class Handle(Protocol):
    """A submitted piece of work, followed from any thread.

    Attributes:
        key: Tells jobs apart.
        state: Where it stands.
        progress: What was told last; None before the first word.
        error: What was raised, if it failed.
        sentence: The same in one sentence for who asked; empty if nothing was.
    """

    key: str
    state: State
    progress: Progress | None
    error: BaseException | None
    sentence: str

    @property
    def is_finished(self) -> bool:
        """Whether it is done, cancelled or failed."""

    @property
    def position(self) -> int:
        """How many jobs are to finish before this one runs; 0 if it runs or is finished."""

    def touch(self) -> None:
        """Says that somebody still looks, see `patience` of `Engine.submit`."""

    def cancel(self) -> None:
        """Asks the work to stop. What it has done so far stays its result."""

    def result(self, timeout: float | None = None) -> Any:
        """Waits for the end, and returns what the task returned; None if it never began.

        Raises:
            TimeoutError: If it takes longer than `timeout` seconds.
            BaseException: What the task raised.
        """


class Engine(Protocol):
    """Who runs jobs: the threads of this process (`core.jobs.local`), or others elsewhere."""

    def submit(
        self, task: str, payload: Any, *, key: str | None = None, patience: float | None = None
    ) -> Handle:
        """Puts work into the queue; if a job of this key is not finished yet, gives that one.

        Args:
            task: The name of a registered task.
            payload: What it is called with. It is not changed by anybody afterwards.
            key: By which `find` knows it; one of its own if None.
            patience: Seconds without a `touch` after which the job stops by itself.

        Raises:
            KeyError: If there is no such task.
        """

    def find(self, key: str) -> Handle | None:
        """The latest job of this key, finished or not."""


@dataclass(frozen=True)
class Task:
    """A registered task.

    Attributes:
        run: From payload and control to a generator of progress that returns the result.
        queue: Its jobs wait for each other; `OWN`: each begins at once.
        apart: Whether it is better run in a process of its own: what it imports is slow, and large.
        at_once: How many of its queue run at a time; the same for all tasks of a queue.
    """

    name: str
    run: Callable[[Any, Control], Generator[Progress, None, Any]]
    queue: str
    apart: bool = False
    at_once: int = 1


class Named(Protocol):
    """What all kinds of tasks have."""

    @property
    def name(self) -> str:
        """Tells tasks of a kind apart."""

    @property
    def run(self) -> Callable[..., Any]:
        """The function that was registered."""


N = TypeVar("N", bound=Named)

_tasks: dict[str, Task] = {}


def task(
    name: str, *, queue: str = "heavy", apart: bool = False, at_once: int = 1
) -> Callable[[T], T]:
    """Registers a generator function as the task of this name.

    If it is `apart`, payload, progress, result and errors are pickled, and its module is imported
    in another process, where nothing is known of what was set in this one.

    Raises:
        ValueError: If another function has the name.
    """

    def register(run: T) -> T:
        add(_tasks, Task(name, run, queue, apart, at_once), "task")
        return run

    return register


def add(tasks: dict[str, N], new: N, kind: str) -> None:
    """Adds a task to a table of them; the same may be added again.

    Args:
        kind: What it is, for the message.

    Raises:
        ValueError: If another function has the name.
    """
    known = tasks.get(new.name)
    if known is not None and (known.run.__module__, known.run.__qualname__) != (
        new.run.__module__,
        new.run.__qualname__,
    ):
        raise ValueError(f"There is a {kind} {new.name!r} already")
    tasks[new.name] = new


def registered(name: str) -> Task:
    """The task of this name.

    Raises:
        KeyError: If there is none.
    """
    try:
        return _tasks[name]
    except KeyError:
        raise KeyError(f"No task {name!r}; there are: {', '.join(_tasks)}") from None
