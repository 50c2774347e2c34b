"""The paintings of a lesson: which of a folder can be learned from, and why the others cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.collection import duplicates
from core.collection.features import SMALL, Measured, measure
from core.errors import AtelierError
from core.files import printable
from core.images import folders

AT_LEAST = 15  # paintings of one hand
MOST = 500  # so that a lesson ends


class TeachingError(AtelierError, ValueError):
    """A lesson that cannot be held; says what to do."""

    code = "teaching"


@dataclass(frozen=True)
class Chosen:
    """What was found in a folder.

    Attributes:
        paintings: One of each, readable.
        left_out: Name of a file to why it is not learned from, one sentence.
    """

    paintings: tuple[Measured, ...]
    left_out: dict[str, str]


def choose(
    directory: Path, *, on_look: Callable[[int, int], None] = lambda done, of: None
) -> Chosen:
    """Looks at the pictures that lie in a directory; folders within are not searched.

    Args:
        on_look: Told after each picture how many are looked at, and of how many; what it raises
            ends this.

    Raises:
        TeachingError: If there are too few that can be learned from, or too many.
    """
    if not directory.is_dir():
        raise TeachingError(f"There is no directory {printable(directory)}.")
    found, objected = folders.pictures_in(directory)
    left_out = {each.path.name: each.reason for each in objected}
    if len(found) > MOST:
        raise TeachingError(
            f"There are {len(found):,} pictures; {MOST} are enough: train a classifier with more."
        )
    readable: list[Measured] = []
    for number, path in enumerate(found, 1):
        one = measure(directory, path.name)
        if one.error:
            left_out[path.name] = one.error
        else:
            readable.append(one)
        on_look(number, len(found))
    kept = _once(readable, left_out)
    if len(kept) < AT_LEAST:
        raise TeachingError(_too_few(len(kept), left_out))
    return Chosen(tuple(kept), left_out)


def _once(readable: list[Measured], left_out: dict[str, str]) -> list[Measured]:
    """The first picture of each painting; the others go to those that are left out."""
    thumbnails = np.array([np.frombuffer(each.small, np.uint8) for each in readable])
    pairs = duplicates.pairs([each.hash for each in readable], thumbnails.reshape(-1, SMALL, SMALL))
    copies: set[int] = set()
    for first, second, _ in pairs:
        if first not in copies and second not in copies:
            copies.add(second)
            left_out[readable[second].file] = (
                f"It shows the same painting as {printable(readable[first].file)}."
            )
    return [each for number, each in enumerate(readable) if number not in copies]


def _too_few(count: int, left_out: dict[str, str]) -> str:
    there = f"there are {count}" if count != 1 else "there is one"
    text = f"It takes {AT_LEAST} different paintings or more, and {there}"
    if not left_out:
        return f"{text}."
    name, reason = next(iter(left_out.items()))
    more = f", and {len(left_out) - 1} more" if len(left_out) > 1 else ""
    return f"{text}; left out: {printable(name)} ({reason.rstrip('.')}){more}."
