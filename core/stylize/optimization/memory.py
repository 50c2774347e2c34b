"""Memory that a painting takes, and that is free; in bytes."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from pathlib import Path

from core.errors import InvalidRequest
from core.hardware import compute_dtype
from core.images.types import Pixels
from core.stylize import extractors
from core.stylize.optimization.schedule import style_size
from core.stylize.request import Optimizer, StylizeRequest

# Bytes a pixel, measured as peaks of a process.
_KEPT_BYTES = {"lbfgs": 650, "adam": 200}  # besides features: L-BFGS remembers twenty moves
_STYLE_BYTES = 100  # of a style picture: brought to its size, and to the colors of the photo
_FORMS_BYTES = 1100  # of an evaluation, for hypercolumns beside the network's maps, in float32
_LOOK_BYTES = 1000  # features of a style that is looked at in one piece, without a gradient

# What one evaluation takes even where more is free: 2048×1365 stays below 8 GB with all the
# rest of the app, and tiles so large cost hardly more than none.
_AT_ONCE_BYTES = 4_500_000_000
_MATCH_BYTES = 600_000_000  # places of styles, and products with them; of any size of picture
_LEAST_TILE = 250_000  # pixels; smaller tiles are mostly margin


class TooLarge(InvalidRequest):
    """A painting that would not fit into memory."""

    code = "too-large"


def estimate_bytes(
    height: int,
    width: int,
    network: str = extractors.DEFAULT,
    precision: str | None = None,
    *,
    optimizer: Optimizer = "lbfgs",
    forms: bool = False,
    largest: int | None = None,
) -> int:
    """Memory that painting takes at its largest scale, on top of the loaded network.

    Args:
        height: Of the painting.
        width: Of the painting.
        network: Id of a row of `extractors.TABLE`.
        precision: Keras policy of the network; None for the fastest on this processor.
        optimizer: See `StylizeRequest`.
        forms: Whether places are matched.
        largest: Pixels of the largest tile; None for a picture in one piece.
    """
    pixels = height * width
    seen = pixels if largest is None else min(pixels, largest)
    evaluated = seen * _evaluation_bytes(network, precision, forms)
    return int(pixels * _KEPT_BYTES[optimizer] + evaluated + _MATCH_BYTES * forms)


def room(
    height: int, width: int, styles: Sequence[Pixels], request: StylizeRequest, free: int
) -> int | None:
    """How many pixels memory allows to evaluate in one pass; None for all of them.

    Args:
        height: Of the painting.
        width: Of the painting.
        styles: Those that are pictures.
        request: How it is painted.
        free: Bytes that there are.

    Raises:
        TooLarge: If it does not even suffice for small tiles, or the network allows none.
    """
    row, network = extractors.get(request.network), (request.network, request.precision)
    a_pixel = _evaluation_bytes(*network, request.forms > 0)
    in_tiles = row.temperature is None  # a softmax over whole maps allows none
    needed: float = estimate_bytes(
        height,
        width,
        *network,
        optimizer=request.optimizer,
        forms=request.forms > 0,
        largest=_LEAST_TILE * in_tiles or None,
    )
    looked_at = max((math.prod(style_size(each, 1.0, request)) for each in styles), default=0)
    needed = max(needed, looked_at * (_STYLE_BYTES if in_tiles else _LOOK_BYTES))
    if needed > free:
        # Memory grows with the square of the rows, but for that of a tile.
        tile = _LEAST_TILE * a_pixel + _MATCH_BYTES * (request.forms > 0) if in_tiles else 0.0
        share = max(0.0, free - tile) / max(1.0, needed - tile)
        rows = int(height * math.sqrt(share) / 10) * 10
        enough = f", enough for about {rows} rows" if rows >= row.shortest_side else ""
        raise TooLarge(
            f"A painting of {width}×{height} pixels takes about {needed / 1e9:.1f} GB of memory, "
            f"and {free / 1e9:.1f} GB are free{enough}: choose fewer rows."
        )
    if not in_tiles:
        return None
    spare = min(height * width, _LEAST_TILE) + (free - needed) / a_pixel
    at_once = _AT_ONCE_BYTES - _MATCH_BYTES * (request.forms > 0)
    return int(min(spare, at_once / a_pixel))


def free_bytes() -> int:
    """Memory that this machine, or container, can still give, in bytes; else a guess."""
    limits = []
    with contextlib.suppress(OSError, ValueError, KeyError):  # no Linux
        known = _table(Path("/proc/meminfo"))
        limits.append(1024 * known["MemAvailable:"])
    with contextlib.suppress(OSError, ValueError, KeyError):  # no container, or no limit
        group = Path("/sys/fs/cgroup")
        used = int((group / "memory.current").read_text())
        cached = _table(group / "memory.stat")["inactive_file"]  # given back on demand
        limits.append(int((group / "memory.max").read_text()) - used + cached)
    return max(0, min(limits, default=4 * 1024**3))


def _evaluation_bytes(network: str, precision: str | None, forms: bool) -> float:
    """Memory a pixel of the loss with its gradient."""
    # Maps are half as large in bfloat16, but the loss stays in float32.
    share = 1.0 if (precision or compute_dtype()) == "float32" else 0.65
    return share * extractors.get(network).bytes_a_pixel + _FORMS_BYTES * forms


def _table(path: Path) -> dict[str, int]:
    """A file of names and numbers."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows}
