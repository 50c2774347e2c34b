"""The loop of trainings that are counted in steps: reports, samples, shipped weights, state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from training.runs.checkpoint import ArrayCheckpoint, State
from training.runs.files import save_weights, write_sheet
from training.runs.history import History, Row, check_finite

if TYPE_CHECKING:
    import keras


class Session(Protocol):
    """All that changes from step to step."""

    step: int

    def losses(self) -> dict[str, float]:
        """Means of all terms of the loss since the last call."""

    def averaged(self) -> Mapping[str, keras.Model]:
        """The networks with averaged weights, as they ship, by the stem of their file."""

    def state(self) -> State:
        """What a checkpoint keeps."""


def train_steps(
    session: Session,
    run_step: Callable[[], None],
    samples: Callable[[], Sequence[Sequence[np.ndarray]]],
    run: Path,
    *,
    steps: int,
    report_every: int,
    on_report: Callable[[Row], None],
) -> None:
    """Trains a session, restored from its checkpoint, to the last step.

    Args:
        run_step: Makes one step, and counts it in `session.step`.
        samples: Rows of a sample sheet, see `training.runs.files.write_sheet`.
        report_every: Steps between two rows of the history, each with samples and state.
        on_report: Called with each row of the history.

    Raises:
        DivergedError: If a loss is NaN or infinite.
    """
    checkpoint, started = ArrayCheckpoint(run), time.perf_counter()
    with History(run, index="step", until=session.step) as history:
        while session.step < steps:
            run_step()
            if session.step % report_every and session.step < steps:
                continue
            seconds = time.perf_counter() - started
            row = {"step": session.step, **session.losses(), "seconds": seconds}
            check_finite(row)
            row = history.append(row)
            write_sheet(run / "samples" / f"{session.step:06}.jpg", samples())
            for name, network in session.averaged().items():
                save_weights(network, run / f"{name}.weights.h5")
            checkpoint.save(session.state(), session.step)
            on_report(row)
            started = time.perf_counter()
