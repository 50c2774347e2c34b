"""Paintings packed into a few files, to be sent to a machine with a GPU.

Pictures stay JPEG, as `identify.squeeze` gives them; all lie in the same form, so that it tells
nothing of the artist. Test paintings are not packed: they do not leave the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core import images
from core.files import write
from core.identify import squeeze
from training.data import dataset, trained_on
from training.data.dataset import SIDE, Painting
from training.data.files import json_text, save_arrays
from training.data.inputs import MissingError, read_json

CONTENTS = "packed.json"
FINGERPRINTS = "fingerprints.npz"
_QUALITY = 75  # that of the paintings which come in the right size


@dataclass(frozen=True)
class Packed:
    """Pictures of the splits train and val.

    Attributes:
        pictures: `(n, 224, 224, 3)` uint8.
        y: Class numbers `(n,)`; those by somebody else have `len(artists)`.
        validation: `(n,)`, true for those of the split val.
        artists: In the order of the outputs.
        data: What the data are called.
        trained_on: Fingerprints of the files to train with, see `training.data.trained_on`; None of
            what was packed before they were kept.
        held_out: Likewise those of val and test.
    """

    pictures: np.ndarray
    y: np.ndarray
    validation: np.ndarray
    artists: list[str]
    data: str
    trained_on: np.ndarray | None = None
    held_out: np.ndarray | None = None


def pack(data: dataset.Data, to: Path, *, part_bytes: int = 50 * 2**20) -> list[Path]:
    """Writes the paintings of train and val as `part-<n>.npz` and a table of contents.

    Args:
        data: Directories of paintings, see `dataset.read`.
        part_bytes: How large a part may be.

    Returns:
        The parts. A part holds `content`, the JPEG files one after the other, `ends`, where each
        ends, `y` and `validation`.

    Raises:
        CollectionError: If a directory holds no paintings.
        core.images.UnreadablePicture: If a picture cannot be read.
        TrainingError: If a file is both to train and to measure with.
    """
    every = dataset.read(data)
    train, held_out = trained_on.divided(every)
    paintings = [p for p in every if p.split != "test"]
    np.random.default_rng(1).shuffle(paintings)
    names = dataset.artists(paintings)
    number = {name: n for n, name in enumerate(names)}
    with ThreadPoolExecutor(2) as pool:
        files = list(pool.map(_squeezed, paintings))
    rows = [
        (file, number.get(p.artist or "", len(names)), p.split == "val")
        for file, p in zip(files, paintings, strict=True)
    ]
    to.mkdir(parents=True, exist_ok=True)
    written = []
    for n, part in enumerate(_parts(rows, part_bytes)):
        path = to / f"part-{n}.npz"
        save_arrays(
            path,
            {
                "content": np.frombuffer(b"".join(file for file, _, _ in part), np.uint8),
                "ends": np.cumsum([len(file) for file, _, _ in part]),
                "y": np.array([y for _, y, _ in part]),
                "validation": np.array([held for _, _, held in part]),
            },
        )
        written.append(path)
    save_arrays(to / FINGERPRINTS, {"train": train, "held_out": held_out})
    about = {"artists": names, "data": dataset.title(data), "parts": [p.name for p in written]}
    about["fingerprints"] = FINGERPRINTS
    write(to / CONTENTS, json_text(about))
    return written


def unpack(directory: Path, *, workers: int = 16) -> Packed:
    """Reads what `pack` wrote.

    Raises:
        training.data.inputs.TrainingError: If a part is missing, or the contents are damaged.
    """
    about = read_json(directory / CONTENTS)
    train = held_out = None
    if kept := about.get("fingerprints"):
        with np.load(_there(directory, kept), allow_pickle=False) as known:
            train, held_out = known["train"], known["held_out"]
    files: list[bytes] = []
    y, validation = [], []
    for name in about["parts"]:
        with np.load(_there(directory, name), allow_pickle=False) as part:
            content = part["content"].tobytes()
            ends = part["ends"].tolist()
            files += [content[a:b] for a, b in zip([0, *ends], ends, strict=False)]
            y.append(part["y"])
            validation.append(part["validation"])
    pictures = np.empty((len(files), SIDE, SIDE, 3), np.uint8)
    with ThreadPoolExecutor(workers) as pool:
        for n, pixels in enumerate(pool.map(lambda file: images.load(file).pixels, files)):
            pictures[n] = pixels
    return Packed(
        pictures,
        np.concatenate(y),
        np.concatenate(validation),
        about["artists"],
        about["data"],
        train,
        held_out,
    )


def _there(directory: Path, name: str) -> Path:
    if not (directory / name).is_file():
        raise MissingError(f"The part {name} of the packed paintings is not in {directory}.")
    return directory / name


def _squeezed(painting: Painting) -> bytes:
    """A picture of the right size as it is, any other squeezed and saved as those are."""
    content = painting.path.read_bytes()
    picture = images.load(content)
    if picture.pixels.shape[:2] == (SIDE, SIDE) and content[:3] == b"\xff\xd8\xff":
        return content
    return images.encode(squeeze(picture.pixels, SIDE), "JPEG", quality=_QUALITY)


def _parts(
    rows: Sequence[tuple[bytes, int, bool]], part_bytes: int
) -> list[list[tuple[bytes, int, bool]]]:
    found: list[list[tuple[bytes, int, bool]]] = [[]]
    size = 0
    for row in rows:
        if size + len(row[0]) > part_bytes and found[-1]:
            found.append([])
            size = 0
        found[-1].append(row)
        size += len(row[0])
    return found
