"""The check of a collection: damage, tiny and gray pictures, duplicates, empty folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from core import collection
from core.collection import duplicates, scan
from core.files import printable
from training.data.files import csv_text

if TYPE_CHECKING:
    import pandas as pd

TINY = 100  # pixels of the short side below which a picture is tiny
# Of 12,389 paintings 61 lie below 5, all drawings, prints and photographs without colour;
# the first faint watercolours have 5.7, brown etchings 8 to 12, half of all more than 38.
GREY = 5.0
KINDS = {
    "unreadable": "Files that cannot be read",
    "tiny": "Tiny pictures",
    "grey": "Pictures without colour",
    "duplicate": "The same file again",
    "near-duplicate": "The same painting again",
    "empty-folder": "Folders without pictures",
    "left-out": "What looks like a picture and was left out",
}


@dataclass(frozen=True)
class Finding:
    """One thing to look at.

    Attributes:
        finding: One of `KINDS`.
        group: The same for files that belong together, like `near-duplicate-3`; else empty.
        file: Path inside the directory; of a folder, where it is one.
        detail: A sentence or a figure.
    """

    file: str
    artist: str
    finding: str
    detail: str
    group: str = ""


@dataclass(frozen=True)
class Checked:
    """The findings, by kind and group, and the number of files that were checked."""

    findings: tuple[Finding, ...]
    files: int

    def counts(self) -> dict[str, int]:
        """Findings of each kind: for duplicates all files of a group count."""
        return {kind: sum(f.finding == kind for f in self.findings) for kind in KINDS}

    def csv(self) -> str:
        """All findings as a table."""
        names = [field.name for field in fields(Finding)]
        return csv_text(names, (astuple(finding) for finding in self.findings))

    def groups(self, kind: str) -> Iterator[list[Finding]]:
        """The findings of one kind that belong together; single ones are groups of one."""
        chosen = (f for f in self.findings if f.finding == kind)
        for _, members in groupby(chosen, lambda f: f.group or f.file):
            yield list(members)


def check(
    directory: Path,
    *,
    tiny: int = TINY,
    grey: float = GREY,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Checked:
    """Scans a directory, or resumes its scan, and lists what to look at.

    Kaggle's resized copies are only checked for being readable.

    Raises:
        FileNotFoundError: If the directory holds no pictures.
    """
    scan.scan(directory, on_progress=on_progress)
    table = scan.table(directory)
    good = table[(table["error"] == "") & ~table["resized_copy"]].reset_index(drop=True)
    found = [
        *_each(table[table["error"] != ""], "unreadable", lambda row: row.error),
        *_each(
            good[good[["width", "height"]].min(axis=1) < tiny],
            "tiny",
            lambda row: f"{row.width} × {row.height} pixels",
        ),
        *_each(
            good[good["colourfulness"] < grey],
            "grey",
            lambda row: f"colourfulness {row.colourfulness:.1f}",
        ),
        *_duplicates(good),
        *_near_duplicates(good, scan.duplicate_pairs(directory)),
    ]
    for folder in collection.empty_folders(directory):
        name = collection.artist_name(Path(folder).name)
        found.append(Finding(folder, name, "empty-folder", "There is no picture in this folder."))
    for left in collection.left_out(directory):
        name = collection.artist_name(left.path.parent.name)
        found.append(Finding(printable(left.path), name, "left-out", left.reason))
    return Checked(tuple(found), len(table))


def _each(rows: pd.DataFrame, kind: str, detail: Callable) -> Iterator[Finding]:
    for row in rows.itertuples():
        yield Finding(str(row.file), str(row.artist), kind, detail(row))


def _duplicates(good: pd.DataFrame) -> Iterator[Finding]:
    again = good[good.duplicated("sha256", keep=False)]
    for number, (_, rows) in enumerate(again.groupby("sha256", sort=False), 1):
        first = rows["file"].iloc[0]
        for row in rows.itertuples():
            detail = f"first of {len(rows)}" if row.file == first else f"same bytes as {first}"
            yield Finding(row.file, row.artist, "duplicate", detail, f"duplicate-{number}")


def _near_duplicates(good: pd.DataFrame, twins: pd.DataFrame) -> Iterator[Finding]:
    """Groups of files that show one painting, if not all of them are the same file."""
    position = {file: i for i, file in enumerate(good["file"])}
    links, best = [], dict[int, tuple[float, int]]()
    for a, b, likeness in twins.itertuples(index=False):
        if a not in position or b not in position:
            continue
        i, j = position[a], position[b]
        links.append((i, j))
        if good["sha256"][i] != good["sha256"][j]:
            for one, other in ((i, j), (j, i)):
                best[one] = max(best.get(one, (0.0, -1)), (likeness, other))
    group = duplicates.groups(links, len(good))
    linked = good[good.index.isin({i for link in links for i in link})]
    number = 0
    for _, rows in linked.groupby(group[linked.index], sort=False):
        if rows["sha256"].nunique() < 2:
            continue
        number += 1
        for row in rows.itertuples():
            likeness, other = best.get(row.Index, (1.0, -1))
            detail = f"{likeness:.2f} like {good['file'][other]}" if other >= 0 else "copy in bytes"
            yield Finding(
                row.file, row.artist, "near-duplicate", detail, f"near-duplicate-{number}"
            )
