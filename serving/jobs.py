"""Jobs as the service sees them: submitted within limits, described, and their results."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from core import images, monet, tensorflow_compat
from core.errors import InvalidRequest
from core.film.durable import FILM, JOURNEY, ClipOrder, LoopOrder
from core.images import encoding
from core.images.encoding import Format
from core.jobs import State
from core.jobs.durable import DatabaseEngine, Event, File, Handle, Outline, Payload
from core.monet.durable import MonetOrder
from core.releases.arms import CHAMPION
from core.settings import settings
from core.stylize import extractors, instant
from core.stylize.request import StylizeRequest
from core.stylize.session.durable import StylizeOrder
from serving import metrics
from serving.engines.interface import Stopping
from serving.messages import schemas
from serving.messages.problems import Gone, Refused, busy, not_found

_ID = re.compile("[0-9a-f]{32}")
_RETRY = 10.0  # seconds after which a caller with too many jobs may try again


def check(order: StylizeOrder) -> None:
    """Makes sure that the workers of this service can paint it.

    Raises:
        TensorFlowMissing: If not.
    """
    if order.request.mode == "refine":
        tensorflow_compat.require("Refining")


def submit(task: str, order: Payload, *, owner: str, key: str | None, stopping: Stopping) -> Handle:
    """Puts a painting or a film into the queue; sent again with the same key, it is the first one.

    Args:
        stopping: Whether who asked has gone while it was looked at.

    Raises:
        Gone: If so: nobody would learn its id, and it would be painted for nobody.
        Refused: 429 if the caller has too many jobs that are not finished, 422 if the key was
            that of another order.
    """
    if stopping():
        raise Gone
    engine = DatabaseEngine()
    known = None if key is None else engine.sent(key, owner)
    if known is None and engine.count(owner=owner) >= settings().service_jobs:
        metrics.rejected.labels("jobs").inc()
        raise busy(
            _RETRY,
            f"You have {settings().service_jobs} jobs that are not finished: wait for one, or stop "
            "it.",
            "too-many-jobs",
        )
    job = engine.submit(task, order, key=key, owner=owner)
    if known is not None and job.payload() not in (order, None):
        raise Refused(422, "idempotency-key-reused", "This Idempotency-Key was another request's.")
    return job


def find(job_id: str, owner: str) -> Handle:
    """A job of this caller.

    Raises:
        Refused: 404.
    """
    job = DatabaseEngine().find(job_id, owner) if _ID.fullmatch(job_id) else None
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


def result(job: Handle, kind: Callable[[], Format]) -> File:
    """What a job has painted.

    Args:
        kind: The format that a picture is to have. A film is what it was ordered to be.

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
        raise Refused(
            409, "nothing-painted", "The job was stopped before there was anything to keep."
        )
    if not isinstance(made, File):
        raise InvalidRequest("The result of this job is no picture.")
    if known.task in (FILM, JOURNEY):
        return made
    wanted = kind()
    if made.media_type == f"image/{wanted.name.lower()}":
        return made
    pixels = images.load(made.data).pixels
    encoding.check_size(wanted, *pixels.shape[:2])
    return File(images.encode(pixels, wanted), f"image/{wanted.name.lower()}")


def _left(known: Outline) -> int:
    left = known.progress.seconds_left if known.progress else None
    return max(1, min(60, round(left or 2)))


def painter(request: StylizeRequest) -> str | None:
    """The id of the model that paints; None if it is not one of the catalogue, but of Keras."""
    if request.mode == "instant":
        return instant.MODEL
    return "vgg16_base" if request.network == extractors.DEFAULT else None


_UNKNOWN = schemas.Answered(model="unknown", version="unknown", arm=CHAMPION)


def answered(job: Handle) -> schemas.Answered:
    """Who paints it; unknown when it has long been over."""
    return _of_order(job.url, job.id) or _UNKNOWN


@lru_cache(maxsize=1000)
def _of_order(url: str, job_id: str) -> schemas.Answered | None:
    order = Handle(url, job_id).payload()
    if isinstance(order, MonetOrder):
        return schemas.by(monet.MODELS[order.request.direction])
    if isinstance(order, ClipOrder):
        way = order.request.way
        return schemas.by(monet.MODELS["to-monet"] if way == "monet" else instant.MODEL)
    if isinstance(order, LoopOrder):
        return schemas.by(instant.MODEL)
    if not isinstance(order, StylizeOrder):
        return None
    if (model := painter(order.request)) is not None:
        return schemas.by(model)
    return schemas.Answered(model=order.request.network, version="keras", arm=CHAMPION)
