"""Mutated clips, read from end to end: refused or read, how fast, and in how much memory.

python -m benchmarks.film_fuzz [--count 300] [--seed 0]
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import tempfile
import time
from collections import Counter
from pathlib import Path

from core.film.clips import demuxing
from core.film.clips.clip import UnreadableClip
from core.film.clips.reading import Reader
from tests.core.film import mutations


def peak(pid: int) -> int:
    """The most memory that a process has held so far, bytes; 0 where that cannot be told."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def main() -> None:
    """Tries them, and prints a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    ends: Counter[str] = Counter()
    sentences: Counter[str] = Counter()
    longest, most = (0.0, ""), (0, "")
    with tempfile.TemporaryDirectory() as folder:
        files = mutations.originals(Path(folder))
        path = Path(folder) / "clip"
        cases = mutations.cases(files, arguments.seed)
        for name, data in itertools.islice(cases, arguments.count):
            path.write_bytes(data)
            started = time.monotonic()
            try:
                with Reader(path) as reader:
                    for _ in reader.frames(min(reader.clip.height, 256), 64):
                        pass
                    most = max(most, (peak(reader.pid), name))
                ends["read"] += 1
            except UnreadableClip as error:
                ends["refused"] += 1
                sentences[str(error)] += 1
            except Exception as error:  # that would be a fault
                ends[f"{type(error).__name__} of {name}"] += 1
            longest = max(longest, (time.monotonic() - started, name))
    print(
        json.dumps(
            {
                "ends": ends,
                "sentences": sentences,
                "longest_seconds": round(longest[0], 2),
                "longest": longest[1],
                "most_mb": most[0] // 1_000_000,
                "limit_mb": demuxing.MEMORY // 1_000_000,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
