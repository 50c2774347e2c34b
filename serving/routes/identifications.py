"""The routes `/v1/identifications` and `/v1/explanations`: who painted this, and why them."""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from core import identify, images
from core.identify import ExplainRequest, IdentifyRequest, outline
from core.images import Picture
from core.images.encoding import Format
from core.images.types import Pixels
from core.journal import JournalError, failures_kept, record
from core.journal import pictures as kept
from core.releases.following import Dealt
from serving import metrics, shadow
from serving.dependencies import OfCaller, OfService, worked
from serving.engines.interface import Stopping
from serving.messages import bodies, pictures, problems, schemas
from serving.messages.pictures import File
from serving.messages.schemas import Answered, Identified
from serving.visitors import HEADERS, Visitor, session_of

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
    openapi_extra=bodies.described(_form(IdentifyRequest), IdentifyRequest, HEADERS),
)
async def identifications(request: Request, of: OfService, by: OfCaller) -> Response:
    """Names the most probable artists of one painting, with calibrated probabilities."""
    of.names.check()
    visitor = Visitor.of(request, by)
    async with bodies.read(request, ["picture"], pictures=1) as body:
        asked = body.filled(IdentifyRequest)
        data = body.one("picture")
        found = await worked(
            of.names,
            request,
            lambda stopping: _counted(
                of.engine.do(
                    "identify",
                    partial(_identified, data, asked, by.name, visitor.dealt(asked.model)),
                    stopping,
                )
            ),
        )
    answer = Response(
        found.model_dump_json(),
        media_type="application/json",
        background=BackgroundTask(shadow.cast, of, data, asked, found.prediction_id, found.arm),
    )
    visitor.remember(answer)
    return answer


@router.post(
    "/v1/explanations",
    summary="Where did it look?",
    response_class=Response,
    responses=_REFUSED | problems.responses(406) | {200: pictures.RESPONSE},
    openapi_extra=bodies.described(_form(ExplainRequest), ExplainRequest, HEADERS),
)
async def explanations(request: Request, of: OfService, by: OfCaller) -> Response:
    """The painting with what spoke for an artist lit, and the rest in shade (Grad-CAM)."""
    kind = pictures.accepted(request)
    of.names.check()
    visitor = Visitor.of(request, by)
    async with bodies.read(request, ["picture"], pictures=1) as body:
        asked = body.filled(ExplainRequest)
        data = body.one("picture")
        answer = pictures.answer(
            await worked(
                of.names,
                request,
                lambda stopping: of.engine.do(
                    "identify",
                    partial(_explained, data, asked, kind, visitor.dealt(asked.model)),
                    stopping,
                ),
            )
        )
    visitor.remember(answer)
    return answer


def _explained(data: bytes, asked: ExplainRequest, kind: Format, dealt: Dealt, _: Stopping) -> File:
    picture = images.load(data, enough=_LONGEST)
    artist = asked.artist
    if artist is None:
        found = identify.identify(picture, asked.model, version=dealt.version, top=1)
        artist = found.guesses[0].artist.id
    by = schemas.by(asked.model, dealt)
    return pictures.file(_lit(picture, artist, by), kind, by)


@dataclass(frozen=True)
class _Found:
    """An answer, and the time that decoding took, in seconds."""

    said: Identified
    decoding: float


def _counted(found: _Found) -> Identified:
    """An answer, which the metrics of this process know from now on."""
    said = found.said
    metrics.stages.labels("decode").observe(found.decoding)
    metrics.stages.labels("network").observe(said.seconds)
    known = str(said.known).lower()
    metrics.predictions.labels(said.model, said.version, said.arm, known).inc()
    metrics.top_probability.labels(said.model).observe(said.artists[0].probability)
    return said


def _identified(
    data: bytes, asked: IdentifyRequest, caller: str, dealt: Dealt, _: Stopping
) -> _Found:
    """Decodes, identifies, and keeps the prediction in the journal."""
    by = schemas.by(asked.model, dealt)
    started = time.perf_counter()
    enough = _LONGEST if asked.explain else identify.ENOUGH
    picture, corners = outline.read(data, cut_out=asked.cut_out, enough=enough)
    decoded = time.perf_counter()
    with failures_kept(asked.model, dealt.version, dealt.arm):
        result = identify.identify(picture, asked.model, version=dealt.version, top=asked.top)
    guesses = result.guesses
    lit = None
    if asked.explain:
        pixels = _lit(picture, guesses[0].artist.id, by)
        lit = base64.b64encode(images.encode(pixels, "JPEG", quality=90)).decode()
    try:
        number = record(
            result,
            picture_sha256=hashlib.sha256(data).hexdigest(),
            session=session_of(caller),
            arm=dealt.arm,
        )
    except JournalError:
        number = None  # who asked still gets the answer
    said = Identified(
        artists=[
            schemas.Guess(id=g.artist.id, name=g.artist.name, probability=g.probability)
            for g in guesses
        ],
        known=result.known,
        known_score=result.known_score,
        kind=result.kind,
        kinds=None if result.kinds is None else schemas.Kinds(**result.kinds),
        model=result.model,
        version=result.version,
        arm=dealt.arm,
        prediction_id=number,
        kept_days=kept.days(),
        seconds=result.seconds,
        explanation=lit,
        corners=corners,
    )
    return _Found(said, decoded - started)


def _lit(picture: Picture, artist: str, by: Answered) -> Pixels:
    small = replace(picture, pixels=images.preview(picture.pixels, _LONGEST))
    heat = identify.explain(small, by.model, artist_id=artist, version=by.version)
    return identify.overlay(small.pixels, heat)
