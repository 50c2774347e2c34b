"""The route `/v1/similar`: the paintings of the service's collection that are like a picture."""

from __future__ import annotations

import logging
import time
from functools import partial
from pathlib import Path

from fastapi import APIRouter, Request

from core import artists, collection, identify, images, models, similar
from core.collection import CollectionError
from core.settings import settings
from core.similar import Neighbor, NotIndexed, SimilarRequest
from serving.dependencies import OfCaller, OfService, worked
from serving.engines.interface import Stopping
from serving.messages import bodies, problems, schemas
from serving.messages.problems import Refused
from serving.messages.schemas import Similar

log = logging.getLogger(__name__)

router = APIRouter(tags=["similar"])

_FORM = bodies.form(
    {"picture": bodies.picture("A picture: JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF.")},
    SimilarRequest,
    required=["picture"],
)
_AGAIN_AFTER = 60  # seconds; a collection is described at some ten milliseconds a painting


@router.post(
    "/v1/similar",
    summary="Which paintings are like this?",
    responses=problems.responses(400, 401, 404, 408, 413, 415, 422, 429, 503),
    openapi_extra=bodies.described(_FORM, SimilarRequest),
)
async def similar_paintings(request: Request, of: OfService, by: OfCaller) -> Similar:
    """Names the paintings of the collection that are nearest to a picture, the nearest first.

    What comes back are names and distances; pictures of the collection are not given away.
    """
    place = settings().collection
    if place is None:
        raise Refused(
            404,
            "no-collection",
            "This service has no collection of paintings: ATELIER_COLLECTION names none.",
        )
    of.names.check()
    async with bodies.read(request, ["picture"], pictures=1) as body:
        asked = body.filled(SimilarRequest)
        data = body.one("picture")
        try:
            return await worked(
                of.names,
                request,
                lambda stopping: of.engine.do(
                    "identify", partial(_found, data, place, asked), stopping
                ),
            )
        except (NotIndexed, CollectionError) as error:  # whose words name a place on the server
            log.warning("No similar paintings: %s", error)
            raise _unusable(error) from None


def _unusable(error: NotIndexed | CollectionError) -> Refused:
    if isinstance(error, NotIndexed):
        sentence = (
            "The paintings of the collection are not described yet: whoever runs this service "
            "does it with `python -m core scan DIRECTORY --similar`."
        )
    else:
        sentence = "The collection of this service cannot be read: its log says why."
    return Refused(503, error.code, sentence, {"Retry-After": str(_AGAIN_AFTER)})


def _found(data: bytes, place: Path, asked: SimilarRequest, _: Stopping) -> Similar:
    """Decodes, describes and searches."""
    picture = images.load(data, enough=identify.ENOUGH)
    started = time.perf_counter()
    found = similar.similar(picture, place, asked)
    seconds = time.perf_counter() - started
    return Similar(
        paintings=[_neighbor(each) for each in found],
        described=similar.count(place),
        seconds=seconds,
        **schemas.by(models.DEFAULT).model_dump(),
    )


def _neighbor(found: Neighbor) -> schemas.Neighbor:
    painting = found.painting
    artist = artists.find(painting.artist) if painting.artist else None
    return schemas.Neighbor(
        painter=painting.artist or None,
        artist=artist.id if artist else None,
        title=collection.title(painting.file),
        file=painting.file,
        distance=found.distance,
    )
