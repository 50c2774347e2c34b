"""The validation of new paintings: damage, twins, enough of each artist, labels that agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from core import artists
from core.collection import duplicates
from core.collection.features import SMALL, Measured, measure
from core.monitoring.intervals import wilson
from operations.cycle.paintings import Answer, Painting

AT_LEAST = 5  # paintings of an artist, old and new together
HARDER = 0.1  # by how much more often the serving version may be wrong: new pictures may be harder
CHANCE = 0.01  # of refusing labels that are no worse than that
_NAMED = 5  # files in a sentence


@dataclass(frozen=True)
class Looked:
    """Paintings and their figures, side by side."""

    paintings: tuple[Painting, ...]
    measured: tuple[Measured, ...]


def look(paintings: Sequence[Painting]) -> Looked:
    """Measures paintings: digests, perceptual hashes, or why they cannot be read."""
    with ThreadPoolExecutor(4) as pool:
        found = tuple(pool.map(lambda each: measure(each.directory, each.file), paintings))
    return Looked(tuple(paintings), found)


def pictures(old: Looked, new: Looked) -> dict[str, Any]:
    """Looks at the files of new paintings, and at how many there are of each artist.

    A painting that is there twice is refused if that does harm: if its copies disagree on the
    artist, or lie in different splits, so that it would be tested with what it was trained with.

    Args:
        old: All paintings of the data so far.

    Returns:
        Figures, and `refusals`: sentences.
    """
    damaged = [each for each in new.measured if each.error]
    within, with_old = twins(old, new)
    of_test = [(a, b) for a, b in with_old if b.split == "test"]
    harmful = [
        (a.file, b.file)
        for a, b in [*within, *with_old]
        if (a, b) not in of_test
        and (a.split != b.split or a.artist != b.artist or a.outside != b.outside)
    ]
    good = [p for p, m in zip(new.paintings, new.measured, strict=True) if not m.error]
    fresh = Counter(p.artist for p in good if not p.outside)
    together = Counter(p.artist for p in old.paintings if not p.outside) + fresh
    few = {artist: together[artist] for artist in sorted(fresh) if together[artist] < AT_LEAST}
    catalogue = {artist.id for artist in artists.catalogue()}
    strange = sorted(fresh.keys() - catalogue)
    refusals = []
    if damaged:
        refusals.append(
            f"{len(damaged)} files cannot be read: {_some([each.file for each in damaged])}."
        )
    if of_test:
        shown = _some([f"{a.file} shows {b.file}" for a, b in of_test])
        refusals.append(f"{len(of_test)} paintings are in the test split of the data: {shown}.")
    if leaked := _leaked(old):
        refusals.append(
            f"{len(leaked)} files of the data lie in its split train and once more in val or test, "
            f"byte for byte, which `python -m training dataset split` puts right: {_some(leaked)}."
        )
    if harmful:
        shown = _some([f"{a} and {b}" for a, b in harmful])
        refusals.append(
            f"{len(harmful)} pairs show one painting, but name two artists or lie in two splits: "
            f"{shown}."
        )
    if strange:
        refusals.append(f"The catalogue of artists, assets/artists.csv, has no {_some(strange)}.")
    if few:
        shown = _some([f"{artist} ({count})" for artist, count in few.items()])
        refusals.append(f"Of these artists there are fewer than {AT_LEAST} paintings: {shown}.")
    if not fresh:
        refusals.append("No new painting that can be read is by an artist of the collection.")
    return {
        "files": len(new.paintings),
        "damaged": len(damaged),
        "duplicates": len(within) + len(with_old) - len(of_test),
        "duplicates_that_harm": len(harmful),
        "twins_of_test": len(of_test),
        "paintings_by_artist": dict(sorted(fresh.items())),
        "new_artists": sorted(fresh.keys() - {p.artist for p in old.paintings if not p.outside}),
        "refusals": refusals,
    }


def _leaked(old: Looked) -> list[str]:
    """Files to train with that are among those to measure with, too: nothing trained so is
    published."""
    train, held_out = {}, set()
    for painting, measured in zip(old.paintings, old.measured, strict=True):
        if measured.sha256 and painting.split == "train":
            train[measured.sha256] = painting.file
        elif measured.sha256:
            held_out.add(measured.sha256)
    return sorted(train[digest] for digest in train.keys() & held_out)


def labels(new: Sequence[Answer], test: Sequence[Answer], known: Sequence[str]) -> dict[str, Any]:
    """Compares how often labels disagree with the serving version: on new and on test paintings.

    Refused if so many new labels disagree that chance explains it in fewer than `CHANCE` of all
    cases, where the true share is `HARDER` above the upper end of the test error's interval
    (one-sided binomial test).

    Args:
        new: Its answers to the new paintings; those by artists that it does not know do not count.
        test: To the test paintings.
        known: Ids of the artists that it knows.

    Returns:
        Figures, and `refusals`: sentences.
    """
    judged = [answer for answer in new if answer.artist in set(known)]
    usual = [answer for answer in test if answer.artist in set(known)]
    wrong = sum(not answer.right for answer in judged)
    error = wilson(sum(not answer.right for answer in usual), len(usual))
    share = wilson(wrong, len(judged))
    allowed = min(1.0, error.high + HARDER)
    chance = 1.0
    if judged:
        tested = stats.binomtest(wrong, len(judged), allowed, alternative="greater")
        chance = float(tested.pvalue)
    refusals = []
    if chance < CHANCE:
        refusals.append(
            f"{wrong} of {len(judged)} labels of new paintings ({share.share:.1%}) disagree with "
            f"the version that serves, which is wrong about {error.share:.1%} of {error.of} test "
            f"paintings: up to {allowed:.1%} would pass, and chance explains the rest with a "
            f"probability of {chance:.1g}. The labels seem to be wrong."
        )
    return {
        "judged": len(judged),
        "disagree": wrong,
        "share": share.share if judged else None,
        "test_error": error.share if usual else None,
        "test_paintings": error.of,
        "allowed": allowed,
        "p_value": chance,
        "refusals": refusals,
    }


def twins(
    old: Looked, new: Looked
) -> tuple[list[tuple[Painting, Painting]], list[tuple[Painting, Painting]]]:
    """Pairs that show one painting: both new; and a new one with an old one."""
    pairs = [
        *zip(new.paintings, new.measured, [True] * len(new.paintings), strict=True),
        *zip(old.paintings, old.measured, [False] * len(old.paintings), strict=True),
    ]
    rows = [row for row in pairs if not row[1].error]
    small = np.frombuffer(b"".join(row[1].small for row in rows), np.uint8)
    thumbnails = small.reshape(-1, SMALL, SMALL)
    found = {(i, j) for i, j, _ in duplicates.pairs([row[1].hash for row in rows], thumbnails)}
    by_digest: dict[str, list[int]] = {}
    for i, row in enumerate(rows):  # the same bytes, also where a thumbnail is of one color
        by_digest.setdefault(row[1].sha256, []).append(i)
    found |= {(same[0], j) for same in by_digest.values() for j in same[1:]}
    within, with_old = [], []
    for i, j in sorted(found):
        if rows[i][2] and rows[j][2]:
            within.append((rows[i][0], rows[j][0]))
        elif rows[i][2]:
            with_old.append((rows[i][0], rows[j][0]))
    return within, with_old


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
