"""The scan of a collection, cached: size, light, colors, damage and hashes of its files.

It may be stopped at any time, and goes on where it was; files that changed are read again.
Memory grows by a few kilobytes a file, to compare them all. What it finds is in
`core.collection.store`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import TYPE_CHECKING

import numpy as np

from core import collection, jobs
from core.collection import duplicates, store
from core.collection.features import SMALL, Measured, measure, state
from core.collection.store import ScanError
from core.jobs import Control, Handle, Progress
from core.settings import ROOT, environment

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Directory",
    "ScanError",
    "duplicate_pairs",
    "in_background",
    "is_complete",
    "job_key",
    "known",
    "scan",
    "table",
]

_CHUNK = 32  # files a worker takes at a time


def scan(
    directory: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
    cancelled: Callable[[], bool] = lambda: False,
    workers: int | None = None,
    use_index: bool | Path = True,
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
    with closing(store.connect(directory)) as database:
        known = store.known(database)
        gone = known.keys() - set(names)
        todo = [name for name in names if known.get(name) != state(directory / name)]
        done = len(names) - len(todo)
        on_progress(done, len(names))
        if todo or gone:
            store.begin(database, gone)
        for measured in _measure_all(directory, todo, workers or min(4, os.cpu_count() or 1)):
            store.keep(database, measured)
            done += len(measured)
            on_progress(done, len(names))
            if cancelled():
                return
        if not store.has_duplicates(database) and not cancelled():
            _find_duplicates(database, {f.file for f in listed if not f.resized_copy}, cancelled)


def is_complete(directory: Path) -> bool:
    """Whether a scan has come to its end, and all files are as they were then.

    Raises:
        FileNotFoundError: If the directory holds no pictures.
    """
    names = [file.file for file in collection.files(directory)]
    with closing(store.connect(directory)) as database:
        known = store.known(database)
        return (
            known.keys() == set(names)
            and all(known[name] == state(directory / name) for name in names)
            and store.has_duplicates(database)
        )


def table(directory: Path, *, use_index: bool | Path = True) -> pd.DataFrame:
    """What is known so far, one row a file: the fields of `PaintingFile` and `Measured`.

    Files that were not measured yet are left out.

    Raises:
        FileNotFoundError: If the directory holds no pictures.
    """
    import pandas as pd

    files = collection.files(directory, use_index=use_index)
    listed = pd.DataFrame([asdict(file) for file in files])
    with closing(store.connect(directory)) as database:
        measured = pd.read_sql_query(
            "SELECT file, bytes, error, sha256, width, height, brightness, colourfulness, "
            "palette, hash FROM pictures",
            database,
        )
    return listed.merge(measured, on="file")


def duplicate_pairs(directory: Path) -> pd.DataFrame:
    """Pairs of files that show the same painting: `file_a`, `file_b`, `likeness` (0..1)."""
    import pandas as pd

    with closing(store.connect(directory)) as database:
        return pd.read_sql_query(
            "SELECT * FROM duplicates ORDER BY likeness DESC, file_a, file_b", database
        )


def known(directory: Path) -> int:
    """How many files a scan knows so far."""
    with closing(store.connect(directory)) as database:
        return store.count(database)


@dataclass(frozen=True)
class Directory:
    """The payload of the task "scan".

    Attributes:
        similar: Whether to build the index of `core.similar`, too.
    """

    path: Path
    similar: bool = False


@jobs.task("scan", queue="scan")
def run(payload: Directory, control: Control) -> Generator[Progress, None, None]:
    """Scans in a process of its own: a thread would share the interpreter with the application,
    which would stutter.

    Raises:
        RuntimeError: If the process fails, with the end of what it said.
    """
    command = [sys.executable, "-m", "core", "scan", str(payload.path), "--json"]
    command += ["--similar"] if payload.similar else []
    with (
        # Into a file: nobody reads a pipe meanwhile, and libraries write there a lot.
        tempfile.TemporaryFile("w+", errors="replace") as complaints,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environment(),
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        control.when_cancelled(process.terminate)
        assert process.stdout is not None
        for line in process.stdout:
            row = json.loads(line)
            done, of = row["done"], row["of"]
            yield Progress(
                phase=row.get("phase") or ("measuring" if done < of else "comparing"),
                step=done,
                of=of,
                fraction=done / of if of else 0.0,
            )
        if process.wait() and not control.stopping:
            complaints.seek(0)
            complaint = complaints.read()[-500:]
            raise RuntimeError(f"The scan of {payload.path} ended early: {complaint}")


def in_background(directory: Path, *, similar: bool = False) -> Handle:
    """Scans as a job of the task "scan". Unseen, it goes on.

    Args:
        similar: Whether to build the index of `core.similar`, too.
    """
    key = job_key(directory, similar=similar)
    return jobs.submit("scan", Directory(directory.resolve(), similar), key=key)


def job_key(directory: Path, *, similar: bool = False) -> str:
    """The key of the job that scans a directory, for `core.jobs.find`."""
    return f"scan {directory.resolve()}{' similar' if similar else ''}"


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


def _find_duplicates(
    database: Connection, names: Collection[str], cancelled: Callable[[], bool]
) -> None:
    before = store.changes_by_others(database)
    rows = store.fingerprints(database, names)
    small = np.frombuffer(b"".join(row[2] for row in rows), np.uint8)
    found = duplicates.pairs(
        [row[1] for row in rows], small.reshape(-1, SMALL, SMALL), cancelled=cancelled
    )
    if cancelled():
        return
    named = [(rows[i][0], rows[j][0], round(likeness, 3)) for i, j, likeness in found]
    store.keep_duplicates(database, named, since=before)
