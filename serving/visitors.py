"""Who asks, as far as arms are dealt to visitors, and the version that a request may ask for."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from fastapi import Request, Response

from core.errors import UnknownName
from core.models import versions
from core.releases import arms, following
from core.releases.following import Dealt
from serving.dependencies import Caller
from serving.messages.schemas import Answered, by

COOKIE = "atelier_visitor"
FORCE = "Atelier-Version"
HEADERS = {
    FORCE: "A version of the model that is to answer, see /v1/models; it counts in no experiment."
}
"""What OpenAPI says of the header."""

_COOKIE_VALUE = re.compile(r"[0-9a-f]{32}")
_YEAR = 365 * 24 * 3600  # seconds


def session_of(caller: str) -> str:
    """What the journal calls the session of a caller, whose name may be empty."""
    return f"service {caller}".strip()


@dataclass
class Visitor:
    """Who asks.

    Attributes:
        name: Tells visitors apart: of a cookie that they have or are given, or else of their key.
            So an application with one key can ask for many.
        is_new: Whether there was neither.
        forced: The version that they ask for.
    """

    name: str
    is_new: bool
    forced: str | None
    _challenged: bool = False

    @classmethod
    def of(cls, request: Request, caller: Caller) -> Visitor:
        """Who sent a request."""
        cookie = request.cookies.get(COOKIE, "")
        known = cookie if _COOKIE_VALUE.fullmatch(cookie) else caller.name
        return cls(known or uuid.uuid4().hex, not known, _forced(request))

    def dealt(self, model_id: str) -> Dealt:
        """What is to answer them.

        Raises:
            UnknownName: If there is no such model, or not the version that they ask for.
        """
        follower = following.follower()
        found = follower.deal(model_id, self.name, self.forced)
        tried = follower.serving(model_id).challenger
        self._challenged = found.arm != arms.FORCED and tried is not None and tried.share > 0
        return found

    def remember(self, answer: Response) -> None:
        """Gives who has no name one, while an experiment needs that they come back with it."""
        if self.is_new and self._challenged:
            answer.set_cookie(COOKIE, self.name, max_age=_YEAR, httponly=True, samesite="lax")


def painter(request: Request, model_id: str) -> Answered:
    """Who paints for a request: a painter serves as it ships.

    Raises:
        UnknownName: If another version of it is asked for.
    """
    forced, ships = _forced(request), versions.shipped(model_id).id
    if forced not in (None, ships):
        raise UnknownName(f"The model {model_id!r} has no version {forced!r} here, only {ships}.")
    return by(model_id, Dealt(ships, arms.FORCED if forced else arms.CHAMPION))


def unversioned(request: Request, network: str) -> None:
    """Makes sure that no version is asked for of a network outside the catalogue, which has none.

    Raises:
        UnknownName: If one is.
    """
    if (forced := _forced(request)) is not None:
        raise UnknownName(f"The network {network!r} has no version {forced!r} here, nor any other.")


def _forced(request: Request) -> str | None:
    return request.headers.get(FORCE, "").strip() or None
