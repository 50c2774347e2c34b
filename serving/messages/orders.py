"""Orders of jobs: what they have in common, and the answer to one that is accepted."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from core.errors import InvalidRequest
from core.stylize import artist_styles
from core.stylize.request import MOST_SENT
from core.stylize.session.durable import Style
from serving.messages import bodies, schemas
from serving.messages.bodies import Body

PICTURE = "a picture"  # what it is called: names of files say more than we want to know

HEADERS = {"Idempotency-Key": "Sent again with the same key, a job is the same one."}

STYLES: dict[str, Any] = {
    "type": "array",
    "maxItems": MOST_SENT,
    "items": bodies.FILE,
    "description": "How to paint it: pictures, or in place of a file the id of a painter, see "
    "/v1/styles; several blend.",
}

ACCEPTED: dict[str, Any] = {
    "model": schemas.Job,
    "description": "A job that paints it",
    "headers": {
        "Location": {"description": "Of the job.", "schema": {"type": "string"}},
        "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}},
    },
}

_LONGEST_KEY = 200


def is_wanted(request: Request) -> bool:
    """Whether a job is asked for in place of an answer."""
    return "respond-async" in request.headers.get("prefer", "")


def key(request: Request) -> str | None:
    """What who asks calls this order.

    Raises:
        InvalidRequest: If it is too long, or empty.
    """
    found = request.headers.get("idempotency-key")
    if found is not None and not 1 <= len(found) <= _LONGEST_KEY:
        raise InvalidRequest(f"An Idempotency-Key has 1 to {_LONGEST_KEY} characters.")
    return found


def styles(body: Body, most: int = MOST_SENT) -> list[bytes | str]:
    """The styles of a body: files, or ids of painters.

    Raises:
        InvalidRequest: If there are none, or too many.
        UnknownName: If there is no such painter.
    """
    given = body.parts.get("style", [])
    if not 1 <= len(given) <= most:
        raise InvalidRequest(
            f"One to {most} styles are needed as parts 'style': pictures, or painters."
        )
    for each in given:
        if isinstance(each, str):
            artist_styles.load(each)
    return given


def style(given: bytes | str) -> Style:
    """A style as jobs take it."""
    return Style(artist=given) if isinstance(given, str) else Style(picture=given, name=PICTURE)


def answer(request: Request, job: schemas.Job) -> Response:
    """202, with where the job is."""
    return Response(
        job.model_dump_json(),
        202,
        media_type="application/json",
        headers={
            "Location": str(request.url_for("job", job_id=job.id).path),
            "Retry-After": "1",
            "Preference-Applied": "respond-async",
        },
    )
