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
from core.artists.spellings import key, misread, slug
from core.errors import InvalidRequest, UnknownName


@dataclass(frozen=True)
class Artist:
    """One artist.

    Attributes:
        id: ASCII slug of the name, stable: `vincent-van-gogh`.
        name: The one spelling shown to visitors, with diacritics.
        nationality: As published; several are joined by commas.
        note: One sentence for a museum visitor.
        born: None for an artist outside the table, of whom nothing but the name is known.
        died: Likewise.
        paintings: Number in Best Artworks of All Time; None for artists outside it.
        aliases: Other spellings that `find` accepts.
    """

    id: str
    name: str
    born: int | None
    died: int | None
    movements: tuple[str, ...]
    nationality: str
    wikipedia: str
    note: str
    paintings: int | None
    aliases: tuple[str, ...]

    @property
    def years(self) -> str:
        """Years of life, with an en dash: `1853–1890`; empty if not known."""
        if self.born is None:
            return ""
        return f"{self.born}\N{EN DASH}{self.died}"

    @property
    def public_domain(self) -> bool:
        """Whether the works are free in the EU: from 1 January of the 71st year after death."""
        return self.died is not None and date.today().year > self.died + 70


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
    last, _, first = name.partition(",")
    for spellings in (_spellings(), _introduced):
        if found := spellings.get(key(name)) or spellings.get(key(f"{first} {last}")):
            return found
    return None


def introduce(name: str) -> Artist:
    """The artist of a name; one who is not in the catalogue is known from now on, by it alone.

    Raises:
        InvalidRequest: If the name has no letters of which an id could be made.
    """
    if (known := find(name)) is not None:
        return known
    name = " ".join(name.split())
    if not (artist_id := slug(name)):
        raise InvalidRequest(f"An artist cannot be called {name!r}: use Latin letters.")
    artist = Artist(artist_id, name, None, None, (), "", "", "", None, ())
    for spelling in (artist_id, name):
        _introduced[key(spelling)] = artist
    return artist


_introduced: dict[str, Artist] = {}  # by normalized spelling


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
