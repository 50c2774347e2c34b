"""The service that does the work in place of this process: connections, and refusals in sentences.

Sentences of the service are for who calls it; where they would tell a visitor nothing, they get
one of ours, and the log has the other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import httpx

from core.errors import AtelierError, InvalidRequest, UnknownName
from core.images import UnreadablePicture
from core.models import WeightsError
from core.settings import settings
from core.stylize.regions import UnusableMask
from serving.client import Client, ServiceError

log = logging.getLogger(__name__)

T = TypeVar("T")

_TIMEOUT = httpx.Timeout(60.0, connect=5.0)  # seconds without a byte; a painting takes some
_AWAY = 60.0  # seconds for which a service may be away that has work of ours
_PAUSE = 1.0  # seconds between tries
_AWAY_SAID = "The service that does the work here does not answer: please try again in a moment."


class ServiceFailed(AtelierError):
    """Something that the service has not done."""

    code = "service"

    def __init__(self, sentence: str, code: str = code) -> None:
        """Args: code: That of the service."""
        super().__init__(sentence)
        self.code = code


class NotNow(ServiceFailed):
    """Something that it may do in a moment.

    Attributes:
        seconds: After which to ask again.
    """

    def __init__(self, sentence: str, code: str, seconds: float = _PAUSE) -> None:
        """Args: seconds: As it says itself."""
        super().__init__(sentence, code)
        self.seconds = seconds


def connected() -> Client:
    """A connection of its own, for who asks for long."""
    return Client(settings().service, settings().service_token or None, timeout=_TIMEOUT)


def ask(question: Callable[[Client], T]) -> T:
    """Asks the service one thing.

    Raises:
        AtelierError: If it refuses, or does not answer; of core's own kind where the page cares.
    """
    with told():
        return question(_shared(settings().service, settings().service_token))


@cache
def _shared(_url: str, _token: str) -> Client:
    return connected()


def ask_until_back(question: Callable[[], T]) -> T:
    """Asks for something that the service has for us, also if it is away for a moment.

    Replicas come and go, and jobs stay.

    Raises:
        AtelierError: As `ask`.
    """
    until = time.monotonic() + _AWAY
    while True:
        try:
            with told():
                return question()
        except NotNow:
            if time.monotonic() > until:
                raise
        time.sleep(_PAUSE)


@contextmanager
def told() -> Iterator[None]:
    """Around what asks: a visitor reads a sentence, the log has the details.

    Raises:
        AtelierError: In place of what the client raises.
    """
    try:
        yield
    except ServiceError as error:
        log.warning("The service refused: %d %s %s", error.status, error.code, error)
        raise _of(error) from error
    except httpx.HTTPError as error:
        log.warning("The service does not answer: %r", error)
        raise NotNow(_AWAY_SAID, "service-away") from error
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, AtelierError):
            raise
        log.warning("The service answers what is no answer: %r", error, exc_info=error)
        raise ServiceFailed(
            "What answers in place of the service is none, or one of another version: whoever runs "
            "this application has to look at ATELIER_SERVICE."
        ) from error


_OURS: dict[str, type[AtelierError]] = {
    each.code: each
    for each in (InvalidRequest, UnknownName, UnreadablePicture, UnusableMask, WeightsError)
}


_LASTING = (*_OURS, "version")  # codes of a 503 that a moment does not mend
_REFUSED_TO_ALL = ("not-kept", "no-keeper")  # codes of a 403, whatever the key


def failure(code: str, sentence: str) -> AtelierError:
    """What went wrong at the service, of the kind that it would be here."""
    ours = _OURS.get(code)
    return ours(sentence) if ours else ServiceFailed(sentence, code)


def _of(error: ServiceError) -> AtelierError:
    if error.status in (401, 403) and error.code not in _REFUSED_TO_ALL:
        return ServiceFailed(
            "The service does not accept the key of this application: whoever runs it has to look "
            "at ATELIER_SERVICE_TOKEN.",
            error.code,
        )
    if error.status == 413:
        return ServiceFailed("That is too large for the service: a smaller copy will do.", "large")
    seconds = max(_PAUSE, error.retry_after or 0.0)
    again = f"please try again in {seconds:.0f} second{'' if seconds == 1 else 's'}."
    if error.status == 429:
        return NotNow(
            f"There is more to do than can be done just now: {again}", error.code, seconds
        )
    if error.status in (502, 504):  # of a proxy, behind which nobody answers
        return NotNow(_AWAY_SAID, "service-away", seconds)
    if error.status == 503 and error.code not in _LASTING:
        return NotNow(
            f"The service that does the work here is not ready for it: {again}", error.code, seconds
        )
    return failure(error.code, str(error))
