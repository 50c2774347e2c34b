"""A service that is asked several times what it can do: who is accepted, and how soon.

    python -m tests.load.overload --seconds 60 --times 5

First as many clients as it works on at a time ask one request after the other: that is its peak.
Then requests come at a fixed rate, whether or not earlier ones are answered.
"""

from __future__ import annotations

import argparse
import asyncio
import time

from serving.admission import cores
from tests.load.service import (
    Answer,
    Connection,
    Service,
    identification,
    machine,
    paintings,
    percentile,
    serving,
)


async def peak(service: Service, seconds: float, requests: list[bytes]) -> float:
    """Requests a second of clients that wait for each answer."""
    done = 0
    end = time.monotonic() + seconds

    async def client() -> None:
        nonlocal done
        connection = Connection(service.port)
        while time.monotonic() < end:
            answer = await connection.ask(requests[done % len(requests)])
            done += answer.status == 200
        connection.close()

    await asyncio.gather(*[client() for _ in range(cores() + 1)])
    return done / seconds


async def overload(
    service: Service, seconds: float, rate: float, requests: list[bytes]
) -> list[Answer]:
    """The answers to requests that come at a fixed rate; status 0 for none."""
    free: list[Connection] = []
    answers: list[Answer] = []

    async def ask(number: int) -> None:
        connection = free.pop() if free else Connection(service.port)
        try:
            answers.append(await connection.ask(requests[number % len(requests)]))
            free.append(connection)
        except (OSError, asyncio.IncompleteReadError):
            answers.append(Answer(0, b"", 0.0))

    started = time.monotonic()
    tasks = []
    for number in range(int(seconds * rate)):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        tasks.append(asyncio.create_task(ask(number)))
    await asyncio.gather(*tasks)
    return answers


def main() -> None:
    """Prints what was accepted, what was refused, and what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--times", type=float, default=5, help="of the peak")
    parser.add_argument("--latency", type=float, default=0.5, help="p99 that is asked for")
    given = parser.parse_args()
    with serving("--workers-of-jobs", "0", service_latency=given.latency) as service:
        requests = [identification(picture) for picture in paintings()]
        asyncio.run(peak(service, 3, requests))
        most = asyncio.run(peak(service, min(10.0, given.seconds), requests))
        before = service.megabytes
        answers = asyncio.run(overload(service, given.seconds, given.times * most, requests))
        after = service.megabytes
    accepted = [each.seconds for each in answers if each.status == 200]
    refused = [each.seconds for each in answers if each.status == 429]
    others = len(answers) - len(accepted) - len(refused)
    goodput = len(accepted) / given.seconds
    print(f"peak: {most:.1f} requests a second; offered: {given.times * most:.1f}")
    print(
        f"accepted: {len(accepted)}, p50 {percentile(accepted, 0.5):.0f} ms, "
        f"p99 {percentile(accepted, 0.99):.0f} ms; goodput {goodput / most:.2f} of the peak"
    )
    print(
        f"refused: {len(refused)}, p50 {percentile(refused, 0.5):.0f} ms, "
        f"p99 {percentile(refused, 0.99):.0f} ms; others: {others}"
    )
    print(f"memory: {before:.0f} MB before, {after:.0f} MB after; {machine()}")


if __name__ == "__main__":
    main()
