"""A short film of a painting being made, as an animated WebP."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from core import images
from core.errors import InvalidRequest

_SECONDS = 6.0  # of film, for as many frames as there can be
_LAST = 2500  # milliseconds for which the finished picture is held
_FIRST = 600  # and the photo


def animate(frames: Sequence[bytes]) -> bytes:
    """Puts frames together; it begins anew at its end.

    Args:
        frames: At least one JPEG, all of one size, see `painting.Painting.frames`.

    Returns:
        An animated WebP.

    Raises:
        InvalidRequest: If there is no frame.
    """
    if not frames:
        raise InvalidRequest("There is nothing to show in a film yet.")
    pictures = [Image.fromarray(images.load(frame).pixels) for frame in frames]
    each = int(min(200, max(50, 1000 * _SECONDS / len(pictures))))
    durations = [_FIRST, *[each] * (len(pictures) - 2), _LAST][-len(pictures) :]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=durations,
        loop=0,
        quality=80,
        method=2,  # a third of the time of the default, for files a little larger
    )
    return buffer.getvalue()
