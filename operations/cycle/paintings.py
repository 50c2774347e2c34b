"""Labeled paintings of a directory, and what a version answers to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from core import artists, collection, images
from core.errors import AtelierError
from core.files import write
from core.identify import identify
from core.images import UnreadablePicture


class NothingToCompare(AtelierError):
    """Paintings of which none could be answered."""

    code = "nothing-to-compare"


_ALL = 10_000  # artists, more than any model knows


@dataclass(frozen=True)
class Painting:
    """One file of a directory.

    Attributes:
        directory: In which it lies.
        file: Path inside, with `/`.
        artist: Id of the catalogue; the name as the directory has it if it lists no such artist.
        split: `train`, `val` or `test`.
        outside: Whether it is by somebody outside the collection.
    """

    directory: Path
    file: str
    artist: str
    split: str
    outside: bool

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.directory / self.file


@dataclass(frozen=True)
class Answer:
    """What a version answers to a painting.

    Attributes:
        file: Path inside its directory.
        artist: Id of who painted it, as the directory has it.
        chances: Calibrated probability, 0..1, by artists' ids, the most probable first.
    """

    file: str
    artist: str
    chances: dict[str, float]

    @property
    def first(self) -> str:
        """Id of the most probable artist."""
        return next(iter(self.chances))

    @property
    def probability(self) -> float:
        """Of the first."""
        return self.chances[self.first]

    @property
    def right(self) -> bool:
        """Whether the first name was that of the painter."""
        return self.first == self.artist

    def among(self, known: Collection[str]) -> Answer:
        """The answer if there were only the artists with these ids, one of its own among them."""
        left = {artist: chance for artist, chance in self.chances.items() if artist in known}
        total = sum(left.values())
        return replace(self, chances={artist: chance / total for artist, chance in left.items()})


def read(directory: Path) -> list[Painting]:
    """Lists a directory with the splits that training gives it.

    Raises:
        core.collection.CollectionError: If there are no paintings, or an index of no use.
    """
    if (index := directory / "index.csv").is_file():
        collection.read_index(index, split=True)  # says what is wrong with it
    return [
        Painting(
            directory,
            file.file,
            artist_id(file.artist),
            file.split or collection.dealt(directory / file.file),
            file.outside,
        )
        for file in collection.files(directory)
        if not file.resized_copy
    ]


def division(directory: Path) -> str:
    """A digest of which paintings there are, by whom, and in which splits.

    Raises:
        core.collection.CollectionError: If there are no paintings, or an index of no use.
    """
    rows = sorted([each.file, each.artist, each.split] for each in read(directory))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def artist_id(name: str) -> str:
    """The catalogue's id of an artist; the name itself if it has none."""
    found = artists.find(name)
    return found.id if found else name


def answers(model: str, version: str, paintings: Iterable[Painting], kept: Path) -> list[Answer]:
    """Has a version answer paintings, save those that cannot be read, once.

    Args:
        kept: File of the answers, which are read from it if it is there.

    Raises:
        NothingToCompare: If none can be read.
    """
    if kept.is_file():
        return [Answer(**row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    found = []
    for painting in paintings:
        try:
            picture = images.load(painting.path)
        except (UnreadablePicture, OSError):
            continue
        guesses = identify(picture, model, version=version, top=_ALL).guesses
        chances = {each.artist.id: each.probability for each in guesses}
        found.append(Answer(painting.file, painting.artist, chances))
    if not found:
        raise NothingToCompare("None of the paintings that are to be compared can be read.")
    write(kept, json.dumps([asdict(answer) for answer in found]))
    return found
