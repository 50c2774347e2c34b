"""What routes are given: the service's state, who calls, and a way to have work done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from core import keys
from core.settings import Settings
from serving import metrics
from serving.admission import Buckets, Budget, Lane
from serving.engines.interface import Engine
from serving.messages.problems import Refused
from serving.workers import Workers

T = TypeVar("T")

_PICTURES = 8  # so many of the largest size are in memory at a time, or many small ones


@dataclass
class Service:
    """The state of one service.

    Attributes:
        engine: Who does the work of the first two lanes.
        names: The lane of identifications, explanations and similar paintings.
        paint: The lane of pictures that are painted while the caller waits.
        orders: The lane of pictures that are looked at, and then painted as jobs.
        workers: The processes that paint them.
        draining: Set when it was told to end: nothing new is taken.
        warm: Set when the first request would be answered as quickly as any.
    """

    engine: Engine
    names: Lane
    paint: Lane
    orders: Lane
    buckets: Buckets
    memory: Budget
    keys: tuple[str, ...]
    keepers: tuple[str, ...]
    workers: Workers
    draining: threading.Event = field(default_factory=threading.Event)
    warm: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, chosen: Settings, workers: int, engine: Engine) -> Service:
        """A service as the settings have it."""
        most, painting = engine.most, chosen.service_painting_latency
        return cls(
            engine=engine,
            names=Lane(
                "names", workers=most["identify"], target=chosen.service_latency, seconds=0.1
            ),
            paint=Lane("paint", workers=most["paint"], target=painting, seconds=2.0),
            orders=Lane("orders", workers=1, target=chosen.service_painting_latency, seconds=0.5),
            workers=Workers(workers),
            buckets=Buckets(chosen.service_rate),
            memory=Budget(_PICTURES * chosen.max_bytes),
            keys=keys.listed(chosen.service_keys),
            keepers=keys.listed(chosen.service_keepers),
        )

    @property
    def is_ready(self) -> bool:
        """Whether it takes requests, and answers them at once."""
        return self.warm.is_set() and not self.draining.is_set()

    def close(self) -> None:
        """Lets its threads end."""
        self.names.close()
        self.paint.close()
        self.orders.close()


async def service(request: Request) -> Service:
    """The state of the service that a request came to."""
    found: Service = request.app.state.service
    return found


OfService = Annotated[Service, Depends(service)]

_bearer = HTTPBearer(
    auto_error=False,
    description="A key whose SHA-256 digest stands in ATELIER_SERVICE_KEYS; none if that is empty.",
)


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Attributes:
        name: Of their key, the same for the same key; empty where none is needed.
    """

    name: str


async def caller(
    request: Request,
    of: OfService,
    given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    """Lets in who may call, as often as they may, while the service takes requests.

    Raises:
        Refused: 401 without a key, 429 for too many requests, 503 while the service drains.
    """
    name = _name_of_key(given.credentials if given else "", of.keys) if of.keys else ""
    if of.draining.is_set():
        metrics.rejected.labels("draining").inc()
        raise Refused(
            503,
            "draining",
            "This server is about to end: another one will answer.",
            {"Retry-After": "2", "Connection": "close"},
        )
    of.buckets.take(name or (request.client.host if request.client else ""))
    return Caller(name)


def _name_of_key(key: str, known: tuple[str, ...]) -> str:
    name = keys.name_of(key, known)
    if name is None:
        metrics.rejected.labels("key").inc()
        raise Refused(
            401,
            "key-needed",
            "A valid key is needed: Authorization: Bearer …",
            {"WWW-Authenticate": "Bearer"},
        )
    return name


OfCaller = Annotated[Caller, Depends(caller)]


async def keeper(
    request: Request,
    of: OfService,
    given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    """Lets in who may change what serves.

    Raises:
        Refused: 403 where nobody may, 401 without such a key, 429 for too many requests.
    """
    if not of.keepers:
        raise Refused(
            403, "no-keeper", "Nobody may do that here: ATELIER_SERVICE_KEEPERS is empty."
        )
    name = _name_of_key(given.credentials if given else "", of.keepers)
    of.buckets.take(name)
    return Caller(name)


OfKeeper = Annotated[Caller, Depends(keeper)]


async def gone(request: Request) -> None:
    """Returns when who asked has closed the connection; to be awaited after the body was read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def worked(lane: Lane, request: Request, work: Callable[[Callable[[], bool]], T]) -> T:
    """Has work done in a lane, unless who asked goes away."""
    return await lane.run(work, lambda: gone(request))
