"""The photos and paintings that every way to paint is measured on, by name and digest.

They were chosen once, by a seed, before anything was tuned on what is measured here; the pictures
themselves are not part of the project. A painting counts only if both judges name its painter:
where they do not know the hand, they cannot say whether a painted photo has it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from core import artists
from core.errors import AtelierError
from training.data import dataset

FILE = Path(__file__).with_name("pairs.json")
PHOTOS, PAINTINGS, WELL_KNOWN = 12, 10, 3
ON_SHEETS = 3  # photos a style
LEAST_PAINTINGS = 20  # of the split test, for a painter to be drawn


class PairsError(AtelierError):
    """Pictures that cannot be chosen from, or found again."""

    code = "pairs"


@dataclass(frozen=True)
class Chosen:
    """One picture.

    Attributes:
        file: Its name below the directory that was given.
        sha256: Digest of the file.
        artist: Id of the painter; empty for a photo.
    """

    file: str
    sha256: str
    artist: str = ""

    @property
    def stem(self) -> str:
        """Its name in the names of paintings."""
        return Path(self.file).stem


@dataclass(frozen=True)
class Pairs:
    """All that are painted: each photo in the style of each painting."""

    seed: int
    photos: tuple[Chosen, ...]
    styles: tuple[Chosen, ...]

    def __iter__(self) -> Iterator[tuple[Chosen, Chosen]]:
        """Photo and style, one photo after the other."""
        return ((photo, style) for photo in self.photos for style in self.styles)

    @cached_property
    def digest(self) -> str:
        """Of all the pictures' digests in their order, in hexadecimal."""
        every = "".join(each.sha256 for each in (*self.photos, *self.styles))
        return hashlib.sha256(every.encode()).hexdigest()

    def for_sheets(self) -> list[tuple[Chosen, Chosen]]:
        """The 30 pairs that are judged by eye: three photos a style, each photo as often.

        The first ten have a style each, and so have the next ones.
        """
        rng = np.random.default_rng(self.seed)
        each = min(ON_SHEETS, len(self.photos))
        deck: list[int] = []
        while len(deck) < each * len(self.styles):
            deck += rng.permutation(len(self.photos)).tolist()
        return [
            (self.photos[deck[each * n + turn]], style)
            for turn in range(each)
            for n, style in enumerate(self.styles)
        ]

    def text(self) -> str:
        """The content of the file that remembers them."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read(path: Path = FILE) -> Pairs:
    """The pairs that were chosen."""
    found = json.loads(path.read_text(encoding="utf-8"))
    photos, styles = (tuple(Chosen(**row) for row in found[name]) for name in ("photos", "styles"))
    return Pairs(found["seed"], photos, styles)


def name(photo: Chosen, style: Chosen) -> str:
    """The name of a pair, and of the file that its painting is kept in."""
    return f"{photo.stem}--{style.stem}.png"


def choose(
    photos: Sequence[Path],
    paintings: Sequence[Path],
    well_known: Mapping[Path, str],
    named: Callable[[Path, str], bool],
    seed: int,
) -> Pairs:
    """Draws the pairs.

    Args:
        photos: Directories with photos.
        paintings: Directories with paintings and their `index.csv`: a painting of the split test
            for each of seven painters.
        well_known: Further paintings and the ids of their painters, three of which are drawn, no
            two by one painter.
        named: Whether both judges name the painter (an id) of a painting.
        seed: Of the draw.

    Raises:
        PairsError: If there are too few.
    """
    rng = np.random.default_rng(seed)
    everything = sorted(
        (path for directory in photos for path in directory.iterdir() if path.is_file()),
        key=lambda path: path.name,
    )
    if len(everything) < PHOTOS:
        raise PairsError(f"Choosing takes {PHOTOS} photos, and there are {len(everything)}.")
    drawn = sorted(rng.permutation(len(everything))[:PHOTOS])
    styles: dict[str, tuple[str, Path]] = {}
    known = sorted(well_known.items(), key=lambda each: each[0].name)
    for n in rng.permutation(len(known)):
        path, artist = known[n]
        if len(styles) < WELL_KNOWN and artist not in styles and named(path, artist):
            styles[artist] = path.name, path
    by_artist = of_test(paintings)
    candidates = sorted(id for id, some in by_artist.items() if len(some) >= LEAST_PAINTINGS)
    for artist in rng.permutation(candidates):
        some = by_artist[artist]
        if len(styles) == PAINTINGS or artist in styles:
            continue
        for n in rng.permutation(len(some)):
            if named(some[n], artist):
                file = dataset.relative(some[n], list(paintings)).as_posix()
                styles[str(artist)] = file, some[n]
                break
    if len(styles) < PAINTINGS:
        raise PairsError(f"Choosing takes {PAINTINGS} painters, and there are {len(styles)}.")
    return Pairs(
        seed,
        tuple(Chosen(everything[n].name, _sha256(everything[n])) for n in drawn),
        tuple(Chosen(file, _sha256(path), artist) for artist, (file, path) in styles.items()),
    )


def of_test(paintings: Sequence[Path]) -> dict[str, list[Path]]:
    """Paintings of the split test, by the id of their painter."""
    found: dict[str, list[Path]] = {}
    for painting in dataset.read(list(paintings)):
        artist = artists.find(painting.artist) if painting.artist else None
        if artist and painting.split == "test":
            found.setdefault(artist.id, []).append(painting.path)
    return found


def find(chosen: Chosen, directories: Sequence[Path]) -> Path:
    """Where a picture lies.

    Raises:
        PairsError: If it is in none of the directories, or is another one there.
    """
    for directory in directories:
        path = directory / chosen.file
        if path.is_file() and _sha256(path) == chosen.sha256:
            return path
    raise PairsError(f"There is no {chosen.file} with the digest of pairs.json.")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
