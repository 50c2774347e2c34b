"""The scan of a collection, cached: size, light, colors, damage and hashes of its files.

A scan reads every picture once, in processes of its own, and remembers what it found
in a small SQLite file. It may be stopped at any time, and goes on where it was; files
that changed are read again. Memory grows by a few kilobytes a file, to compare them all.

That file is a cache: of another version or damaged, it is made anew. Several scans of a
directory may run at once; what they share is the same figures for the same files.
"""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core import collection, jobs
from core.collection import duplicates
from core.collection.features import SMALL, Measured, measure, state
from core.errors import AtelierError
from core.jobs import Job
from core.settings import ROOT, settings

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_CHUNK = 32  # files a worker takes at a time
_VERSION = 2  # of the figures: another one makes all files be read again
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


class ScanError(AtelierError, RuntimeError):
    """What a scan remembers cannot be written or read. Its message is one sentence."""

    code = "scan"


def scan(
    directory: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
    cancelled: Callable[[], bool] = lambda: False,
    workers: int | None = None,
    use_index: bool = True,
) -> None:
    """Measures the files that are new or changed, and forgets those that are gone.

    Args:
        on_progress: Called with the number of files known and the number in all.
        cancelled: Asked often; what was measured until then is kept.
        workers: Processes; by default one a core, at most four.
        use_index: As in `collection.files`.

    Raises:
        FileNotFoundError: If the directory holds no pictures.
        BrokenProcessPool: If no worker process can be started.
        ScanError: If the cache cannot be used. So do all functions here that read it.
    """
    listed = collection.files(directory, use_index=use_index)
    names = [file.file for file in listed]
    with closing(_open(directory)) as database:
        known = _known(database)
        gone = [(name,) for name in known.keys() - set(names)]
        todo = [name for name in names if known.get(name) != state(directory / name)]
        done = len(names) - len(todo)
        on_progress(done, len(names))
        if todo or gone:
            with database:  # twins are found anew when all is measured
                database.executemany("DELETE FROM pictures WHERE file = ?", gone)
                database.executemany("DELETE FROM twins WHERE ? IN (file_a, file_b)", gone)
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
            and all(known[name] == state(directory / name) for name in names)
            and _has_twins(database)
        )


def table(directory: Path, *, use_index: bool = True) -> pd.DataFrame:
    """What is known so far, one row a file: the fields of `PaintingFile` and `Measured`.

    Files that were not measured yet are left out.

    Raises:
        FileNotFoundError: If the directory holds no pictures.
    """
    import pandas as pd

    files = collection.files(directory, use_index=use_index)
    listed = pd.DataFrame([asdict(file) for file in files])
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


def in_background(directory: Path) -> Job:
    """Scans in a process of its own; the job's progress is `(done, of)`. Unseen, it goes on.

    A thread would share the interpreter with the application, which would stutter.
    """

    def work(job: Job) -> None:
        command = [sys.executable, "-m", "core", "scan", str(directory.resolve()), "--json"]
        with (
            # Into a file: nobody reads a pipe meanwhile, and libraries write there a lot.
            tempfile.TemporaryFile("w+", errors="replace") as complaints,
            subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=complaints, text=True
            ) as process,
        ):
            job.when_cancelled(process.terminate)
            assert process.stdout is not None
            for line in process.stdout:
                row = json.loads(line)
                job.report((row["done"], row["of"]))
            if process.wait() and not job.stopping:
                complaints.seek(0)
                complaint = complaints.read()[-500:]
                raise RuntimeError(f"The scan of {directory} ended early: {complaint}")

    return jobs.submit(job_key(directory), work, lane="scan")


def job_key(directory: Path) -> str:
    """The key of the job that scans a directory, for `core.jobs.find`."""
    return f"scan {directory.resolve()}"


def known(directory: Path) -> int:
    """How many files a scan knows so far."""
    with closing(_open(directory)) as database:
        return database.execute("SELECT count(*) FROM pictures").fetchone()[0]


def store(directory: Path) -> Path:
    """The SQLite file that remembers the scan of a directory."""
    whole = directory.resolve()
    name = hashlib.sha256(os.fsencode(whole)).hexdigest()[:16]
    return settings().cache / "scans" / f"{whole.name[:40]}-{name}.db"


def _measure_all(directory: Path, todo: list[str], workers: int) -> Iterator[list[Measured]]:
    """Measures in worker processes, a few dozen files at a time."""
    chunks = [todo[i : i + _CHUNK] for i in range(0, len(todo), _CHUNK)]
    while chunks:
        pool = _pool(workers)
        finished = 0
        try:
            with _ctrl_c_ignored():  # this starts all the processes
                found = pool.map(partial(_measure_chunk, directory), chunks)
            for measured in found:
                finished += 1
                yield measured
        except BrokenProcessPool:
            # A decoder died on one of the next files. One by one, they show which it was.
            yield from _measure_one_by_one(directory, chunks[finished])
            finished += 1
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        chunks = chunks[finished:]


def _measure_chunk(directory: Path, chunk: list[str]) -> list[Measured]:
    return [measure(directory, file) for file in chunk]


def _measure_one_by_one(directory: Path, files: list[str]) -> Iterator[list[Measured]]:
    """Measures in a process that is replaced after each file that kills it."""
    done = 0
    while done < len(files):
        with _pool(1) as pool:
            with _ctrl_c_ignored():
                started = pool.submit(os.getpid)
            started.result()  # if no process even starts, no file is to blame
            for file in files[done:]:
                done += 1
                try:
                    measured = pool.submit(measure, directory, file).result()
                except BrokenProcessPool:
                    error = "The picture crashes its decoder."
                    yield [Measured(file, *state(directory / file), error=error)]
                    break
                yield [measured]


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, since forking a process that has threads (a web server) may hang.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_give_way)


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    """Has processes that are started ignore Ctrl-C from their first moment: it is for the scan."""
    if threading.current_thread() is not threading.main_thread():
        yield  # which alone gets signals, and may say what becomes of them
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _give_way() -> None:
    """Lets the application go first, and ends with the scan however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # also where a thread has started the scan
    if hasattr(os, "nice"):
        os.nice(5)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


def _known(database: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    rows = database.execute("SELECT file, bytes, changed FROM pictures")
    return {file: (size, changed) for file, size, changed in rows}


def _keep(database: sqlite3.Connection, measured: list[Measured]) -> None:
    rows = [tuple(asdict(row).values()) for row in measured]
    marks = ", ".join("?" * len(rows[0]))
    with database:
        database.executemany(f"INSERT OR REPLACE INTO pictures VALUES ({marks})", rows)
        database.execute("DELETE FROM state")  # another scan may have found twins meanwhile


def _find_twins(
    database: sqlite3.Connection, names: list[str], cancelled: Callable[[], bool]
) -> None:
    wanted = set(names)
    before = _changes_by_others(database)
    query = "SELECT file, hash, small FROM pictures WHERE error = '' ORDER BY file"
    rows = [row for row in database.execute(query) if row[0] in wanted]
    small = np.frombuffer(b"".join(row[2] for row in rows), np.uint8)
    found = duplicates.pairs(
        [row[1] for row in rows], small.reshape(-1, SMALL, SMALL), cancelled=cancelled
    )
    if cancelled():
        return
    with database:
        database.execute("BEGIN IMMEDIATE")
        if _changes_by_others(database) != before:
            return  # another scan goes on, and finds the twins at its own end
        database.execute("DELETE FROM twins")
        database.executemany(
            "INSERT INTO twins VALUES (?, ?, ?)",
            [(rows[i][0], rows[j][0], round(likeness, 3)) for i, j, likeness in found],
        )
        database.execute("INSERT INTO state VALUES ('twins found')")


def _changes_by_others(database: sqlite3.Connection) -> int:
    return database.execute("PRAGMA data_version").fetchone()[0]


def _has_twins(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT 1 FROM state").fetchone() is not None


def _open(directory: Path) -> sqlite3.Connection:
    path = store(directory)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _connect(path)
    except (OSError, sqlite3.OperationalError) as error:  # locked, full, not ours: no damage
        log.warning("The scan in %s cannot be used: %r", path, error)
        raise ScanError(
            f"What was seen cannot be remembered in {path.parent}: make room there, or name "
            "another directory in ATELIER_CACHE."
        ) from error
    except sqlite3.DatabaseError as error:
        log.warning("The scan remembered in %s is damaged (%s): it is made anew", path, error)
        for end in ("", "-wal", "-shm"):
            Path(f"{path}{end}").unlink(missing_ok=True)
        return _connect(path)


def _read_while_others_write(database: sqlite3.Connection) -> None:
    """Has the page read while a scan writes. The switch does not wait for others by itself."""
    for _ in range(300):
        try:
            database.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            time.sleep(0.1)
    database.execute("PRAGMA journal_mode=WAL")


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=30)
    try:
        _read_while_others_write(database)
        health = database.execute("PRAGMA quick_check(1)").fetchone()[0]  # a millisecond a MB
        if health != "ok":
            raise sqlite3.DatabaseError(health)
        if _version(database) != _VERSION:
            with database:
                database.execute("BEGIN IMMEDIATE")
                if _version(database) != _VERSION:  # nobody else has done it meanwhile
                    for statement in _TABLES.split(";"):
                        database.execute(statement)
                    database.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:
        database.close()
        raise
    return database


def _version(database: sqlite3.Connection) -> int:
    return database.execute("PRAGMA user_version").fetchone()[0]
