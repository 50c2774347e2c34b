"""Which pictures a model was trained with, told by what is in their files.

A run keeps it from its first step on, and a model has it beside its weights: an index may be
divided anew at any time, and a split of that name then holds other pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.files import replacing, write
from training.data.dataset import Painting
from training.data.files import digest
from training.data.inputs import TrainingError

FILE = "trained_on.npy"  # of a run, and beside the weights of a model


def fingerprints(paintings: Sequence[Painting]) -> np.ndarray:
    """The first 8 bytes of the SHA-256 of each file, `(n,)` uint64; reads them all."""
    return np.array([fingerprint(painting.path) for painting in paintings], np.uint64)


def fingerprint(path: Path) -> int:
    """The first 8 bytes of the SHA-256 of a file."""
    return int.from_bytes(digest(path)[:8], "big")


def remember(paintings: Sequence[Painting], path: Path) -> None:
    """Keeps the fingerprints of what a model is, or was, trained with, sorted."""
    _save(fingerprints(paintings), path)


def begin(run: Path, paintings: Sequence[Painting]) -> None:
    """Keeps with a new run which pictures it is trained with.

    Args:
        paintings: Of all splits.

    Raises:
        TrainingError: If val or test hold some of them, too: such a run can never be published.
    """
    _save(divided(paintings)[0], run / FILE)


def divided(paintings: Sequence[Painting]) -> tuple[np.ndarray, np.ndarray]:
    """The fingerprints of those to train with, and of those to measure with.

    Raises:
        TrainingError: If some are the same.
    """
    train, held_out = fingerprints(_train(paintings)), fingerprints(_held_out(paintings))
    _refuse(train, held_out, _held_out(paintings), "Of those to train with")
    return train, held_out


def with_earlier(train: np.ndarray, held_out: np.ndarray, run: Path) -> np.ndarray:
    """The fingerprints of a run that goes on from another, which was trained with those as well.

    Raises:
        TrainingError: If the earlier one was trained with some that are to measure with, or what it
            kept is damaged. Of one that kept nothing nobody can tell: then it is those alone.
    """
    if not (run / FILE).is_file():
        return train
    earlier = _read(run / FILE)
    if seen := int(np.isin(held_out, earlier).sum()):
        raise TrainingError(
            f"Of those that {run} was trained with, {seen} are now in the splits val or test: what "
            "goes on from it cannot be measured with them."
        )
    return np.union1d(train, earlier)


def keep(found: np.ndarray, run: Path) -> None:
    """Keeps fingerprints with a run."""
    _save(found, run / FILE)


def check_resumed(run: Path, paintings: Sequence[Painting]) -> None:
    """Makes sure that a run goes on with what it began with; earlier ones did not keep it.

    Raises:
        TrainingError: If its pictures are others, or what it kept of them is damaged.
    """
    if not (run / FILE).is_file():
        return
    if not np.array_equal(_read(run / FILE), np.sort(fingerprints(_train(paintings)))):
        raise TrainingError(
            f"{run} was begun with other paintings, which were changed or divided otherwise since: "
            "choose another directory."
        )


def check_held_out(run: Path, paintings: Sequence[Painting]) -> None:
    """Makes sure that a run can be measured on val and test; of earlier ones nobody can tell.

    Raises:
        TrainingError: If it was trained with some, or what it kept is damaged.
    """
    if (run / FILE).is_file():
        held_out = _held_out(paintings)
        found = fingerprints(held_out)
        _refuse(_read(run / FILE), found, held_out, f"Of those that {run} was trained with")


def hand_on(run: Path, paintings: Sequence[Painting], path: Path) -> None:
    """Keeps beside a model what its run was trained with: as the run has it, if it has.

    Args:
        paintings: Of all splits, as they are now.
    """
    if (run / FILE).is_file():
        write(path, (run / FILE).read_bytes())
    else:
        remember(_train(paintings), path)


def _refuse(
    trained: np.ndarray, held_out: np.ndarray, paintings: Sequence[Painting], of_them: str
) -> None:
    seen = np.isin(held_out, trained)
    if seen.any():
        first = paintings[int(seen.argmax())]
        raise TrainingError(
            f"{of_them}, {int(seen.sum())} are now in the splits val or test ({first.path} is the "
            "first): their figures would say nothing. Either they were divided otherwise since, or "
            "lie there twice, which `python -m training dataset split` puts right."
        )


def _train(paintings: Sequence[Painting]) -> list[Painting]:
    return [painting for painting in paintings if painting.split == "train"]


def _held_out(paintings: Sequence[Painting]) -> list[Painting]:
    return [painting for painting in paintings if painting.split != "train"]


def _save(found: np.ndarray, path: Path) -> None:
    with replacing(path) as part:
        np.save(part, np.sort(found))


def _read(path: Path) -> np.ndarray:
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TrainingError(f"{path} cannot be read or is damaged.") from error
    if not isinstance(found, np.ndarray):
        raise TrainingError(f"{path} is damaged.")
    return found
