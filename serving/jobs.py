"""Jobs as the service sees them: submitted within limits, described, and their results."""

from __future__ import annotations

from functools import lru_cache

from core import images, tensorflow_compat
from core.errors import InvalidRequest
from core.images import encoding
from core.images.encoding import Format
from core.jobs import State
from core.jobs.durable import DatabaseEngine, Event, File, Handle, Outline
from core.releases.arms import CHAMPION
from core.settings import settings
from core.stylize import extractors, instant
from core.stylize.session.durable import STYLIZE, StylizeOrder
from serving import metrics
from serving.messages import schemas
from serving.messages.problems import Refused, busy, not_found

_RETRY = 10.0  # seconds after which a caller with too many jobs may try again


def submit(order: StylizeOrder, *, owner: str, key: str | None, here: bool) -> Handle:
    """Puts a painting into the queue; sent again with the same key, it is the first one.

    Args:
        here: Whether the workers of this service will paint it.

    Raises:
        Refused: 429 if the caller has too many jobs that are not finished, 422 if the key was
            that of another order.
        TensorFlowMissing: If it cannot be painted here.
    """
    if here and order.request.mode == "refine":
        tensorflow_compat.require("Refining")
    engine = DatabaseEngine()
    known = key is not None and any(job.key == key for job in engine.outlines(owner))
    if not known and engine.count(owner=owner) >= settings().service_jobs:
        metrics.rejected.labels("jobs").inc()
        raise busy(
            _RETRY,
            f"You have {settings().service_jobs} jobs that are not finished: wait for one, or stop "
            "it.",
            "too-many-jobs",
        )
    job = engine.submit(STYLIZE, order, key=key, owner=owner)
    if known and job.payload() not in (order, None):
        raise Refused(422, "idempotency-key-reused", "This Idempotency-Key was another request's.")
    return job


def find(job_id: str, owner: str) -> Handle:
    """A job of this caller.

    Raises:
        Refused: 404.
    """
    job = DatabaseEngine().find(job_id, owner)
    if job is None:
        raise not_found("There is no such job, or it is not yours.")
    return job


def described(job: Handle) -> schemas.Job:
    """What is said of a job."""
    known = job.outline()
    return schemas.Job(
        id=known.id,
        task=known.task,
        state=known.state.value,
        position=job.position if known.state is State.waiting else 0,
        progress=None
        if known.progress is None
        else schemas.Progress.model_validate(known.progress.model_dump()),
        error=None
        if known.error is None
        else schemas.Failure(code=known.error.code, detail=known.error.sentence),
        events=known.events,
        expires=known.expires,
        prediction_id=known.id,
        **dict(answered(job)),
    )


def told(event: Event) -> schemas.Happened:
    """What the followers of a job are told."""
    data = event.data
    return schemas.Happened(
        time=event.time,
        progress=schemas.Progress.model_validate(data) if event.kind == "progress" else None,
        resumed=data.get("resumed"),
        error=schemas.Failure(code=data["code"] or "error", detail=data["error"])
        if event.kind == "failed"
        else None,
    )


def result(job: Handle, kind: Format) -> File:
    """What a job has painted, in a format.

    Raises:
        Refused: 409 if it is not finished, or was stopped before there was anything.
        JobFailed: If it failed.
        ResultExpired: If it is not kept any more.
    """
    known = job.outline()
    if not known.is_finished:
        after = _left(known)
        raise Refused(
            409, "not-finished", "The job is not finished yet.", {"Retry-After": str(after)}
        )
    made = job.result(timeout=0)
    if made is None:
        raise Refused(409, "nothing-painted", "The job was stopped before it began.")
    if not isinstance(made, File):
        raise InvalidRequest("The result of this job is no picture.")
    if made.media_type == f"image/{kind.name.lower()}":
        return made
    pixels = images.load(made.data).pixels
    encoding.check_size(kind, *pixels.shape[:2])
    return File(images.encode(pixels, kind), f"image/{kind.name.lower()}")


def _left(known: Outline) -> int:
    left = known.progress.seconds_left if known.progress else None
    return max(1, min(60, round(left or 2)))


_UNKNOWN = schemas.Answered(model="unknown", version="unknown", arm=CHAMPION)


def answered(job: Handle) -> schemas.Answered:
    """Who paints it; unknown when it has long been over."""
    return _of_order(job.url, job.id) or _UNKNOWN


@lru_cache(maxsize=1000)
def _of_order(url: str, job_id: str) -> schemas.Answered | None:
    order = Handle(url, job_id).payload()
    if not isinstance(order, StylizeOrder):
        return None
    if order.request.mode == "instant":
        return schemas.by(instant.MODEL)
    if order.request.network == extractors.DEFAULT:
        return schemas.by("vgg16_base")
    # Not one of the catalogue, but of Keras.
    return schemas.Answered(model=order.request.network, version="keras", arm=CHAMPION)
