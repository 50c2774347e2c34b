"""Errors as problem details (RFC 9457): a status, a stable code and a sentence."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from core import errors
from core.errors import AtelierError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_LONGEST = 1000  # characters of a sentence, which may repeat what was sent

# By the code of the error. What is not listed is a fault of the service.
STATUS = {
    "invalid-request": 422,
    "unreadable-picture": 422,
    "unreadable-clip": 422,
    "unknown-name": 422,
    "too-large": 422,
    "unusable-mask": 422,
    "tensorflow-missing": 501,
    "nothing-to-release": 409,
    "weights": 503,
    "version": 503,
    "journal": 503,
    "database": 503,
    "unavailable": 503,
    "expired": 410,
}


class Problem(BaseModel):
    """What is wrong with a request."""

    type: str = Field(examples=["urn:atelier:problem:unreadable-picture"])
    title: str = Field(description="The status in words", examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    code: str = Field(
        description="Stable, for programs: the kind of error", examples=["unreadable-picture"]
    )
    detail: str = Field(description="One sentence for who asked", examples=["The file is empty."])


class Gone(Exception):
    """Who asked has closed the connection: there is nobody to answer."""


class Refused(AtelierError):
    """A request that the service refuses by itself, before or beside what core says of it.

    Attributes:
        status: Of HTTP.
        headers: Of the answer.
    """

    def __init__(
        self, status: int, code: str, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Refuses with one sentence."""
        super().__init__(sentence)
        self.status, self.code, self.headers = status, code, dict(headers or {})


def not_found(sentence: str) -> Refused:
    """The refusal of an address that names nothing."""
    return Refused(404, "not-found", sentence)


def busy(seconds: float, sentence: str, code: str = "busy") -> Refused:
    """The refusal of what would have to wait too long, with the time after which to try again."""
    return Refused(429, code, sentence, {"Retry-After": str(max(1, round(seconds + 0.5)))})


def answer(
    status: int, code: str, sentence: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A problem as an answer."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    # What cannot be encoded came from the request.
    detail = sentence[:_LONGEST].encode("utf-8", "backslashreplace").decode()
    problem = Problem(
        type=f"urn:atelier:problem:{code}", title=title, status=status, code=code, detail=detail
    )
    return Response(problem.model_dump_json(), status, dict(headers or {}), media_type=MEDIA_TYPE)


def of_error(error: BaseException) -> Response:
    """The answer to whatever was raised; what nobody expected is logged, and has an id."""
    if isinstance(error, Refused):
        return answer(error.status, error.code, str(error), error.headers)
    if isinstance(error, AtelierError):
        status = STATUS.get(error.code, 500)
        if status >= 500:
            log.warning("Answered %d: %s", status, error)
        headers = {"Retry-After": "5"} if status == 503 else None
        return answer(status, error.code, str(error), headers)
    if isinstance(error, MemoryError):
        return answer(503, "memory", "There is not enough memory for this picture just now.")
    return answer(500, "incident", errors.incident(error))


async def of_core(request: Request, error: Exception) -> Response:
    """Handler of errors that a person can put right."""
    return of_error(error)


async def of_http(request: Request, error: Exception) -> Response:
    """Handler of what the framework refuses: unknown addresses, methods."""
    assert isinstance(error, HTTPException)
    try:
        phrase = HTTPStatus(error.status_code).phrase
    except ValueError:
        phrase = "Error"
    code = phrase.lower().replace(" ", "-")
    return answer(error.status_code, code, str(error.detail), error.headers)


async def of_validation(request: Request, error: Exception) -> Response:
    """Handler of JSON, query and path values that are not what they should be."""
    assert isinstance(error, RequestValidationError)
    sentences = (
        f"{'.'.join(map(str, each['loc'][1:])) or 'The body'}: {each['msg']}."
        for each in error.errors()
    )
    return answer(422, "invalid-request", " ".join(dict.fromkeys(sentences)))


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of a route's problems."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }
