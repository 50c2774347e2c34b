"""Health and metadata, as the Open Inference Protocol names them, and `/metrics`."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool

from core import models
from core.database import DatabaseError
from core.errors import UnknownName
from core.jobs.durable import DatabaseEngine
from core.models import versions
from core.releases import following
from serving import metrics
from serving.dependencies import OfCaller, OfService
from serving.messages import problems, schemas
from serving.messages.problems import not_found
from serving.routes.catalogues import check

router = APIRouter(tags=["health"])


@router.get("/v2/health/live", summary="Is the process there?")
async def live() -> schemas.Live:
    """Always true."""
    return schemas.Live()


@router.get(
    "/v2/health/ready",
    summary="Does it take requests?",
    responses={503: {"model": schemas.Ready, "description": "Not yet, or not any more"}},
)
async def ready(of: OfService, response: Response) -> schemas.Ready:
    """True once the first request would be answered at once; false while the service ends."""
    response.status_code = 200 if of.is_ready else 503
    return schemas.Ready(ready=of.is_ready)


@router.get("/v2/models/{model_id}", summary="Metadata", responses=problems.responses(404))
@router.get(
    "/v2/models/{model_id}/versions/{version}",
    summary="Metadata of a version",
    responses=problems.responses(404),
)
async def metadata(model_id: str, by: OfCaller, version: str | None = None) -> schemas.Metadata:
    """What goes into a model and what comes out, for tools; `/v1/` has it to be used."""
    found = _of_version(model_id, version).entry
    outputs = [schemas.Tensor(name="picture", datatype="BYTES", shape=[1])]
    if found.task == "identify":
        outputs = [schemas.Tensor(name="probability", datatype="FP32", shape=[len(found.artists)])]
    return schemas.Metadata(
        name=found.id,
        versions=_served(found.id),
        platform="atelier_litert" if found.graphs else "atelier_keras",
        inputs=[schemas.Tensor(name="picture", datatype="BYTES", shape=[1])],
        outputs=outputs,
    )


@router.get(
    "/v2/models/{model_id}/ready",
    summary="Is a model in memory?",
    responses=problems.responses(404) | {503: {"model": schemas.Ready}},
)
@router.get(
    "/v2/models/{model_id}/versions/{version}/ready",
    summary="Is a version in memory?",
    responses=problems.responses(404) | {503: {"model": schemas.Ready}},
)
async def model_ready(
    model_id: str, of: OfService, by: OfCaller, response: Response, version: str | None = None
) -> schemas.Ready:
    """True once the model is loaded, which its first request has done."""
    found = _of_version(model_id, version)
    there = models.is_loaded(model_id, found.id) and of.is_ready
    response.status_code = 200 if there else 503
    return schemas.Ready(ready=there, name=model_id)


@router.get("/metrics", summary="Metrics", response_class=Response)
async def scrape(of: OfService, by: OfCaller) -> Response:
    """Everything that is counted, as Prometheus reads it."""
    metrics.ready.set(of.is_ready)
    metrics.models_served.clear()
    for model_id in models.catalogue():
        for version in _served(model_id):
            found = versions.find(model_id, version)
            metrics.models_served.labels(model_id, version, found.entry.file.sha256).set(1)
    engine = DatabaseEngine()
    try:
        counts = await run_in_threadpool(engine.counts)
        metrics.jobs_resumed.value = await run_in_threadpool(engine.times_resumed)
    except DatabaseError:  # the rest is told all the same, and nothing of before
        metrics.jobs.clear()
        metrics.jobs_resumed.value = None
    else:
        for state, count in counts.items():
            metrics.jobs.labels(state.value).set(count)
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _served(model_id: str) -> list[str]:
    """The versions that answer, the one that serves first."""
    serving = following.follower().serving(model_id)
    return [serving.champion, *([serving.challenger.version] if serving.challenger else [])]


def _of_version(model_id: str, version: str | None) -> models.Version:
    check(model_id)
    try:
        return versions.find(model_id, version or _served(model_id)[0])
    except UnknownName as error:
        raise not_found(str(error)) from None
