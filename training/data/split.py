"""The split of a collection into train, val and test, with no painting in two of them."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from core import collection
from core.collection import OTHER, PaintingFile, duplicates, scan
from core.files import write_if_new
from training.data.files import DatasetError, csv_text

if TYPE_CHECKING:
    import pandas as pd

AT_LEAST = 3  # paintings of an artist: one for each split
SPLITS = ("train", "val", "test")
WEIGHTS = "class_weights.json"
_FOLDS = 10  # one of them is val, one test


@dataclass(frozen=True)
class Divided:
    """A finished split.

    Attributes:
        index: The file written, in the form that `training.data.dataset.read` reads.
        changed: Whether it was written now, or lay there just so.
        paintings: Number of paintings in each split.
        artists: Artists in it, without those outside the collection.
        left_out: Number of files left out, by reason.
        too_few: Artists left out, and how many paintings they have.
    """

    index: Path
    changed: bool
    paintings: dict[str, int]
    artists: int
    left_out: dict[str, int]
    too_few: dict[str, int]


def divide(
    directory: Path,
    *,
    at_least: int = AT_LEAST,
    seed: int = 0,
    out: Path | None = None,
    force: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Divided:
    """Writes `index.csv` (file, artist, split, style) and `class_weights.json` beside it.

    Beside an index of another name, `NAME.csv`, they are `NAME_class_weights.json`.

    Each artist is divided about 80/10/10. Files that show the same painting, whoever is
    said to have painted it, stay together, as do all paintings of a painter outside the
    collection, where the painter is known. Unreadable files, further copies of the same
    bytes, Kaggle's resized copies and artists with fewer than `at_least` paintings are
    left out.

    Where an index was somebody else's, its files and painters are the ones divided, each time
    anew; without one, all files of the folders are.

    Args:
        out: Where the index goes; by default into the directory. Its paths are relative
            to the directory in any case.
        force: Overwrites an index or weights that something else has written or changed.

    Raises:
        FileNotFoundError: If the directory holds no pictures.
        DatasetError: If index or weights are somebody else's, or nothing is left to divide.
    """
    index = directory / "index.csv"
    out = out or index
    weights_file = out.with_name(WEIGHTS if out.name == index.name else f"{out.stem}_{WEIGHTS}")
    for path in () if force else (out, weights_file):
        if path.exists() and not _is_own(path) and not _are_weights_of(out, path):
            raise DatasetError(f"{path} was not written by this command: --force overwrites it.")
    foreign = _foreign(index)
    # An index of its own says what to call the paintings, not which there are.
    named = index.exists() and foreign is None
    own = {file.file: file for file in collection.files(directory)} if named else {}
    scan.scan(directory, on_progress=on_progress, use_index=foreign or False)
    table = scan.table(directory, use_index=foreign or False)
    table = _described(table, own, indexed=foreign is not None)
    table, left_out, too_few = _usable(table, at_least)
    groups = _groups(table, scan.duplicate_pairs(directory))
    table = table[table["use"]]
    if table.empty or table["outside"].all():
        raise DatasetError(f"No artist in {directory} has {at_least} paintings or more.")
    labels = table["artist"].where(~table["outside"], OTHER).to_numpy(str)
    splits = assign(labels, groups[table.index], seed)
    names = table["artist"].where(~table["outside"], table["painter"])
    text = csv_text(
        ("file", "artist", "split", "style"),
        zip(table["file"], names, splits, table["style"], strict=True),
    )
    if out.resolve() == index.resolve():
        _keep(foreign, index)
    weights = _weights_text(labels[(splits == "train") & (labels != OTHER)])
    changed = False
    for path, content in ((weights_file, weights), (out, text)):
        _claim(path, content)
        changed = write_if_new(path, content)
        write_if_new(_mark(path), _digest(content.encode()) + "\n")
    return Divided(
        index=out,
        changed=changed,
        paintings={name: int((splits == name).sum()) for name in SPLITS},
        artists=len(set(labels) - {OTHER}),
        left_out=left_out,
        too_few=too_few,
    )


def assign(labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Chooses the split of each painting.

    scikit-learn deals whole groups out to ten folds, with equal shares of each artist as
    far as groups allow. The two folds that come nearest to a tenth of everybody are taken.
    Artists with few paintings may still be missing there: single groups of theirs then
    change places until all who can be are in train, val and test.

    Args:
        labels: `(n,)` artists.
        groups: `(n,)` numbers, the same for paintings that must stay together.

    Returns:
        `(n,)` of `SPLITS`.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    names, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    splits = np.full(len(labels), "train", dtype="<U5")
    if counts.max() >= _FOLDS:
        folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class")
            dealt = [held for _, held in folds.split(labels, labels, groups)]
        shares = [np.bincount(codes[held], minlength=len(names)) / counts for held in dealt]
        off = [np.abs(share - 1 / _FOLDS).sum().round(9) for share in shares]
        test, val = np.argsort(off, kind="stable")[:2]
        splits[dealt[test]], splits[dealt[val]] = "test", "val"
    of_whom = np.unique(np.stack([groups, codes]), axis=1)[0]  # a group once for each artist
    mixed = set(of_whom[1:][of_whom[1:] == of_whom[:-1]])
    for label in names:
        for wanted in SPLITS:
            mine = labels == label
            if (splits[mine] == wanted).any():
                continue
            held = {name: np.unique(groups[mine & (splits == name)]) for name in SPLITS}
            for donor in sorted(SPLITS, key=lambda name: -len(held[name])):
                free = [group for group in held[donor] if group not in mixed]
                if free and (len(held[donor]) > 1 or wanted == "train"):
                    splits[groups == np.random.default_rng(seed).choice(free)] = wanted
                    break
    return splits


def class_weights(labels: np.ndarray) -> dict[str, float]:
    """scikit-learn's balanced weight of each artist, from the labels of the train split."""
    from sklearn.utils.class_weight import compute_class_weight

    names = np.unique(labels)
    weights = compute_class_weight("balanced", classes=names, y=labels)
    return {str(name): float(weight) for name, weight in zip(names, weights, strict=True)}


def _described(
    table: pd.DataFrame, own: Mapping[str, PaintingFile], *, indexed: bool
) -> pd.DataFrame:
    """Adds what an index knows better than folders, and `painter` for those outside."""
    for column in ("artist", "style", "outside"):
        told = {file: getattr(row, column) for file, row in own.items()}
        table[column] = [
            told.get(file, known) for file, known in zip(table["file"], table[column], strict=True)
        ]
    # Without an index only a folder of their own tells painters outside apart for certain.
    in_folder = table["file"].map(lambda file: PurePosixPath(file).parent.name != OTHER)
    known = ~table["artist"].isin(["", collection.artist_name(OTHER)]) & (
        indexed | table["file"].isin(list(own)) | in_folder
    )
    table["painter"] = (f"{OTHER}:" + table["artist"]).where(known, OTHER)
    return table


def _usable(
    table: pd.DataFrame, at_least: int
) -> tuple[pd.DataFrame, dict[str, int], dict[str, int]]:
    """The readable rows, with a column `use`, and what is left out and why."""
    bad, copies = table["error"] != "", table["resized_copy"]
    nameless = ~bad & ~copies & ~table["outside"] & (table["artist"] == "")
    readable = table[~bad & ~copies & ~nameless].sort_values("file").reset_index(drop=True)
    again = readable.sort_values(["outside", "file"]).duplicated("sha256").sort_index()
    counts = readable[~again & ~readable["outside"]].groupby("artist").size()
    few = counts[counts < at_least]
    rare = readable["artist"].isin(few.index) & ~readable["outside"]
    readable["use"] = ~again & ~rare
    left_out = {
        "unreadable": int((bad & ~copies).sum()),
        "of no artist": int(nameless.sum()),
        "same bytes": int(again.sum()),
        "resized copies": int(copies.sum()),
        "too few by the artist": int((rare & ~again).sum()),
    }
    return readable, left_out, {str(name): int(n) for name, n in few.items()}


def _groups(table: pd.DataFrame, twins: pd.DataFrame) -> np.ndarray:
    """Numbers of the paintings that must stay together, one a row."""
    position = {file: i for i, file in enumerate(table["file"])}
    links = [
        (position[a], position[b])
        for a, b in zip(twins["file_a"], twins["file_b"], strict=True)
        if a in position and b in position
    ]
    outside = table[table["outside"] & (table["painter"] != OTHER)]
    for _, rows in outside.groupby("painter"):
        links += [(rows.index[0], other) for other in rows.index[1:]]
    for _, rows in table[table.duplicated("sha256", keep=False)].groupby("sha256"):
        links += [(rows.index[0], other) for other in rows.index[1:]]
    return duplicates.groups(links, len(table))


def _mark(out: Path) -> Path:
    return out.with_name(f".{out.name}.written")


def _foreign(index: Path) -> Path | None:
    """Somebody else's index that says which paintings there are: it, or what is kept of it."""
    if not index.exists():
        return None
    if not _is_own(index):
        return index
    return _kept(index) if _kept(index).is_file() else None


def _keep(foreign: Path | None, index: Path) -> None:
    """Keeps somebody else's index before it is overwritten: of its paintings some are left out.

    The next division needs them: with others beside, the same seed would not give the same file.
    """
    if foreign is None:
        _kept(index).unlink(missing_ok=True)  # of an index that is gone
    else:
        write_if_new(_kept(index), foreign.read_bytes())


def _kept(index: Path) -> Path:
    return index.with_name(f".{index.name}.before")


def _weights_text(labels: np.ndarray) -> str:
    return json.dumps(class_weights(labels), ensure_ascii=False, indent=2) + "\n"


def _are_weights_of(out: Path, path: Path) -> bool:
    """Whether a file holds the weights of an index of this command.

    Then it was written with it, though without a mark: weights had none at first.
    """
    if path == out or not (out.exists() and _is_own(out)):
        return False
    rows = collection.read_index(out)
    labels = [row.artist for row in rows if row.split == "train" and not row.outside]
    return bool(labels) and path.read_bytes() == _weights_text(np.array(labels)).encode()


def _is_own(out: Path) -> bool:
    """Whether an index, or a file of weights, is as this command left it."""
    mark = _mark(out)
    return mark.is_file() and _digest(out.read_bytes()) in mark.read_text().split()


def _claim(out: Path, text: str) -> None:
    """Notes, before a file is written, that it is this command's: also when killed between."""
    digests = [_digest(text.encode())]
    if out.exists() and _is_own(out) and (before := _digest(out.read_bytes())) not in digests:
        digests.append(before)
    write_if_new(_mark(out), "\n".join(digests) + "\n")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
