"""What the files of a collection look like: size, light, colours, damage, fingerprints.

A scan reads every picture once, in processes of its own, and remembers what it found
in a small SQLite file. It may be stopped at any time, and goes on where it was; files
that changed are read again. Memory does not grow with the number of files.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core import collection, duplicates, images
from core.settings import settings

if TYPE_CHECKING:
    import pandas as pd

SMALL = 32  # side of the grey thumbnail that near-duplicates are compared by
_ENOUGH = 256  # pixels a side are plenty for these figures
_PALETTE = 6
_CHUNK = 32  # files a worker takes at a time
_VERSION = 1  # of the figures: another one makes all files be read again
_TABLES = """
    DROP TABLE IF EXISTS pictures;
    DROP TABLE IF EXISTS twins;
    DROP TABLE IF EXISTS state;
    CREATE TABLE pictures (
        file TEXT PRIMARY KEY, bytes INTEGER, changed INTEGER, error TEXT, sha256 TEXT,
        width INTEGER, height INTEGER, brightness REAL, colourfulness REAL, palette TEXT,
        hash TEXT, small BLOB);
    CREATE TABLE twins (file_a TEXT, file_b TEXT, likeness REAL);
    CREATE TABLE state (reached TEXT);
"""


@dataclass(frozen=True)
class Measured:
    """One file's figures; those after `error` are empty where it could not be read.

    Attributes:
        changed: Time of the last change, nanoseconds since 1970.
        brightness: Mean luma, 0 (black) to 1 (white).
        colourfulness: After Hasler and Süsstrunk (2003); 0 is grey, over 60 very colourful.
        palette: JSON list of `[colour, share]`, the largest share first: `["#1f3a5c", 0.4]`.
        hash: Perceptual hash, 64 bits as 16 hexadecimal digits.
        small: `SMALL * SMALL` grey values, row by row.
    """

    file: str
    bytes: int
    changed: int
    error: str = ""
    sha256: str = ""
    width: int = 0
    height: int = 0
    brightness: float = 0.0
    colourfulness: float = 0.0
    palette: str = "[]"
    hash: str = ""
    small: bytes = b""


def measure(directory: Path, file: str) -> Measured:
    """Reads one picture. A file that is none gets the reason in `error`."""
    path = directory / file
    try:
        status = path.stat()
        size, changed = status.st_size, status.st_mtime_ns
        data = path.read_bytes() if size <= settings().max_bytes else b""
        picture = images.load(data or path, enough=_ENOUGH)
    except images.UnreadablePicture as error:
        return Measured(file, size, changed, error=str(error))
    except OSError as error:
        return Measured(file, 0, 0, error=f"The file cannot be opened: {error.strerror}.")
    # Large pictures are averaged down first: the rest takes a millisecond whatever the size.
    image = Image.fromarray(picture.pixels)
    image = image.resize((128, 128), Image.Resampling.BILINEAR, reducing_gap=2.0)
    pixels = np.asarray(image, np.float32)
    red, green, blue = np.moveaxis(pixels, 2, 0)
    opponent = np.stack([red - green, (red + green) / 2 - blue])
    spread, mean = np.linalg.norm(opponent.std((1, 2))), np.linalg.norm(opponent.mean((1, 2)))
    luma = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    return Measured(
        file,
        size,
        changed,
        sha256=hashlib.sha256(data).hexdigest(),
        width=picture.original_size[0],
        height=picture.original_size[1],
        brightness=round(float(luma.mean()) / 255, 4),
        colourfulness=round(float(spread + 0.3 * mean), 2),
        palette=json.dumps(palette(image.resize((64, 64)))),
        hash=_perceptual_hash(image),
        small=np.asarray(image.convert("L").resize((SMALL, SMALL))).tobytes(),
    )


def palette(image: Image.Image, colours: int = _PALETTE) -> list[tuple[str, float]]:
    """The main colours of a picture and their shares, the largest first.

    Chosen to lie far apart, since accents make a palette; median cut gives six greys.
    """
    few = image.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    table = few.getpalette() or []
    counts = sorted(few.getcolors() or [], reverse=True)
    total = image.width * image.height
    return [
        ("#{:02x}{:02x}{:02x}".format(*table[3 * i : 3 * i + 3]), round(n / total, 3))
        for n, i in counts
    ]


def scan(
    directory: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
    cancelled: Callable[[], bool] = lambda: False,
    workers: int | None = None,
) -> None:
    """Measures the files that are new or changed, and forgets those that are gone.

    Args:
        on_progress: Called with the number of files known and the number in all.
        cancelled: Asked often; what was measured until then is kept.
        workers: Processes; by default one a core, at most four.

    Raises:
        FileNotFoundError: If the directory holds no pictures.
    """
    listed = collection.files(directory)
    names = [file.file for file in listed]
    with closing(_open(directory)) as database:
        known = _known(database)
        gone = [(name,) for name in known.keys() - set(names)]
        todo = [name for name in names if known.get(name) != _state(directory / name)]
        done = len(names) - len(todo)
        on_progress(done, len(names))
        if todo or gone:
            with database:  # twins are found anew when all is measured
                database.executemany("DELETE FROM pictures WHERE file = ?", gone)
                database.execute("DELETE FROM state")
        for measured in _measure_all(directory, todo, workers or min(4, os.cpu_count() or 1)):
            _keep(database, measured)
            done += len(measured)
            on_progress(done, len(names))
            if cancelled():
                return
        if not _has_twins(database) and not cancelled():
            _find_twins(database, [f.file for f in listed if not f.resized_copy], cancelled)


def is_complete(directory: Path) -> bool:
    """Whether a scan has come to its end, and all files are as they were then.

    Raises:
        FileNotFoundError: If the directory holds no pictures.
    """
    names = [file.file for file in collection.files(directory)]
    with closing(_open(directory)) as database:
        known = _known(database)
        return (
            known.keys() == set(names)
            and all(known[name] == _state(directory / name) for name in names)
            and _has_twins(database)
        )


def table(directory: Path) -> pd.DataFrame:
    """What is known so far, one row a file: the fields of `PaintingFile` and `Measured`.

    Files that were not measured yet are left out.

    Raises:
        FileNotFoundError: If the directory holds no pictures.
    """
    import pandas as pd

    listed = pd.DataFrame([asdict(file) for file in collection.files(directory)])
    with closing(_open(directory)) as database:
        measured = pd.read_sql_query(
            "SELECT file, bytes, error, sha256, width, height, brightness, colourfulness, "
            "palette, hash FROM pictures",
            database,
        )
    return listed.merge(measured, on="file")


def twins(directory: Path) -> pd.DataFrame:
    """Pairs of files that show the same painting: `file_a`, `file_b`, `likeness` (0..1)."""
    import pandas as pd

    with closing(_open(directory)) as database:
        return pd.read_sql_query(
            "SELECT * FROM twins ORDER BY likeness DESC, file_a, file_b", database
        )


def store(directory: Path) -> Path:
    """The SQLite file that remembers the scan of a directory."""
    whole = str(directory.resolve())
    name = hashlib.sha256(whole.encode()).hexdigest()[:16]
    return settings().cache / "scans" / f"{directory.resolve().name}-{name}.db"


def _measure_all(directory: Path, todo: list[str], workers: int) -> Iterator[list[Measured]]:
    """Measures in worker processes, a few dozen files at a time."""
    chunks = [todo[i : i + _CHUNK] for i in range(0, len(todo), _CHUNK)]
    while chunks:
        pool = _pool(workers)
        finished = 0
        try:
            for measured in pool.map(partial(_measure_chunk, directory), chunks):
                finished += 1
                yield measured
        except BrokenProcessPool:
            # A decoder died on one of the next files. Alone, they show which one it was.
            yield [_measure_alone(directory, file) for file in chunks[finished]]
            finished += 1
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        chunks = chunks[finished:]


def _measure_chunk(directory: Path, chunk: list[str]) -> list[Measured]:
    return [measure(directory, file) for file in chunk]


def _measure_alone(directory: Path, file: str) -> Measured:
    with _pool(1) as pool:
        try:
            return pool.submit(measure, directory, file).result()
        except BrokenProcessPool:
            size, changed = _state(directory / file) or (0, 0)
            return Measured(file, size, changed, error="The picture crashes its decoder.")


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, since forking a process that has threads (a web server) may hang.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_give_way)


def _give_way() -> None:
    """Lets the application go first."""
    if hasattr(os, "nice"):
        os.nice(5)


def _perceptual_hash(image: Image.Image) -> str:
    import imagehash  # brings SciPy: only who scans waits for it

    return str(imagehash.phash(image))


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _known(database: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    rows = database.execute("SELECT file, bytes, changed FROM pictures")
    return {file: (size, changed) for file, size, changed in rows}


def _keep(database: sqlite3.Connection, measured: list[Measured]) -> None:
    rows = [tuple(asdict(row).values()) for row in measured]
    marks = ", ".join("?" * len(rows[0]))
    with database:
        database.executemany(f"INSERT OR REPLACE INTO pictures VALUES ({marks})", rows)


def _find_twins(
    database: sqlite3.Connection, names: list[str], cancelled: Callable[[], bool]
) -> None:
    wanted = set(names)
    rows = database.execute("SELECT file, hash, small FROM pictures WHERE error = '' ORDER BY file")
    rows = [row for row in rows if row[0] in wanted]
    small = np.frombuffer(b"".join(row[2] for row in rows), np.uint8)
    found = duplicates.pairs(
        [row[1] for row in rows], small.reshape(-1, SMALL, SMALL), cancelled=cancelled
    )
    if cancelled():
        return
    with database:
        database.execute("DELETE FROM twins")
        database.executemany(
            "INSERT INTO twins VALUES (?, ?, ?)",
            [(rows[i][0], rows[j][0], round(likeness, 3)) for i, j, likeness in found],
        )
        database.execute("INSERT INTO state VALUES ('twins found')")


def _has_twins(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT 1 FROM state").fetchone() is not None


def _open(directory: Path) -> sqlite3.Connection:
    path = store(directory)
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=30)
    database.execute("PRAGMA journal_mode=WAL")  # the page reads while a scan writes
    if database.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
        database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
    return database
