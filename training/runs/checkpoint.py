"""The checkpoint of a run: the state after its last whole epoch or step, from which it resumes.

A checkpoint is written whole or not at all, and last of all that an epoch or a step leaves: a
kill at any moment leaves either the old one or the new one, and what was made beyond it is
made again, the same. So what a training draws must depend on seed and number alone.
"""

from __future__ import annotations

import logging
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.data.files import save_arrays
from training.data.inputs import TrainingError
from training.runs.files import load_weights, save_weights

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

State = Mapping[str, Any]
"""All that changes from step to step, by name: Keras variables, and arrays, filled in place."""


class ModelCheckpoint:
    """Weights and optimizer of one Keras model, in a file that says after how many epochs."""

    def __init__(self, run: Path) -> None:
        self.run = run

    @property
    def epoch(self) -> int:
        """After how many epochs the state was saved; 0 if there is none."""
        return max((int(re.findall(r"\d+", path.name)[0]) for path in self._files()), default=0)

    def save(self, model: keras.Model, epoch: int) -> None:
        """Keeps the state after `epoch` epochs, and no older one."""
        older = [path for path in self._files() if path != self._file(epoch)]
        save_weights(model, self._file(epoch))
        for path in older:
            path.unlink()

    def restore(self, model: keras.Model) -> None:
        """Fills a model; its optimizer, too, if that is built.

        Raises:
            TrainingError: If the file is missing or damaged, or of another network.
        """
        log.info("Resuming after epoch %d", self.epoch)
        load_weights(model, self._file(self.epoch))

    def _file(self, epoch: int) -> Path:
        return self.run / f"state-{epoch:04d}.weights.h5"

    def _files(self) -> list[Path]:
        return list(self.run.glob("state-*.weights.h5"))


class ArrayCheckpoint:
    """The state of several networks, their optimizers and averages, in `state.npz`."""

    def __init__(self, run: Path) -> None:
        self.path = run / "state.npz"

    def save(self, state: State, step: int) -> None:
        """Keeps the state after `step` steps in place of the last."""
        arrays = {name: np.asarray(value) for name, value in state.items()}
        save_arrays(self.path, {"step": np.array(step), **arrays})

    def restore(self, state: State) -> int:
        """Fills variables and arrays from the file, if there is one.

        Returns:
            After how many steps it was saved; 0 if there is none.

        Raises:
            TrainingError: If the file is damaged, or of other networks.
        """
        if not self.path.exists():
            return 0
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                for name, value in state.items():
                    if isinstance(value, np.ndarray):
                        value[...] = stored[name]
                    else:
                        value.assign(stored[name])
                step = int(stored["step"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise TrainingError(f"{self.path} is damaged, or not of the run's networks.") from error
        log.info("Resuming after step %d", step)
        return step
