"""The routes `/v1/identifications` and `/v1/explanations`: who painted this, and why them."""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from core import identify, images
from core.identify import ExplainRequest, IdentifyRequest
from core.images import Picture
from core.images.encoding import Format
from core.images.types import Pixels
from core.journal import JournalError, record
from serving import metrics
from serving.dependencies import OfCaller, OfService, worked
from serving.messages import bodies, pictures, problems, schemas
from serving.messages.pictures import File
from serving.messages.schemas import Identified

router = APIRouter(tags=["identify"])

_PICTURE = {"picture": bodies.picture("The painting: JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF.")}


def _form(model: type[IdentifyRequest] | type[ExplainRequest]) -> dict[str, Any]:
    return bodies.form(_PICTURE, model, required=["picture"])


_LONGEST = 1600  # pixels of a side of a picture with its heat map
_REFUSED = problems.responses(400, 401, 408, 413, 415, 422, 429, 503)


@router.post(
    "/v1/identifications",
    summary="Who painted this?",
    response_model=Identified,
    responses=_REFUSED,
    openapi_extra=bodies.described(_form(IdentifyRequest), IdentifyRequest),
)
async def identifications(request: Request, of: OfService, by: OfCaller) -> Response:
    """Names the most probable artists of one painting, with calibrated probabilities."""
    of.names.check()
    async with bodies.read(request, ["picture"], pictures=1) as body:
        asked = body.filled(IdentifyRequest)
        data = body.one("picture")
        found = await worked(of.names, request, lambda _: _identified(data, asked, by.name))
    return Response(found.model_dump_json(), media_type="application/json")


@router.post(
    "/v1/explanations",
    summary="Where did it look?",
    response_class=Response,
    responses=_REFUSED | problems.responses(406) | {200: pictures.RESPONSE},
    openapi_extra=bodies.described(_form(ExplainRequest), ExplainRequest),
)
async def explanations(request: Request, of: OfService, by: OfCaller) -> Response:
    """The painting with what spoke for an artist lit, and the rest in shade (Grad-CAM)."""
    kind = pictures.accepted(request)
    of.names.check()
    async with bodies.read(request, ["picture"], pictures=1) as body:
        asked = body.filled(ExplainRequest)
        data = body.one("picture")
        return pictures.answer(
            await worked(of.names, request, lambda _: _explained(data, asked, kind))
        )


def _explained(data: bytes, asked: ExplainRequest, kind: Format) -> File:
    picture = images.load(data, enough=_LONGEST)
    artist = asked.artist
    if artist is None:
        artist = identify.identify(picture, asked.model, top=1).guesses[0].artist.id
    return pictures.file(_lit(picture, artist, asked.model), kind, asked.model)


def _identified(data: bytes, asked: IdentifyRequest, caller: str) -> Identified:
    """Decodes, identifies, and keeps the prediction in the journal."""
    started = time.perf_counter()
    enough = _LONGEST if asked.explain else identify.ENOUGH
    picture = images.load(data, enough=enough)
    decoded = time.perf_counter()
    result = identify.identify(picture, asked.model, top=asked.top)
    metrics.stages.labels("decode").observe(decoded - started)
    metrics.stages.labels("network").observe(result.seconds)
    guesses = result.guesses
    lit = None
    if asked.explain:
        pixels = _lit(picture, guesses[0].artist.id, asked.model)
        lit = base64.b64encode(images.encode(pixels, "JPEG", quality=90)).decode()
    try:
        number = record(
            result,
            picture_sha256=hashlib.sha256(data).hexdigest(),
            session=f"service {caller}".strip(),
        )
    except JournalError:
        number = None  # who asked still gets the answer
    version = schemas.version(asked.model)
    metrics.predictions.labels(asked.model, version, schemas.ARM, str(result.known).lower()).inc()
    metrics.top_probability.labels(asked.model).observe(guesses[0].probability)
    return Identified(
        artists=[
            schemas.Guess(id=g.artist.id, name=g.artist.name, probability=g.probability)
            for g in guesses
        ],
        known=result.known,
        known_score=result.known_score,
        model=result.model,
        version=version,
        arm=schemas.ARM,
        prediction_id=number,
        seconds=result.seconds,
        explanation=lit,
    )


def _lit(picture: Picture, artist: str, model: str) -> Pixels:
    small = replace(picture, pixels=images.preview(picture.pixels, _LONGEST))
    return identify.overlay(small.pixels, identify.explain(small, model, artist_id=artist))
