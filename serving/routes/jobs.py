"""The routes `/v1/jobs/{id}`: where it stands, its events, its preview, its result; stop it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from core.film.clips import containers
from core.jobs.durable import Handle
from serving import jobs
from serving.dependencies import OfCaller, OfService, Service
from serving.messages import bodies, pictures, problems, schemas
from serving.messages.problems import Refused

router = APIRouter(tags=["jobs"], responses=problems.responses(401, 404, 422, 429, 503))

_FILMS = {name: {"schema": bodies.FILE} for name in containers.MEDIA_TYPES.values()}
_RESULT = pictures.RESPONSE | {
    "description": f"{pictures.RESPONSE['description']} Of a film, the file that was ordered.",
    "content": pictures.RESPONSE["content"] | _FILMS,
}
_POLL = 0.25  # seconds between looks for new events
_QUIET = 15.0  # seconds after which a comment keeps the connection alive


@router.get(
    "/v1/jobs/{job_id}",
    name="job",
    summary="Where does it stand?",
    response_model=schemas.Job,
    responses={304: {"description": "As it was when it had this ETag"}},
)
async def job(request: Request, job_id: str, by: OfCaller) -> Response:
    """A job at this moment; with `If-None-Match`, only if it has changed."""
    found = await run_in_threadpool(lambda: jobs.described(jobs.find(job_id, by.name)))
    return _answer(found, request.headers.get("if-none-match"))


@router.delete("/v1/jobs/{job_id}", summary="Stop it", status_code=202, response_model=schemas.Job)
async def stop(job_id: str, by: OfCaller) -> Response:
    """Draws no further step, and keeps as the result what is painted by then."""

    def cancelled() -> schemas.Job:
        handle = jobs.find(job_id, by.name)
        if not handle.is_finished:
            handle.cancel()
        return jobs.described(handle)

    return _answer(await run_in_threadpool(cancelled), status=202)


@router.get(
    "/v1/jobs/{job_id}/events",
    summary="Follow it",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `id` is the number, `event` a state or `progress`, "
            "`data` JSON. The stream ends with the job.",
            "content": {"text/event-stream": {"schema": schemas.Happened.model_json_schema()}},
        }
    },
)
async def events(
    job_id: str,
    of: OfService,
    by: OfCaller,
    last_event_id: Annotated[
        str | None, Header(description="The last event that was seen: those after it follow")
    ] = None,
) -> Response:
    """Everything that happens to a job, from its beginning, or from an event on."""
    after = _number(last_event_id)
    handle = await run_in_threadpool(jobs.find, job_id, by.name)
    return StreamingResponse(
        _stream(handle, after, of),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get(
    "/v1/jobs/{job_id}/preview",
    summary="How does it look by now?",
    response_class=Response,
    responses={
        200: {
            "description": "The latest state as a small JPEG",
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def preview(
    job_id: str,
    by: OfCaller,
    large: Annotated[
        bool, Query(description="The one of when the scale last changed, in up to 1200 pixels")
    ] = False,
) -> Response:
    """The picture as it forms; 404 before there is anything to see."""

    def seen() -> bytes | None:
        job = jobs.find(job_id, by.name)
        return job.still() if large else job.preview()

    found = await run_in_threadpool(seen)
    if found is None:
        raise problems.not_found("There is nothing to see yet, or not any more.")
    return Response(found, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.get(
    "/v1/jobs/{job_id}/result",
    summary="What came of it",
    response_class=Response,
    responses=problems.responses(406, 409, 410) | {200: _RESULT},
)
async def result(request: Request, job_id: str, by: OfCaller) -> Response:
    """The painting or film, finished or stopped; 409 before its end, 410 when it is not kept."""

    def made() -> tuple[bytes, str, schemas.Answered]:
        handle = jobs.find(job_id, by.name)
        file = jobs.result(handle, lambda: pictures.accepted(request))
        return file.data, file.media_type, jobs.answered(handle)

    data, media_type, answered = await run_in_threadpool(made)
    return Response(data, media_type=media_type, headers=pictures.headers(answered, job_id))


def _answer(found: schemas.Job, known: str | None = None, status: int = 200) -> Response:
    told = found.model_dump_json()
    tag = f'"{hashlib.sha256(told.encode()).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if known is not None and tag in [each.strip().removeprefix("W/") for each in known.split(",")]:
        return Response(None, 304, headers)
    if found.state in ("waiting", "running"):
        headers["Retry-After"] = "1"
    return Response(told, status, headers, media_type="application/json")


def _number(last_event_id: str | None) -> int:
    """The number of the last event that was seen.

    Raises:
        Refused: 422, if it is none.
    """
    if not last_event_id:
        return 0
    digits = last_event_id if last_event_id.isascii() and last_event_id.isdigit() else ""
    if not digits or len(digits) > 15 or int(digits) > schemas.MOST_ID:
        raise Refused(422, "invalid-request", "Last-Event-ID is the number of an event.")
    return int(digits)


async def _stream(handle: Handle, after: int, of: Service) -> AsyncIterator[str]:
    """The events as they happen, until the job ends or the service does."""
    said = time.monotonic()
    yield "retry: 1000\n\n"
    while not of.draining.is_set():
        # In this order: else the last event might come between the two.
        is_over = await run_in_threadpool(lambda: handle.is_finished)
        found = await run_in_threadpool(handle.events_after, after)
        for event in found:
            after, said = event.number, time.monotonic()
            data = jobs.told(event).model_dump_json(exclude_none=True)
            yield f"id: {event.number}\nevent: {event.kind}\ndata: {data}\n\n"
            if event.is_last:
                return
        if not found:
            if is_over:
                return
            if time.monotonic() - said > _QUIET:
                said = time.monotonic()
                yield ": still there\n\n"
            await asyncio.sleep(_POLL)
