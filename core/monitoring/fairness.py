"""Who is served worse: accuracy by artist, movement, century and format, as visitors say it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from core import artists
from core.monitoring.intervals import Interval, wilson
from core.monitoring.traffic import Traffic

LEAST = 10  # answers, below which a group says nothing


@dataclass(frozen=True)
class Group:
    """Pictures that have something in common.

    Attributes:
        kind: "artist", "movement", "century" or "format".
        name: Of the group, in a visitor's words.
        accuracy: Share of right first names among those that visitors spoke of.
        is_worse: Whether that is below the accuracy of all, beyond chance.
    """

    kind: str
    name: str
    accuracy: Interval
    is_worse: bool


def groups(traffic: Traffic) -> list[Group]:
    """All groups with enough answers, those served worst first."""
    spoken = traffic[traffic.answered]
    if len(spoken) == 0:
        return []
    of_all = float(spoken.right.mean())
    found = []
    for (kind, name), rows in _members(spoken).items():
        if len(rows) >= LEAST:
            accuracy = wilson(int(spoken.right[rows].sum()), len(rows))
            found.append(Group(kind, name, accuracy, accuracy.high < of_all))
    return sorted(found, key=lambda group: group.accuracy.share)


def _members(spoken: Traffic) -> dict[tuple[str, str], list[int]]:
    """The rows of each group. Whom a visitor names counts as the painter."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    known = {artist.id: artist for artist in artists.catalogue()}
    for row in range(len(spoken)):
        found["format", str(spoken.formats[row])].append(row)
        painter = known.get(str(spoken.said[row]))
        if painter is not None:
            for kind, of in _KINDS.items():
                for name in of(painter):
                    found[kind, name].append(row)
    return found


def _century(artist: artists.Artist) -> Iterable[str]:
    # Most of what painters leave was painted after 25. None of the table is of the 21st.
    if artist.born is None:
        return []
    return [f"{(artist.born + 25) // 100 + 1}th century"]


_KINDS: dict[str, Callable[[artists.Artist], Iterable[str]]] = {
    "artist": lambda artist: [artist.name],
    "movement": lambda artist: artist.movements,
    "century": _century,
}


def confusions(traffic: Traffic, most: int = 10) -> list[tuple[str, str, int]]:
    """The most frequent errors that visitors told: painter, name that was given, how often.

    The name is empty where the picture passed for one by an unknown artist.
    """
    wrong = traffic[traffic.answered & ~traffic.right]
    told = wrong[wrong.said != ""]
    given = np.where(told.sample.known, told.named, "")
    pairs, counts = np.unique(
        np.stack([told.said, given], axis=1).reshape(-1, 2), axis=0, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")[:most]
    return [(str(pairs[n, 0]), str(pairs[n, 1]), int(counts[n])) for n in order]
