"""A worker for tests whose process is killed in mid-film, once: `ATELIER_EXTENSIONS` names it.

`ATELIER_TEST_DIES` is a file: while it is there, the fifth frame takes it away, and the process
with it. Monets are negatives here, which takes no network.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np

from core import monet
from core.film.easel import Easel

_painted = Easel.paint
_count = 0


def _paint(self: Easel, *arguments: Any) -> Any:
    global _count
    _count += 1
    sign = Path(os.environ["ATELIER_TEST_DIES"])
    if _count == 5 and sign.exists():
        sign.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return _painted(self, *arguments)


def _negative(
    frame: np.ndarray, direction: monet.Direction, brush: monet.Brush, **_: bool
) -> monet.Painted:
    return monet.Painted(direction, frame, 255 - frame, 0.0)


Easel.paint = _paint  # type: ignore[method-assign]
monet.paint = _negative  # type: ignore[assignment]
