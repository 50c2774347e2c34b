"""The task "follow-releases": releases are followed from now on, in the background."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass

from core import jobs
from core.jobs import Control, Progress
from core.releases import following


@dataclass(frozen=True)
class Follow:
    """The payload of the task.

    Attributes:
        delay: Seconds before anything is imported: what is to be done at once goes first.
    """

    delay: float = 0.0


@jobs.task("follow-releases", queue="warm-up")
def run(payload: Follow, control: Control) -> Generator[Progress, None, None]:
    """Loads the versions that serve, and begins to follow releases."""
    cancelled = threading.Event()
    control.when_cancelled(cancelled.set)
    if cancelled.wait(payload.delay):
        return
    yield Progress(phase="loading")
    following.follower().start()
