"""A first and a second scan of a directory of paintings: seconds and memory.

    python -m benchmarks.scan DIR

Prints one JSON object. The scan is the one that Explore starts, in a process of its own,
with an empty cache the first time. Memory is the sum over its processes at the worst moment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from core.settings import ROOT


def main(directory: Annotated[Path, typer.Argument(help="Directory of paintings.")]) -> None:
    """Scans twice."""
    with tempfile.TemporaryDirectory() as cache:
        first, most, files = _scan(directory, cache)
        second, _, _ = _scan(directory, cache)
    result = {
        "files": files,
        "cores": os.cpu_count(),
        "first_seconds": round(first, 1),
        "second_seconds": round(second, 2),
        "most_megabytes": round(most / 1e6),
    }
    typer.echo(json.dumps(result, indent=2))


def _scan(directory: Path, cache: str) -> tuple[float, int, int]:
    """Seconds, most bytes of memory, number of files."""
    command = [sys.executable, "-m", "core", "scan", str(directory.resolve()), "--json"]
    environment = os.environ | {"ATELIER_CACHE": cache}
    started, most = time.perf_counter(), 0
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            last, most = line, max(most, _memory(process.pid))
        process.wait()
        seconds = time.perf_counter() - started
    return seconds, most, json.loads(last)["of"]


def _memory(pid: int) -> int:
    """Resident bytes of a process and its children, shared pages counted for each; Linux only."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_memory(int(child)) for child in children)


if __name__ == "__main__":
    typer.run(main)
