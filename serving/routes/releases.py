"""The route `/v1/releases`: which version of a model serves, for keepers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from core.errors import InvalidRequest
from core.releases import rows
from serving.dependencies import OfKeeper
from serving.messages import problems
from serving.messages.schemas import Change, Release
from serving.messages.small import SmallRoute

router = APIRouter(
    tags=["releases"],
    responses=problems.responses(401, 403, 429, 503),
    route_class=SmallRoute,
)


@router.get("/v1/releases", summary="Releases", responses=problems.responses(422))
async def all_releases(
    by: OfKeeper,
    model: Annotated[str | None, Query(max_length=100, pattern="^[^\\x00]*$")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Release]:
    """Who released what, when and why, newest first."""
    found = await run_in_threadpool(rows.history, model, limit=limit)
    return [Release.model_validate(row) for row in found]


@router.post(
    "/v1/releases",
    summary="Change what serves",
    status_code=201,
    responses=problems.responses(400, 408, 409, 413, 422),
)
async def change(asked: Change, by: OfKeeper) -> Release:
    """Releases, tries out, promotes or rolls back; all processes follow within 3 seconds."""
    return Release.model_validate(await run_in_threadpool(_changed, asked, f"key {by.name}"))


def _changed(asked: Change, who: str) -> rows.Release:
    if asked.action == "promote":
        return rows.promote(asked.model, who=who, reason=asked.reason)
    if asked.action == "rollback":
        return rows.rollback(asked.model, who=who, reason=asked.reason)
    if asked.action == "canary":
        return rows.canary(asked.model, asked.version, asked.share, who=who, reason=asked.reason)
    if asked.version is None:
        raise InvalidRequest("A release is of a version: say which one.")
    return rows.release(asked.model, asked.version, who=who, reason=asked.reason)
