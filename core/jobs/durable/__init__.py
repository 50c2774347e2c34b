"""Jobs as rows of a database: they outlive the process that works on them."""

from core.jobs.checkpoint import Checkpoint, Checkpoints
from core.jobs.durable.engine import DatabaseEngine
from core.jobs.durable.handle import Event, Failure, Handle, JobFailed, Outline, ResultExpired
from core.jobs.durable.tasks import (
    DurableControl,
    DurableTask,
    File,
    Payload,
    names,
    registered,
    task,
)

__all__ = [
    "Checkpoint",
    "Checkpoints",
    "DatabaseEngine",
    "DurableControl",
    "DurableTask",
    "Event",
    "Failure",
    "File",
    "Handle",
    "JobFailed",
    "Outline",
    "Payload",
    "ResultExpired",
    "names",
    "registered",
    "task",
]
