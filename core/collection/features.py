"""The features of one picture, in figures: size, light, colors, perceptual hashes."""

from __future__ import annotations

import builtins
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core import images

if TYPE_CHECKING:
    import pandas as pd

SMALL = 32  # side of the grey thumbnail that near-duplicates are compared by
_ENOUGH = 256  # pixels a side are plenty for these figures
_PALETTE = 6
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Measured:
    """One file's figures; those after `error` are empty where it could not be read.

    Attributes:
        changed: Time of the last change to content or permissions, nanoseconds since 1970.
        brightness: Mean luma, 0 (black) to 1 (white).
        colourfulness: After Hasler and Süsstrunk (2003); 0 is grey, over 60 very colorful.
        palette: JSON list of `[color, share]`, the largest share first: `["#1f3a5c", 0.4]`.
        hash: Perceptual hash, 64 bits as 16 hexadecimal digits.
        small: `SMALL * SMALL` grey values, row by row.
    """

    file: str
    bytes: int
    changed: int
    error: str = ""
    sha256: str = ""
    width: int = 0
    height: int = 0
    brightness: float = 0.0
    colourfulness: float = 0.0
    palette: str = "[]"
    hash: str = ""
    small: builtins.bytes = b""


def measure(directory: Path, file: str) -> Measured:
    """Reads one picture. A file that is none gets the reason in `error`."""
    path = directory / file
    size, changed = state(path)
    try:
        data = images.read(path)
        picture = images.load(data, enough=_ENOUGH)
    except images.UnreadablePicture as error:
        return Measured(file, size, changed, error=str(error))
    except OSError as error:
        return Measured(file, size, changed, error=f"The file cannot be opened: {error.strerror}.")
    # Large pictures are averaged down first: the rest takes a millisecond whatever the size.
    image = Image.fromarray(picture.pixels)
    image = image.resize((128, 128), Image.Resampling.BILINEAR, reducing_gap=2.0)
    pixels = np.asarray(image, np.float32)
    red, green, blue = np.moveaxis(pixels, 2, 0)
    opponent = np.stack([red - green, (red + green) / 2 - blue])
    spread, mean = np.linalg.norm(opponent.std((1, 2))), np.linalg.norm(opponent.mean((1, 2)))
    luma = pixels @ _LUMA
    return Measured(
        file,
        size,
        changed,
        sha256=hashlib.sha256(data).hexdigest(),
        width=picture.original_size[0],
        height=picture.original_size[1],
        brightness=round(float(luma.mean()) / 255, 4),
        colourfulness=round(float(spread + 0.3 * mean), 2),
        palette=json.dumps(palette(image.resize((64, 64)))),
        hash=_perceptual_hash(image),
        small=np.asarray(image.convert("L").resize((SMALL, SMALL))).tobytes(),
    )


def palette(image: Image.Image, colors: int = _PALETTE) -> list[tuple[str, float]]:
    """The main colors of a picture and their shares, the largest first.

    Chosen to lie far apart, since accents make a palette; median cut gives six greys.
    """
    few = image.quantize(colors, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    table = few.getpalette() or []
    counts = sorted(((n, i) for i, n in enumerate(few.histogram()) if n), reverse=True)
    total = image.width * image.height
    return [
        ("#{:02x}{:02x}{:02x}".format(*table[3 * i : 3 * i + 3]), round(n / total, 3))
        for n, i in counts
    ]


def palettes_by_artist(table: pd.DataFrame, colors: int = 8) -> pd.DataFrame:
    """The main colors of each artist: k-means over the palettes of their paintings.

    Args:
        table: Rows of `table` with a palette.

    Returns:
        One row an artist, sorted by name: `artist`, and `palette` as in `Measured` but from
        dark to light.
    """
    import pandas as pd
    from scipy.cluster.vq import kmeans2

    rows = []
    for artist, texts in table.groupby("artist")["palette"]:
        pieces = [pair for text in texts for pair in json.loads(text)]
        points = np.array([list(bytes.fromhex(name[1:])) for name, _ in pieces], float)
        # A piece counts by its share: so many times it is there.
        points = np.repeat(points, [round(20 * share) for _, share in pieces], axis=0)
        count = min(colors, len(np.unique(points, axis=0)))
        means, nearest = kmeans2(points, count, minit="++", seed=0)
        shares = np.bincount(nearest, minlength=len(means)) / len(points)
        order = np.argsort(means @ _LUMA)
        strip = [
            ("#{:02x}{:02x}{:02x}".format(*np.round(means[i]).astype(int)), round(shares[i], 3))
            for i in order
            if shares[i]
        ]
        rows.append((artist, json.dumps(strip)))
    return pd.DataFrame(rows, columns=["artist", "palette"])


def state(path: Path) -> tuple[int, int]:
    """Bytes and time of the last change; `(0, 0)` for a file that is not there."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    # Content put there with its old date, or permission given, shows in the time of change alone.
    return status.st_size, max(status.st_mtime_ns, status.st_ctime_ns)


def _perceptual_hash(image: Image.Image) -> str:
    import imagehash  # brings SciPy: only who scans waits for it

    return str(imagehash.phash(image))
