"""Curves of a training for TensorBoard: `tensorboard --logdir runs`.

Records and events come from TensorBoard's own package. Its `summary.Writer` would import
TensorFlow wherever that is installed, which takes seconds and, beside another backend, a
share of the device; the parts used here need no backend.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from training.tensorboard_compat import (
    DataLossError,
    Event,
    OutOfRangeError,
    PyRecordReader_New,
    RecordWriter,
)

_PATTERN = "events.out.tfevents.*"


class Curves:
    """Appends named numbers to the event files of a directory, each step of a curve once.

    A training that is interrupted and resumed may come by some steps again: what the files
    hold already is left out, so a curve never runs backwards.

    Args:
        directory: Where the event files go; made if need be.

    Example:
        with Curves(run / "curves") as curves:
            curves.write(1, {"loss": 0.7, "val_macro": 0.3})
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._last = {name: max(points) for name, points in read(directory).items()}
        # A file of its own for each sitting: the last one may end in half a record.
        number = len(list(directory.glob(_PATTERN)))
        name = _PATTERN.replace("*", f"{int(time.time())}.{number:05d}")
        self._file: BinaryIO = (directory / name).open("xb")
        self._records = RecordWriter(self._file)
        self._put(Event(file_version="brain.Event:2"))

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Adds a point to each named curve, and puts it on the disk; NaN leaves a gap."""
        event = Event(step=step)
        for name, value in values.items():
            if step > self._last.get(name, -1) and not math.isnan(value):
                event.summary.value.add(tag=name, simple_value=value)
                self._last[name] = step
        if event.summary.value:
            self._put(event)

    def close(self) -> None:
        """Closes the file; nothing can be written afterwards."""
        self._file.close()

    def __enter__(self) -> Curves:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _put(self, event: Event) -> None:
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())
        self._records.flush()


def read(directory: Path) -> dict[str, dict[int, float]]:
    """The curves that `Curves` left in a directory, `{name: {step: value}}`.

    A point that a kill left half written is left out.
    """
    curves: dict[str, dict[int, float]] = {}
    for path in sorted(directory.glob(_PATTERN)):
        reader = PyRecordReader_New(str(path))
        while True:
            try:
                reader.GetNext()
            except (OutOfRangeError, DataLossError):  # the end, or half a record
                break
            event = Event.FromString(reader.record())
            for value in event.summary.value:
                curves.setdefault(value.tag, {})[event.step] = value.simple_value
    return curves
