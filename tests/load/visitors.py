"""Visitors of application and service on one port: nobody gets an error, or another's answer.

python -m tests.load.visitors --visitors 100 --seconds 120
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter

from core import identify, images
from tests.load.service import (
    Connection,
    Service,
    identification,
    machine,
    paintings,
    percentile,
    serving,
)

_PAUSE = 2.0, 8.0  # seconds that a visitor looks at an answer


async def visit(
    service: Service,
    end: float,
    expected: dict[bytes, str],
    seen: Counter[str],
    seconds: list[float],
) -> None:
    """Opens the page, and asks for the artists of one painting or another until the end."""
    connection = Connection(service.port)
    page = await connection.ask(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    seen["page" if page.status == 200 else f"page {page.status}"] += 1
    while time.monotonic() < end:
        await asyncio.sleep(random.uniform(*_PAUSE))
        picture = random.choice(list(expected))
        try:
            answer = await connection.ask(identification(picture, service.prefix))
        except (OSError, asyncio.IncompleteReadError):
            seen["connection lost"] += 1
            connection = Connection(service.port)
            continue
        if answer.status == 200:
            seconds.append(answer.seconds)
            right = json.loads(answer.body)["artists"][0]["id"] == expected[picture]
            seen["right" if right else "mixed up"] += 1
        else:
            seen[f"status {answer.status}"] += 1
    connection.close()


async def everybody(service: Service, count: int, seconds: float) -> None:
    """Prints what happened to all visitors."""
    expected = {
        picture: identify.identify(images.load(picture, enough=identify.ENOUGH))
        .guesses[0]
        .artist.id
        for picture in paintings()
    }
    seen: Counter[str] = Counter()
    took: list[float] = []
    end = time.monotonic() + seconds
    await asyncio.gather(*[visit(service, end, expected, seen, took) for _ in range(count)])
    print(", ".join(f"{name}: {number}" for name, number in sorted(seen.items())))
    print(f"p50 {percentile(took, 0.5):.0f} ms, p99 {percentile(took, 0.99):.0f} ms")


def main() -> None:
    """Starts the application with the service, and lets visitors in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=120)
    given = parser.parse_args()
    with serving("--with-app", "--workers-of-jobs", "0") as service:
        before = service.megabytes
        asyncio.run(everybody(service, given.visitors, given.seconds))
        print(f"memory: {before:.0f} MB before, {service.megabytes:.0f} MB after; {machine()}")


if __name__ == "__main__":
    main()
