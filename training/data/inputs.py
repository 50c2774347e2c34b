"""What is checked of pictures before the first step, so that no training ends in the middle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from core import artists as catalogue
from core import images
from core.collection import CollectionError
from core.errors import AtelierError
from training.data import dataset
from training.data.dataset import Painting

_NAMED = 10  # in a sentence; of the others there is the number


class TrainingError(AtelierError, ValueError):
    """What a training cannot begin or go on with. Its message says what to do."""

    code = "training"


class DivergedError(TrainingError, FloatingPointError):
    """A loss that is no number any more."""

    code = "diverged"


class MissingError(TrainingError, FileNotFoundError):
    """A file of a run that is not there."""

    code = "missing"


def photos(directories: Iterable[Path]) -> list[Path]:
    """The pictures in directories, not in folders of those; sorted.

    Raises:
        CollectionError: If one is no directory, or holds no pictures.
    """
    found = []
    for directory in directories:
        if not directory.is_dir():
            raise CollectionError(f"There is no directory {directory}.")
        listed = images.listed(directory)
        if not listed:
            raise CollectionError(
                f"There are no pictures in {directory}; folders inside it are not searched."
            )
        found += listed
    return found


def damaged(files: Sequence[Path]) -> dict[Path, str]:
    """Which pictures cannot be read, and why."""

    def objection(file: Path) -> str:
        try:
            images.load(file, enough=1)
        except images.UnreadablePicture as error:
            return str(error)
        except OSError as error:
            return f"The file cannot be opened: {error.strerror or error}."
        return ""

    with ThreadPoolExecutor(4) as pool:
        found = dict(zip(files, pool.map(objection, files), strict=True))
    return {file: reason for file, reason in found.items() if reason}


def check_readable(files: Sequence[Path]) -> None:
    """Makes sure that all pictures can be read.

    Raises:
        TrainingError: If some cannot; they are named.
    """
    found = damaged(files)
    if not found:
        return
    count = "One picture" if len(found) == 1 else f"{len(found):,} pictures"
    reason = f" ({next(iter(found.values()))})" if len(found) == 1 else ""
    raise TrainingError(
        f"{count} cannot be read: {some(map(str, found))}{reason}. Replace or remove them, or let "
        "`python -m training dataset split` leave them out of an index.csv."
    )


def check_paintings(
    paintings: Sequence[Painting], batch_size: int, *, repeats: int = 1, publish: bool = False
) -> None:
    """Makes sure that a classifier can be trained with paintings, and measured.

    Args:
        batch_size: Pictures of a step.
        repeats: How often an epoch shows each painting by somebody else.
        publish: Whether the model is to be used by the app, and measured on the test split.

    Raises:
        TrainingError: If it cannot; the message names what is missing.
    """
    names = dataset.artists(list(paintings))
    if len(names) < 2:
        found = f"all are by {names[0]}" if names else "there are none"
        raise TrainingError(f"A classifier needs paintings by two artists or more: {found}.")
    if publish:
        check_artists(names)
    train = [p for p in paintings if p.split == "train"]
    if missing := sorted(set(names) - {p.artist for p in train if p.artist}):
        raise TrainingError(
            f"There are no paintings to train with (split train) by {some(missing)}: add some, or "
            "leave the artist out."
        )
    for split in ("val", "test") if publish else ("val",):
        if not any(p.artist for p in paintings if p.split == split):
            raise TrainingError(
                f"There are no paintings in the split {split}: add more, or divide them with "
                "`python -m training dataset split`."
            )
    shown = sum(1 if p.artist else repeats for p in train)
    if shown < batch_size:
        raise TrainingError(
            f"There are {shown} paintings to train with, fewer than a batch of {batch_size}: add "
            f"more, or say --set batch_size={max(1, shown // 4)}."
        )
    wanted = [p for p in paintings if publish or p.split != "test"]
    check_readable([p.path for p in wanted])


def check_artists(names: Sequence[str]) -> None:
    """Makes sure that the app knows artists, so that it can name them.

    Raises:
        TrainingError: If it does not know some, or two names are of one.
    """
    unknown = [name for name in names if catalogue.find(name) is None]
    if unknown:
        raise TrainingError(
            f"The catalogue of artists, assets/artists.csv, has no {some(unknown)}: add a row for "
            "each, leave their paintings out, or train with --no-card to use the weights elsewhere."
        )


def some(names: Iterable[str]) -> str:
    """Up to ten names in a sentence, and how many there are besides."""
    listed = list(names)
    more = f" and {len(listed) - _NAMED:,} more" if len(listed) > _NAMED else ""
    return ", ".join(islice(listed, _NAMED)) + more


def read_json(path: Path) -> dict:
    """What a file of a run holds.

    Raises:
        TrainingError: If it is missing or damaged.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingError(f"{path.parent} is no finished run: {path.name} is missing.") from None
    except (OSError, ValueError):
        raise TrainingError(f"{path} cannot be read or is damaged.") from None
    if not isinstance(found, dict):
        raise TrainingError(f"{path} is damaged.")
    return found
