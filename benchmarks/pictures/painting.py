"""The painting of all pairs in one way, kept in a directory; what is there is not painted again."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pictures import peer
from benchmarks.pictures.pairs import Chosen, Pairs, PairsError, find, name
from benchmarks.pictures.ways import ROWS, Way
from core import files, images
from core.images.types import Pixels
from core.settings import ROOT
from core.stylize import refine, session

MANIFEST = "manifest.json"


@dataclass
class Run:
    """The paintings of one way.

    Attributes:
        directory: Where they lie, as PNG.
        way: Name, settings and their digest.
        pictures: By file name: seconds it took and the commit it was painted at.
    """

    directory: Path
    way: dict[str, Any]
    pictures: dict[str, dict[str, Any]] = field(default_factory=dict)

    def has(self, picture: str) -> bool:
        """Whether a picture is painted."""
        return picture in self.pictures and (self.directory / picture).is_file()

    def pixels(self, picture: str) -> Pixels:
        """A painting, `(256, width, 3)` uint8 RGB."""
        return images.load(self.directory / picture).pixels

    def save(self) -> None:
        """Writes down what is there."""
        found = {"way": self.way, "pictures": self.pictures}
        files.write(self.directory / MANIFEST, json.dumps(found, indent=1) + "\n")


def opened(runs: Path, way: str, pairs: Pairs) -> Run:
    """The paintings of a way.

    Raises:
        PairsError: If there are none, or of other pairs.
    """
    directory = runs / way
    if not (directory / MANIFEST).is_file():
        raise PairsError(f"Nothing was painted as {way} in {files.printable(runs)}.")
    found = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    if found["way"]["pairs"] != pairs.digest:
        raise PairsError(f"What lies in {files.printable(directory)} was painted of other pairs.")
    return Run(directory, found["way"], found["pictures"])


def paint(
    way: Way,
    pairs: Pairs,
    wanted: Iterable[tuple[Chosen, Chosen]],
    photos: list[Path],
    paintings: list[Path],
    runs: Path,
    peer_python: Path | None,
) -> Iterator[str]:
    """Paints what is not there yet, in a directory named like the way.

    Args:
        wanted: Pairs to paint, all or some.
        photos: Directories of photos.
        paintings: Directories of paintings.
        runs: Where the directories of all ways lie.
        peer_python: The interpreter that has the other package.

    Yields:
        The name of each painting that is now there.

    Raises:
        PairsError: If others lie there, painted by another request, or a picture is missing.
    """
    told = {"name": way.name, "digest": way.digest, "pairs": pairs.digest, **{"set": way.settings}}
    run = Run(runs / way.name, told)
    if (run.directory / MANIFEST).is_file():
        run = opened(runs, way.name, pairs)
    if run.way["digest"] != way.digest:
        raise PairsError(
            f"What lies in {files.printable(run.directory)} was painted by another request: give "
            "this way another name, or another directory."
        )
    commit = commit_of()
    for photo, style in wanted:
        picture = name(photo, style)
        if not run.has(picture):
            seen = at_rows(images.load(find(photo, photos), enough=2 * ROWS).pixels)
            painting = find(style, paintings)
            started = time.perf_counter()
            painted = _painted(way, seen, painting, peer_python)
            seconds = round(time.perf_counter() - started, 2)
            files.write(run.directory / picture, images.encode(painted))
            run.pictures[picture] = {"seconds": seconds, "commit": commit}
            run.save()
        yield picture


def at_rows(photo: Pixels, rows: int = ROWS) -> Pixels:
    """A photo at the size of its paintings, `(rows, width, 3)` uint8."""
    return refine.as_pixels(refine.resize(photo, *refine.size(photo, rows)))


def _painted(way: Way, photo: Pixels, painting: Path, peer_python: Path | None) -> Pixels:
    if way.request is None:
        return peer.paint(photo, painting, peer_python)
    style = images.load(painting, enough=round(2 * ROWS * max(1.0, way.request.brush))).pixels
    steps = session.paint(way.request, photo, [style])
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return np.asarray(end.value.pixels)


def commit_of() -> str:
    """The commit of the working tree, with a plus if it was changed since; empty without git."""
    try:
        head, changed = (
            subprocess.run(
                ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout.strip()
            for arguments in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "core"])
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + "+" * bool(changed)
