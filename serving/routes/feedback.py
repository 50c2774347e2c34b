"""The route `/v1/feedback`: whether a prediction was right."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from core import artists, journal
from core.errors import UnknownName
from serving import metrics
from serving.dependencies import OfCaller
from serving.messages import problems
from serving.messages.schemas import Feedback, Kept

router = APIRouter(tags=["identify"])


@router.post(
    "/v1/feedback",
    summary="Was this right?",
    status_code=201,
    responses=problems.responses(400, 401, 422, 429, 503),
)
async def feedback(said: Feedback, by: OfCaller) -> Kept:
    """Keeps what somebody says of a prediction; a later word counts instead of an earlier one."""
    await run_in_threadpool(_keep, said)
    metrics.feedback.labels(str(said.right).lower()).inc()
    return Kept(**said.model_dump())


def _keep(said: Feedback) -> None:
    if said.artist is not None:
        artists.get(said.artist)
    if not journal.is_known(said.prediction_id):
        raise UnknownName(f"There is no prediction {said.prediction_id}.")
    journal.give_feedback(said.prediction_id, right=said.right, artist_id=said.artist)
