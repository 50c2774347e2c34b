"""Tests for `serving.admission`."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from serving.admission import Buckets, Budget, Lane
from serving.messages.problems import Gone, Refused


async def never() -> None:
    """Somebody who waits for the answer."""
    await asyncio.Event().wait()


def lane(workers: int = 1, target: float = 1.0, seconds: float = 0.1) -> Lane:
    return Lane("test", workers=workers, target=target, seconds=seconds)


def test_the_queue_is_as_long_as_the_target_allows():
    assert lane(target=1.0, seconds=0.1).room == 5
    assert lane(workers=2, target=1.0, seconds=0.1).room == 10
    assert lane(workers=2, target=0.01, seconds=1.0).room == 2  # whoever can be worked on is


def test_the_room_follows_the_measured_time():
    async def ask() -> None:
        of = lane(target=1.0, seconds=0.001)
        before = of.room
        for _ in range(20):
            await of.run(lambda _: time.sleep(0.02), never)
        assert of.room < before / 5
        assert of.is_idle

    asyncio.run(ask())


def test_more_than_there_is_room_for_is_refused_with_a_time():
    async def ask() -> None:
        of = lane(target=1.0, seconds=0.5)  # room for one
        going = threading.Event()
        first = asyncio.create_task(of.run(lambda _: going.wait(5), never))
        await asyncio.sleep(0)
        with pytest.raises(Refused) as refused:
            of.check()
        assert refused.value.status == 429
        assert int(refused.value.headers["Retry-After"]) >= 1
        with pytest.raises(Refused):
            await of.run(lambda _: None, never)
        going.set()
        assert await first
        of.check()

    asyncio.run(ask())


def test_one_runs_after_the_other_and_none_is_lost():
    async def ask() -> None:
        of = lane(workers=2, target=10.0, seconds=0.1)
        running, most = 0, 0
        lock = threading.Lock()

        def work(_: object) -> int:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.005)
            with lock:
                running -= 1
            return 1

        assert sum(await asyncio.gather(*[of.run(work, never) for _ in range(40)])) == 40
        assert most == 2
        assert of.is_idle

    asyncio.run(ask())


def test_who_waits_and_goes_is_never_worked_for():
    async def ask() -> None:
        of = lane(target=10.0, seconds=0.1)
        going, left, worked = threading.Event(), asyncio.Event(), []
        first = asyncio.create_task(of.run(lambda _: going.wait(5), never))
        await asyncio.sleep(0)

        async def leaves() -> None:
            await left.wait()

        second = asyncio.create_task(of.run(lambda _: worked.append(2), leaves))
        third = asyncio.create_task(of.run(lambda _: worked.append(3), never))
        await asyncio.sleep(0)
        left.set()
        with pytest.raises(Gone):
            await second
        going.set()
        await asyncio.gather(first, third)
        assert worked == [3]
        assert of.is_idle

    asyncio.run(ask())


def test_work_for_who_has_gone_is_told_to_stop_and_keeps_its_thread_until_it_does():
    async def ask() -> None:
        of = lane(target=1.0, seconds=1.0)
        left, told = asyncio.Event(), threading.Event()

        async def leaves() -> None:
            await left.wait()

        def work(stopping) -> None:
            while not stopping():
                time.sleep(0.001)
            told.wait(5)

        running = asyncio.create_task(of.run(work, leaves))
        await asyncio.sleep(0.02)
        left.set()
        with pytest.raises(Gone):
            await running
        assert not of.is_idle
        told.set()
        while not of.is_idle:
            await asyncio.sleep(0.001)

    asyncio.run(ask())


def test_an_error_is_raised_where_it_was_asked():
    async def ask() -> None:
        of = lane()

        def work(_: object) -> None:
            raise KeyError("a")

        with pytest.raises(KeyError):
            await of.run(work, never)
        assert of.is_idle

    asyncio.run(ask())


def test_a_cancelled_request_gives_its_turn_to_the_next():
    async def ask() -> None:
        of = lane(target=10.0, seconds=0.1)
        going = threading.Event()
        first = asyncio.create_task(of.run(lambda _: going.wait(5), never))
        await asyncio.sleep(0)
        second = asyncio.create_task(of.run(lambda _: 2, never))
        third = asyncio.create_task(of.run(lambda _: 3, never))
        await asyncio.sleep(0)
        second.cancel()
        going.set()
        assert await third == 3
        with pytest.raises(asyncio.CancelledError):
            await second
        await first
        assert of.is_idle

    asyncio.run(ask())


def test_a_bucket_fills_with_time_and_each_caller_has_their_own():
    now = 0.0
    buckets = Buckets(2.0, clock=lambda: now)
    for _ in range(4):  # twice the rate at once
        buckets.take("a")
    with pytest.raises(Refused) as refused:
        buckets.take("a")
    assert (refused.value.status, refused.value.code) == (429, "rate")
    buckets.take("b")
    now = 0.5
    buckets.take("a")
    with pytest.raises(Refused):
        buckets.take("a")


def test_without_a_rate_nobody_is_held_up():
    buckets = Buckets(0.0)
    for _ in range(1000):
        buckets.take("a")


def test_only_so_many_callers_are_remembered():
    buckets = Buckets(1.0)
    for number in range(10_050):
        buckets.take(str(number))
    assert len(buckets._levels) == 10_000


def test_bodies_take_so_much_memory_and_one_always_fits():
    budget = Budget(100)
    budget.take(1000)
    with pytest.raises(Refused) as refused:
        budget.take(1)
    assert refused.value.status == 429
    budget.give(1000)
    budget.take(60)
    budget.take(40)
    with pytest.raises(Refused):
        budget.take(1)
