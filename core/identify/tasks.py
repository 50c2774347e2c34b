"""The task "warm-up": a classifier loaded in the background, and what its page will import."""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Generator
from dataclasses import dataclass

from core import identify, jobs, models
from core.jobs import Control, Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WarmUp:
    """The payload of the task.

    Attributes:
        model: Id of a classifier; None if another process answers.
        delay: Seconds before anything is imported: what is to be done at once goes first.
        modules: What else will be needed, and takes long to import.
    """

    model: str | None = models.DEFAULT
    delay: float = 0.0
    modules: tuple[str, ...] = ()


@jobs.task("warm-up", queue="warm-up")
def run(payload: WarmUp, control: Control) -> Generator[Progress, None, None]:
    """Loads a classifier and imports modules, so that the first visitor does not wait for them."""
    cancelled = threading.Event()
    control.when_cancelled(cancelled.set)
    if cancelled.wait(payload.delay):
        return
    yield Progress(phase="loading")
    try:
        if payload.model is not None:
            identify.warm_up(payload.model)
        for name in payload.modules:
            importlib.import_module(name)
    except Exception as error:
        # The page that needs it says so to the visitor.
        log.warning("The model %s is not ready: %r", payload.model, error)
        raise
