"""The route `/v1/paintings`: a photo painted like pictures or painters, or as Monet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from core import images, monet
from core.errors import InvalidRequest
from core.images.encoding import Format
from core.images.types import Pixels
from core.monet import MonetRequest
from core.monet.durable import MONET, MonetOrder
from core.settings import settings
from core.stylize import instant, refine, regions, session
from core.stylize.request import StylizeRequest
from core.stylize.session import metadata
from core.stylize.session.durable import STYLIZE, StylizeOrder
from serving import jobs, metrics, visitors
from serving.dependencies import Caller, OfCaller, OfService, Service, worked
from serving.engines.interface import Stopping, Work
from serving.messages import bodies, orders, pictures, problems, schemas
from serving.messages.bodies import Body
from serving.messages.pictures import File

router = APIRouter(tags=["paint"])

PARTS = ("picture", "photo", "canvas", "style", "mask")
MOST_MASKS = 4

_FORM = bodies.form(
    {
        "picture": bodies.picture("What is painted as Monet, or a Monet that becomes a photo."),
        "photo": bodies.picture("What is painted like the styles."),
        "canvas": bodies.picture(
            "A painting of this photo, of the size that is asked for, to be refined further in "
            "place of what `start` says; `scales` says on which ones."
        ),
        "style": orders.STYLES,
        "mask": {
            "type": "array",
            "maxItems": MOST_MASKS,
            "items": bodies.FILE,
            "description": "Pictures that are white where a region is, and black elsewhere; see "
            "region_styles.",
        },
    },
    MonetRequest,
    StylizeRequest,
)

_HEADERS = orders.HEADERS | {
    "Prefer": "`respond-async`: a job also where it could be painted at once.",
    visitors.FORCE: "A version of the painter: the one that ships is the only one.",
}


@router.post(
    "/v1/paintings",
    summary="Paint a picture",
    response_class=Response,
    responses=problems.responses(400, 401, 406, 408, 413, 415, 422, 429, 503)
    | {200: pictures.RESPONSE, 202: orders.ACCEPTED},
    openapi_extra=bodies.described(_FORM, MonetRequest, _HEADERS),
)
async def paintings(request: Request, of: OfService, by: OfCaller) -> Response:
    """Paints.

    A `picture` alone becomes a Monet, or a photo again (`direction`). A `photo` with one or more
    `style`s is painted like them: at once (`mode=instant`), or refined as a job (202), of which
    there is one for an `Idempotency-Key`; `Prefer: respond-async` makes it a job in any case.
    """
    kind = pictures.accepted(request)
    of.orders.check()
    async with bodies.read(request, PARTS, pictures=3) as body:
        return await _painted(request, of, by, body, kind)


async def _painted(request: Request, of: Service, by: Caller, body: Body, kind: Format) -> Response:
    if "picture" in body.parts and "photo" in body.parts:
        raise InvalidRequest("A picture becomes a Monet, a photo is for a style: send not both.")
    if "picture" in body.parts and "style" in body.parts:
        body.parts["photo"] = body.parts.pop("picture")  # a raw one, with styles in the query
    if "photo" not in body.parts:
        return await _monet(request, of, by, body, kind)
    asked = body.filled(StylizeRequest)
    photo, styles, masks = body.one("photo"), orders.styles(body), _masks_of(body)
    canvas = body.one("canvas") if "canvas" in body.parts else None
    regions.wanted(asked, len(masks), len(styles))
    _check(asked)
    if canvas is not None and asked.mode == "instant":
        raise InvalidRequest("A canvas is to be refined: leave it out, or mode=instant.")
    if asked.mode == "refine" or orders.is_wanted(request):
        return await _job(request, of, by, asked, photo, styles, masks, canvas)
    of.paint.check()
    painter = visitors.painter(request, instant.MODEL)
    work = partial(_at_once, asked, photo, styles, masks, kind, painter)
    return await _answered(request, of, work)


async def _answered(request: Request, of: Service, work: Work[File]) -> Response:
    """Has a picture painted while the caller waits."""
    file = await worked(of.paint, request, partial(of.engine.do, "paint", work))
    metrics.paintings.labels(file.by.model, file.by.version, file.by.arm).inc()
    return pictures.answer(file)


async def _monet(request: Request, of: Service, by: Caller, body: Body, kind: Format) -> Response:
    for part in ("style", "mask", "canvas"):
        if part in body.parts:
            raise InvalidRequest(f"A {part} is for a photo: send one as the part 'photo'.")
    asked, picture = body.filled(MonetRequest), body.one("picture")
    painter = visitors.painter(request, monet.MODELS[asked.direction])
    if orders.is_wanted(request):
        key = orders.key(request)

        def ordered(stopping: Stopping) -> schemas.Job:
            images.load(picture, enough=monet.LONGEST)  # lest the job fails of it
            order = MonetOrder(request=asked, picture=picture)
            job = jobs.submit(MONET, order, owner=by.name, key=key, stopping=stopping)
            return jobs.described(job)

        return orders.answer(request, await worked(of.orders, request, ordered))
    of.paint.check()

    return await _answered(request, of, partial(_as_monet, asked, picture, kind, painter))


async def _job(
    request: Request,
    of: Service,
    by: Caller,
    asked: StylizeRequest,
    photo: bytes,
    styles: Sequence[bytes | str],
    masks: Sequence[bytes],
    canvas: bytes | None,
) -> Response:
    """Looks at the pictures, lest the job fails of them, and puts it into the queue."""
    key = orders.key(request)
    if (model := jobs.painter(asked)) is not None:
        visitors.painter(request, model)
    else:
        visitors.unversioned(request, asked.network)

    def work(stopping: Stopping) -> schemas.Job:
        size = _checked_size(images.load(photo, enough=2 * asked.rows).pixels, asked.rows)
        for each in styles:
            _style(each, asked)
        if canvas is not None and images.load(canvas).pixels.shape[:2] != size:
            raise InvalidRequest(f"The canvas must have the painting's size: {size[1]}×{size[0]}.")
        regions.lay_out(asked, [regions.load(mask) for mask in masks], len(styles), *size)
        order = StylizeOrder(
            request=asked,
            photo=photo,
            name="a photo",
            styles=tuple(map(orders.style, styles)),
            masks=tuple(masks),
            canvas=canvas,
        )
        if of.workers:
            jobs.check(order)
        job = jobs.submit(STYLIZE, order, owner=by.name, key=key, stopping=stopping)
        return jobs.described(job)

    return orders.answer(request, await worked(of.orders, request, work))


def _masks_of(body: Body) -> list[bytes]:
    """The masks of a body.

    Raises:
        InvalidRequest: If there are too many, or one is no file.
    """
    given = body.parts.get("mask", [])
    masks = [each for each in given if isinstance(each, bytes)]
    if len(masks) < len(given) or len(masks) > MOST_MASKS:
        raise InvalidRequest(f"At most {MOST_MASKS} parts 'mask' are taken, all of them pictures.")
    return masks


def _check(asked: StylizeRequest) -> None:
    """Refuses what would keep the service busy for too long.

    Raises:
        InvalidRequest: The sentence says how much it may be.
    """
    most = settings().service_steps
    if asked.mode == "refine" and asked.steps > most:
        raise InvalidRequest(f"At most {most} steps here, please (steps).")


def _checked_size(photo: Pixels, rows: int) -> tuple[int, int]:
    """Height and width of a painting; refuses one that would be too large.

    Raises:
        InvalidRequest: The sentence says how large it may be.
    """
    height, width = refine.size(photo, rows)
    most = settings().service_pixels
    if height * width > most:
        raise InvalidRequest(
            f"The painting would have {width}×{height} pixels; at most {most / 1e6:.3g} megapixels "
            "here, please: choose fewer rows."
        )
    return height, width


def _as_monet(
    asked: MonetRequest, picture: bytes, kind: Format, by: schemas.Answered, stopping: Stopping
) -> File:
    loaded = images.load(picture, enough=monet.LONGEST)
    done = monet.paint(loaded.pixels, asked.direction, brush=asked.brush, stopping=stopping)
    painted = monet.blend(done.before, done.after, asked.strength)
    return pictures.file(painted, kind, by, made=asked.model_dump(mode="json"))


def _at_once(
    asked: StylizeRequest,
    photo: bytes,
    styles: Sequence[bytes | str],
    masks: Sequence[bytes],
    kind: Format,
    by: schemas.Answered,
    _: Stopping,
) -> File:
    pixels = images.load(photo, enough=2 * asked.rows).pixels
    _checked_size(pixels, asked.rows)
    given, where = [_style(each, asked) for each in styles], [regions.load(each) for each in masks]
    painted = session.at_once(asked, pixels, given, masks=where)
    names = [each if isinstance(each, str) else orders.PICTURE for each in styles]
    made: dict[str, Any] = metadata.made(
        asked, content="a photo", styles=names, masks=["a mask"] * len(masks)
    )
    return pictures.file(painted, kind, by, made=made)


def _style(given: bytes | str, asked: StylizeRequest) -> Pixels | str:
    if isinstance(given, str):
        return given
    return images.load(given, enough=asked.style_enough).pixels
