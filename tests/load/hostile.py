"""Sends a service what nobody should: damaged pictures and forms, files that keep a decoder busy.

    python -m tests.load.hostile --bodies 1000

Of each body it is first asked here, by `core.images`, whether it holds a picture at all: only then
may the service accept it. No answer may be that of a fault, and afterwards the same process must
name a painting. Exit status 1 if not.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import islice

import numpy as np

from core import identify, images
from tests import fuzz
from tests.load.service import machine, paintings, percentile, serving

_NAMED, _PAINTED = "/v1/identifications", "/v1/paintings?style=claude-monet"
_BUSY = 3_000_000  # bytes of a file that keeps a decoder busy
_LIMIT = 60  # seconds after which an answer counts as none
_PICTURE = "image/png"


def bodies(count: int) -> Iterator[tuple[str, str, bytes, bool]]:
    """Label, content type, body, and whether it holds a picture that `core.images` reads.

    Two thirds are files, the rest forms; among the files are all of `fuzz.hostile`.
    """
    busy = list(fuzz.hostile(_BUSY))
    files = 2 * count // 3
    for label, data in [*busy, *fuzz.cases(seed=1, count=files - len(busy))]:
        yield label, _PICTURE, data, _is_picture(data)
    small = images.encode(np.zeros((32, 48, 3), np.uint8))
    for label, body in fuzz.forms(count - files, small):
        yield label, fuzz.FORM, body, True  # it may still be one


def _is_picture(data: bytes) -> bool:
    try:
        images.load(data, enough=identify.ENOUGH)
    except images.UnreadablePicture:
        return False
    return True


def main() -> None:
    """Prints statuses, times and memory; ends with status 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=1000)
    count = parser.parse_args().bodies
    wrong: list[str] = []
    statuses: dict[str, Counter[int]] = {_PICTURE: Counter(), fuzz.FORM: Counter()}
    times: list[tuple[float, str]] = []
    before = 0.0
    with serving("--workers-of-jobs", "0") as service:
        for number, (label, kind, body, may_pass) in enumerate(islice(bodies(count), count)):
            connection = HTTPConnection("127.0.0.1", service.port, timeout=_LIMIT)
            began = time.perf_counter()
            try:
                path = _PAINTED if number % 2 and not may_pass else _NAMED
                connection.request("POST", path, body, {"Content-Type": kind})
                status = connection.getresponse().status
            except OSError as error:
                wrong.append(f"{label}: {error!r}")
                continue
            finally:
                connection.close()
            times.append((time.perf_counter() - began, f"{label} to {path}: {status}"))
            statuses[kind][status] += 1
            if status >= 500 or (status < 300 and not may_pass):
                wrong.append(f"{label} to {path}: {status}")
            if number == count // 10:
                before = service.megabytes
        good = HTTPConnection("127.0.0.1", service.port, timeout=_LIMIT)
        good.request("POST", _NAMED, paintings()[0], {"Content-Type": "image/jpeg"})
        if good.getresponse().status != 200:
            wrong.append("afterwards a painting is not named")
        good.close()
        after = service.megabytes
    for kind, found in statuses.items():
        print(f"{kind.partition(';')[0]}: {dict(sorted(found.items()))}")
    seconds = [each for each, _ in times]
    print(
        f"p50 {percentile(seconds, 0.5):.0f} ms, p99 {percentile(seconds, 0.99):.0f} ms, slowest: "
        + ", ".join(f"{each:.2f} s ({label})" for each, label in sorted(times)[:-4:-1])
    )
    print(f"memory {before:.0f} MB after a tenth, {after:.0f} MB at the end; {machine()}")
    for each in wrong:
        print(f"wrong: {each}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
