"""The catalogue of artists, and finding one by whatever spelling a source uses.

They are the fifty of Kaggle's Best Artworks of All Time, as published, and those that only
the training pictures add.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from core.artists.reading import Row, rows
from core.artists.spellings import key, misread
from core.errors import UnknownName


@dataclass(frozen=True)
class Artist:
    """One artist.

    Attributes:
        id: ASCII slug of the name, stable: `vincent-van-gogh`.
        name: The one spelling shown to visitors, with diacritics.
        nationality: As published; several are joined by commas.
        note: One sentence for a museum visitor.
        paintings: Number in Best Artworks of All Time; None for artists outside it.
        aliases: Other spellings that `find` accepts.
    """

    id: str
    name: str
    born: int
    died: int
    movements: tuple[str, ...]
    nationality: str
    wikipedia: str
    note: str
    paintings: int | None
    aliases: tuple[str, ...]

    @property
    def years(self) -> str:
        """Years of life, with an en dash: `1853–1890`."""
        return f"{self.born}\N{EN DASH}{self.died}"

    @property
    def public_domain(self) -> bool:
        """Whether the works are free in the EU: from 1 January of the 71st year after death."""
        return date.today().year > self.died + 70


@cache
def catalogue() -> tuple[Artist, ...]:
    """All artists, sorted by name without regard to diacritics.

    Raises:
        ValueError: If two artists of the table share a spelling.
    """
    artists = sorted(map(_artist, rows()), key=lambda artist: key(artist.name))
    _index(artists)
    return tuple(artists)


def get(artist_id: str) -> Artist:
    """The artist with this id.

    Raises:
        UnknownName: If there is none; the message suggests the id that was likely meant.
    """
    artist = find(artist_id)
    if artist is not None and artist.id == artist_id:
        return artist
    hint = f"did you mean {artist.id!r}?" if artist else "ids look like 'vincent-van-gogh'."
    raise UnknownName(f"No artist has the id {artist_id!r}; {hint}")


def find(name: str) -> Artist | None:
    """The artist of this name in any known spelling, or None.

    Case, diacritics, punctuation, underscores and repeated spaces do not matter; `Last, First`
    is understood, and so are letters that were read in another encoding than they were written.
    """
    spellings = _spellings()
    last, _, first = name.partition(",")
    return spellings.get(key(name)) or spellings.get(key(f"{first} {last}"))


@cache
def _spellings() -> dict[str, Artist]:
    right = _index(catalogue())
    broken: dict[str, set[Artist]] = {}
    for artist in catalogue():
        for spelling in {artist.name, *artist.aliases}:
            for wrong in map(key, misread(spelling)):
                broken.setdefault(wrong, set()).add(artist)
    # What could be two artists, or has lost nearly all of its letters, says nothing.
    clear = {k: found.pop() for k, found in broken.items() if len(found) == 1 and len(k) >= 4}
    return clear | right


def _index(artists: Iterable[Artist]) -> dict[str, Artist]:
    """Every normalized spelling and its artist; ValueError if one belongs to two."""
    index: dict[str, Artist] = {}
    for artist in artists:
        for spelling in (artist.id, artist.name, *artist.aliases):
            other = index.setdefault(key(spelling), artist)
            if other is not artist:
                raise ValueError(f"{spelling!r} is both {other.id!r} and {artist.id!r}")
    return index


def _artist(row: Row) -> Artist:
    # The published years mix hyphens and en dashes.
    born, died = map(int, re.findall(r"\d{4}", row["years"]))
    return Artist(
        id=row["id"],
        name=row["name"],
        born=born,
        died=died,
        movements=tuple(movement.strip() for movement in row["genre"].split(",")),
        nationality=row["nationality"],
        wikipedia=row["wikipedia"],
        note=row["note"],
        paintings=int(row["paintings"]) if row["paintings"] else None,
        aliases=tuple(filter(None, row["aliases"].split(";"))),
    )
