"""A body as it arrives: within its time and size, or refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.requests import ClientDisconnect

from core.settings import settings
from serving import metrics
from serving.messages.problems import Gone, Refused

_DRAINED = 8_000_000, 1.0  # bytes and seconds of a refused body that are read: its sender listens


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """In which a body is read.

    Raises:
        Refused: 408, if it takes too long.
        Gone: If who sends has.
    """
    try:
        async with asyncio.timeout(settings().service_timeout):
            yield
    except TimeoutError:
        raise _too_slow() from None
    except ClientDisconnect:
        raise Gone from None


async def limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The chunks of a body; refused by what it says of its length, or once it is too long.

    Raises:
        Refused: 413.
        ClientDisconnect: If who sends has gone.
    """
    try:
        announced = int(request.headers.get("content-length", 0))
    except ValueError:
        announced = 0
    stream = request.stream()
    if announced > limit:
        await _drain(stream)
        raise too_large(limit)
    read = 0
    async for chunk in stream:
        read += len(chunk)
        if read > limit:
            await _drain(stream)
            raise too_large(limit)
        yield chunk


async def _drain(stream: AsyncGenerator[bytes, None]) -> None:
    """Reads on a little, so that who sends gets to reading the refusal."""
    most, seconds = _DRAINED
    try:
        async with asyncio.timeout(seconds):
            async for chunk in stream:
                most -= len(chunk)
                if most < 0:
                    return
    except (TimeoutError, ClientDisconnect):
        return


def _too_slow() -> Refused:
    metrics.rejected.labels("slow").inc()
    seconds = settings().service_timeout
    return Refused(
        408,
        "slow-body",
        f"The body has not arrived within {seconds:g} seconds.",
        {"Connection": "close"},
    )


def too_large(limit: int) -> Refused:
    """The refusal of what has more bytes."""
    metrics.rejected.labels("large").inc()
    return Refused(
        413,
        "body-too-large",
        f"The body is too large: at most {limit / 1e6:.3g} MB, please.",
        {"Connection": "close"},
    )
