"""The routes of what is said of a prediction: whether it was right, whether its picture is kept."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from core import artists, journal
from core.errors import InvalidRequest, UnknownName
from core.journal import pictures
from serving import metrics
from serving.dependencies import OfCaller, OfService, worked
from serving.messages import bodies, problems
from serving.messages.problems import Refused
from serving.messages.schemas import MOST_ID, Feedback, Kept
from serving.messages.small import SmallRoute
from serving.visitors import session_of

router = APIRouter(tags=["identify"])
of_words = APIRouter(tags=["identify"], route_class=SmallRoute)

_PICTURE = {"picture": bodies.picture("The file that was identified.")}
_FORM = bodies.form(_PICTURE, required=["picture"])

PredictionId = Annotated[int, Path(ge=1, le=MOST_ID)]


@of_words.post(
    "/v1/feedback",
    summary="Was this right?",
    status_code=201,
    responses=problems.responses(400, 401, 408, 413, 422, 429, 503),
)
async def feedback(said: Feedback, by: OfCaller) -> Kept:
    """Keeps what its owner says of a prediction; a later word counts instead of an earlier one."""
    await run_in_threadpool(_keep, said, by.name)
    metrics.feedback.labels(str(said.right).lower()).inc()
    return Kept(**said.model_dump())


@router.put(
    "/v1/predictions/{prediction_id}/picture",
    summary="Keep the picture",
    status_code=204,
    responses=problems.responses(400, 401, 403, 408, 413, 415, 422, 429, 503),
    openapi_extra=bodies.described(_FORM),
)
async def keep(
    request: Request,
    prediction_id: PredictionId,
    of: OfService,
    by: OfCaller,
    cut_out: Annotated[
        bool, Query(description="Only of the painting in it, where that was cut out, too")
    ] = False,
) -> None:
    """Keeps a small copy of the picture of a prediction to learn from it: its owner allows it.

    The picture comes again, since none is kept before; only the one that was identified is taken.
    """
    if not pictures.may_be_asked():
        raise Refused(403, "not-kept", "No pictures are kept here.")
    async with bodies.read(request, ["picture"], pictures=1) as body:
        data = body.one("picture")

        def kept(_: object) -> None:
            _check(prediction_id, hashlib.sha256(data).hexdigest(), by.name)
            pictures.keep(prediction_id, data, cut_out=cut_out)

        await worked(of.orders, request, kept)


@router.delete(
    "/v1/predictions/{prediction_id}/picture",
    summary="Keep it no longer",
    status_code=204,
    responses=problems.responses(401, 422, 429, 503),
)
async def drop(
    prediction_id: PredictionId,
    by: OfCaller,
    sha256: Annotated[str, Query(description="Of the picture", pattern="^[0-9a-f]{64}$")],
) -> None:
    """Deletes the copy at once, if there is one: whoever allowed it may think again."""

    def dropped() -> None:
        _check(prediction_id, sha256, by.name)
        pictures.drop(prediction_id)

    await run_in_threadpool(dropped)


router.include_router(of_words)


def _check(prediction_id: int, picture_sha256: str, caller: str) -> None:
    if not pictures.is_of(prediction_id, picture_sha256, session_of(caller)):
        raise InvalidRequest(f"There is no prediction {prediction_id} of this picture.")


def _keep(said: Feedback, caller: str) -> None:
    if said.artist is not None:
        artists.get(said.artist)
    if not journal.is_known(said.prediction_id, session_of(caller)):
        raise UnknownName(f"There is no prediction {said.prediction_id}.")
    journal.give_feedback(
        said.prediction_id, right=said.right, artist_id=said.artist, stranger=said.stranger
    )
