"""What the service adds to identifying: the same picture here and over HTTP, in turns.

python -m tests.load.overhead --rounds 200
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import tempfile
import time

from core import identify, images, journal
from tests.load.service import Connection, identification, machine, paintings, percentile, serving


def main() -> None:
    """Prints a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    picture = paintings()[0]
    with tempfile.TemporaryDirectory() as directory, serving("--workers-of-jobs", "0") as service:
        os.environ["ATELIER_JOURNAL_URL"] = f"sqlite:///{directory}/journal.db"
        asked = identification(picture)
        connection = Connection(service.port)
        alone: list[float] = []
        kept: list[float] = []
        served: list[float] = []
        here = there = 0.0  # processor time, seconds
        for number in range(-_WARM_UP, rounds):
            busy, started = time.process_time(), time.perf_counter()
            result = identify.identify(images.load(picture, enough=identify.ENOUGH))
            found = time.perf_counter()
            journal.record(result, picture_sha256=hashlib.sha256(picture).hexdigest(), session="")
            noted = time.perf_counter()
            busy, before = time.process_time() - busy, service.processor_seconds
            answer = _LOOP.run_until_complete(connection.ask(asked))
            assert answer.status == 200, answer.body
            if number >= 0:
                here += busy
                there += service.processor_seconds - before
                alone.append(found - started)
                kept.append(noted - started)
                served.append(answer.seconds)
    for name, seconds in (
        ("core.images.load and core.identify", alone),
        ("the same, kept in the journal", kept),
        ("POST /v1/identifications, which keeps it", served),
    ):
        print(f"{name}: p50 {percentile(seconds, 0.5):.1f} ms, p90 {percentile(seconds, 0.9):.1f}")
    added = [percentile(served, 0.5) - percentile(each, 0.5) for each in (alone, kept)]
    print(f"added by the service: {added[0]:.1f} ms to the first, {added[1]:.1f} ms to the second")
    print(
        f"processor time a picture: {1000 * here / rounds:.1f} ms here with the journal, "
        f"{1000 * there / rounds:.1f} ms in the service"
    )
    print(machine())


_WARM_UP = 10  # rounds
_LOOP = asyncio.new_event_loop()

if __name__ == "__main__":
    main()
