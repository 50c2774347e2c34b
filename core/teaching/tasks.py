"""The task "teach": a lesson in the background, from pictures that were uploaded."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from core import artists, jobs
from core.jobs import Control, Progress
from core.teaching.lesson import Lesson, teach
from core.teaching.request import TeachRequest

TASK = "teach"
_LONGEST = 60  # characters of a name


@dataclass(frozen=True)
class Pictures:
    """The payload of the task.

    Attributes:
        files: Name and content of each, as somebody sent them.
    """

    request: TeachRequest
    files: tuple[tuple[str, bytes], ...]


@jobs.task(TASK)
def run(payload: Pictures, control: Control) -> Generator[Progress, None, Lesson]:
    """Holds a lesson; raises as `teach` does."""
    with tempfile.TemporaryDirectory(prefix="atelier-teach-") as folder:
        for number, (name, content) in enumerate(payload.files, 1):
            path = Path(name)
            safe = artists.slug(path.stem)[:_LONGEST] + f".{artists.slug(path.suffix) or 'jpg'}"
            (Path(folder) / f"{number:03}-{safe}").write_bytes(content)
        return (yield from teach(payload.request, Path(folder), control))
