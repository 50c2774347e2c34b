"""The service on a Ray cluster of this machine: what it adds, how it grows, who notices a death.

    python -m tests.load.cluster overhead --rounds 200
    python -m tests.load.cluster replicas --seconds 30
    python -m tests.load.cluster folder --pictures 400
    python -m tests.load.cluster deaths --requests 10000

`replicas` and `folder` compare two processes with one, each pinned to a core of its own, in turns.
`deaths` kills a process that names artists (`kill -9`) after a third of the requests, and has all
of them replaced after two thirds; none may fail. Only on an idle machine do these say anything.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from core import identify, images
from core.settings import ROOT
from tests.load.service import (
    Connection,
    Service,
    identification,
    machine,
    paintings,
    percentile,
    serving,
)

_CLIENTS = 6
_REPLICA = "ray::ServeReplica:atelier-identify"


def processes(title: str) -> list[int]:
    """Numbers of the processes whose title begins like this."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (each / "cmdline").read_bytes().startswith(title.encode()):
                found.append(int(each.name))
    return sorted(found)


def pin(numbers: list[int]) -> None:
    """Gives each process a core of its own."""
    for number, core in zip(numbers, sorted(os.sched_getaffinity(0)), strict=False):
        for thread in Path(f"/proc/{number}/task").iterdir():
            with contextlib.suppress(OSError):
                os.sched_setaffinity(int(thread.name), {core})


@contextlib.contextmanager
def cluster(replicas: int, *, pinned: bool = True, **settings: object) -> Iterator[Service]:
    """A service with so many processes that name artists, each pinned to a core."""
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    options = ("--engine", "ray", "--workers-of-jobs", "0")
    with serving(*options, ray_identify_replicas=replicas, **settings) as service:
        if pinned:
            pin(processes(_REPLICA))
        yield service


async def asked(
    service: Service, requests: list[bytes], *, seconds: float = 1e9, count: int = 10**9
) -> tuple[Counter[int], list[float], float]:
    """Statuses, times of answers, and the longest time without any, of clients that wait."""
    statuses: Counter[int] = Counter()
    times: list[float] = []
    stall, last = 0.0, time.monotonic()
    end = last + seconds
    sent = 0

    async def client() -> None:
        nonlocal stall, last, sent
        connection = Connection(service.port)
        while sent < count and time.monotonic() < end:
            sent += 1
            try:
                answer = await connection.ask(requests[sent % len(requests)])
            except (OSError, asyncio.IncompleteReadError):
                connection.close()
                statuses[0] += 1
                continue
            moment = time.monotonic()
            stall, last = max(stall, moment - last), moment
            statuses[answer.status] += 1
            times.append(answer.seconds)
        connection.close()

    await asyncio.gather(*[client() for _ in range(_CLIENTS)])
    return statuses, times, stall


def overhead(rounds: int) -> None:
    """The same picture here, through the service alone, and with Ray: in turns.

    All three with as many threads as there are cores.
    """
    picture = paintings()[0]
    request = identification(picture)
    times: dict[str, list[float]] = {"core": [], "service": [], "with Ray": []}
    loop = asyncio.new_event_loop()
    threads = os.cpu_count()
    with (
        serving("--workers-of-jobs", "0") as plain,
        cluster(1, pinned=False, ray_threads=threads) as ray,
    ):
        plainly, by_ray = Connection(plain.port), Connection(ray.port)
        for number in range(-10, rounds):
            started = time.perf_counter()
            identify.identify(images.load(picture, enough=identify.ENOUGH))
            here = time.perf_counter() - started
            others = [loop.run_until_complete(each.ask(request)) for each in (plainly, by_ray)]
            assert [each.status for each in others] == [200, 200], others
            if number >= 0:
                for name, seconds in zip(
                    times, (here, *(each.seconds for each in others)), strict=True
                ):
                    times[name].append(seconds)
    middle = {name: percentile(each, 0.5) for name, each in times.items()}
    for name, each in middle.items():
        print(f"{name}: p50 {each:.1f} ms, {each - middle['core']:+.1f} ms; {machine()}")


def replicas(seconds: float) -> None:
    """Answers a second of two processes against one."""
    requests = [identification(picture) for picture in paintings()]
    rates: dict[int, list[float]] = {1: [], 2: []}
    for count in (1, 2, 1, 2):
        with cluster(count, service_latency=5) as service:
            asyncio.run(asked(service, requests, seconds=3))
            found = asyncio.run(asked(service, requests, seconds=seconds))[0]
            rates[count].append(found[200] / seconds)
            print(f"{count}: {rates[count][-1]:.1f} a second, {dict(found)}; {machine()}")
    print(f"two answer {sum(rates[2]) / sum(rates[1]):.2f} times what one does")


def folder(pictures: int) -> None:
    """Time of `identify DIR --engine ray` with two actors against one, without the beginning."""
    with tempfile.TemporaryDirectory() as directory:
        given, shipped = Path(directory) / "pictures", paintings()
        given.mkdir()
        for number in range(pictures):
            (given / f"{number}.jpg").write_bytes(shipped[number % len(shipped)])
        rates: dict[int, list[float]] = {1: [], 2: []}
        for count in (1, 2, 1, 2):
            rates[count].append(_run(given, Path(directory) / "found.parquet", count))
            print(f"{count}: {rates[count][-1]:.1f} a second; {machine()}")
    print(f"two name {sum(rates[2]) / sum(rates[1]):.2f} times what one does")


def _run(given: Path, out: Path, jobs: int) -> float:
    """Pictures a second from the first row written on."""
    out.unlink(missing_ok=True)
    beside = Path(f"{out}.rows")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "core", "identify", given, "-o", out),
            *("--engine", "ray", "--jobs", str(jobs)),
        ],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    began = ended = 0.0
    while process.poll() is None:
        rows = beside.stat().st_size if beside.exists() else 0
        if rows and not began:
            began = time.monotonic()
            pin(processes("ray::_Actor"))
        ended = time.monotonic() if rows else ended
        time.sleep(0.02)
    assert process.returncode == 0
    return len(list(given.iterdir())) / (ended - began)


def deaths(count: int) -> None:
    """Requests while a process is killed, and while all are replaced."""
    requests = [identification(picture) for picture in paintings()]
    with cluster(2, service_latency=30) as service:
        for what in ("nothing", "a kill", "a redeployment"):
            before = processes(_REPLICA)
            began = time.monotonic()
            other = None
            if what == "a kill":
                os.kill(before[0], signal.SIGKILL)
            elif what == "a redeployment":
                other = _redeployment()
            statuses, times, stall = asyncio.run(asked(service, requests, count=count // 3))
            while (
                other is not None
                and other.poll() is None
                and set(processes(_REPLICA)) & set(before)
            ):  # until the last old one has gone
                more = asyncio.run(asked(service, requests, seconds=1))
                statuses += more[0]
                times, stall = times + more[1], max(stall, more[2])
            print(
                f"{what}: {dict(statuses)} in {time.monotonic() - began:.0f} s, p50 "
                f"{percentile(times, 0.5):.0f} ms, p99 {percentile(times, 0.99):.0f} ms, longest "
                f"stall {stall:.2f} s; processes {before} -> {processes(_REPLICA)}; {machine()}"
            )
            if other is not None:
                if other.poll() is not None or set(processes(_REPLICA)) & set(before):
                    print(f"not replaced: the other service ended with {other.poll()}")
                other.terminate()
                other.wait()


def _redeployment() -> subprocess.Popen[bytes]:
    """Another service at the same cluster, which begins with new replicas."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "serving", "--engine", "ray", "--address", "auto"),
            *("--workers-of-jobs", "0", "--port", "0"),
        ],
        cwd=ROOT,
        env=os.environ | {"ATELIER_RAY_IDENTIFY_REPLICAS": "2", "ATELIER_OFFLINE": "true"},
        stderr=subprocess.DEVNULL,
    )


def main() -> None:
    """Prints a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["overhead", "replicas", "folder", "deaths"])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--requests", type=int, default=10_000)
    given = parser.parse_args()
    if given.what == "overhead":
        overhead(given.rounds)
    elif given.what == "replicas":
        replicas(given.seconds)
    elif given.what == "folder":
        folder(given.pictures)
    else:
        deaths(given.requests)


if __name__ == "__main__":
    main()
