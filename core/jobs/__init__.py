"""Long work in the background: submit a task, follow its progress, stop it, keep what is there."""

from __future__ import annotations

from typing import Any

from core.jobs.interface import (
    OWN,
    Control,
    Engine,
    Handle,
    State,
    Uncontrolled,
    registered,
    task,
)
from core.jobs.local import LocalEngine
from core.jobs.progress import Point, Progress

__all__ = [
    "OWN",
    "Control",
    "Engine",
    "Handle",
    "LocalEngine",
    "Point",
    "Progress",
    "State",
    "Uncontrolled",
    "find",
    "registered",
    "submit",
    "task",
]

_engine: Engine = LocalEngine()


def submit(
    task: str, payload: Any, *, key: str | None = None, patience: float | None = None
) -> Handle:
    """Puts work into the queue of the engine, see `Engine.submit`."""
    return _engine.submit(task, payload, key=key, patience=patience)


def find(key: str) -> Handle | None:
    """The latest job of this key, finished or not."""
    return _engine.find(key)
