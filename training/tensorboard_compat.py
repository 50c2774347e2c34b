"""The names of TensorBoard that are private: its records and events, without TensorFlow.

`tests/training/test_compat.py` fails when they are gone, and whenever the version is another
than the one that they were last looked over with.
"""

from __future__ import annotations

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub.errors import DataLossError, OutOfRangeError
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New
from tensorboard.summary.writer.record_writer import RecordWriter

CHECKED_WITH = "2.21.0"

__all__ = [
    "CHECKED_WITH",
    "DataLossError",
    "Event",
    "OutOfRangeError",
    "PyRecordReader_New",
    "RecordWriter",
]
