"""The routes `/v1/films` and `/v1/journeys`: clips, and loops of a photo, painted as jobs."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from core import images
from core.errors import InvalidRequest
from core.film import journey, painting, scratch
from core.film.clips import containers, reading
from core.film.clips.clip import Clip, Kind
from core.film.durable import FILM, JOURNEY, ClipOrder, LoopOrder
from core.film.request import FilmRequest, JourneyRequest
from core.settings import settings
from serving import jobs
from serving.dependencies import OfCaller, OfService, worked
from serving.engines.interface import Stopping
from serving.messages import accepting, bodies, orders, problems, schemas
from serving.messages.problems import Refused

router = APIRouter(tags=["paint"])

PARTS = ("clip", "style")
PARTS_OF_JOURNEY = ("photo", "style")
_KINDS: dict[str, Kind] = {name: kind for kind, name in containers.MEDIA_TYPES.items()}

_FORM = bodies.form(
    {
        "clip": bodies.FILE | {"description": "What is painted: MP4, MOV, WebM or GIF."},
        "style": orders.STYLES,
    },
    FilmRequest,
    required=("clip",),
)

_JOURNEY_FORM = bodies.form(
    {
        "photo": bodies.picture("Where the journey begins, if there is but one style."),
        "style": orders.STYLES
        | {
            "maxItems": journey.MOST_STYLES,
            "description": "Where it leads: pictures, or in place of a file the id of a painter, "
            "see /v1/styles. One: from the photo there and back. Several: from each to the next, "
            "and from the last to the first.",
        },
    },
    JourneyRequest,
    required=PARTS_OF_JOURNEY,
)

_ACCEPT = f"What the film is to be: {', '.join(_KINDS)}. If it does not matter, "
_HEADERS = orders.HEADERS | {"Accept": f"{_ACCEPT}a GIF stays one, and all else becomes MP4."}
_JOURNEY_HEADERS = orders.HEADERS | {"Accept": f"{_ACCEPT}MP4."}


@router.post(
    "/v1/films",
    summary="Paint a clip",
    status_code=202,
    response_class=Response,
    responses=problems.responses(400, 401, 406, 408, 413, 415, 422, 429, 503)
    | {202: orders.ACCEPTED},
    openapi_extra=bodies.described(_FORM, FilmRequest, _HEADERS, raw="video/*"),
)
async def films(request: Request, of: OfService, by: OfCaller) -> Response:
    """Has a clip painted with its own sound, speed and shape, without flicker: a job.

    A `clip` with one or more `style`s is painted like them, or with `way=monet` as Monet. The job's
    result is the film, or what there was of it when the job was stopped; its preview is the latest
    frame, its steps are frames.
    """
    wanted, key = _wanted(request), orders.key(request)
    of.orders.check()
    largest = {"clip": settings().service_film_bytes}
    async with bodies.read(request, PARTS, pictures=1, largest=largest, raw="video/") as body:
        asked, clip = body.filled(FilmRequest), body.one("clip")
        by_monet = asked.way == "monet"
        if by_monet and "style" in body.parts:
            raise InvalidRequest("A Monet needs no style: leave 'style' out, or way=monet.")
        given = [] if by_monet else orders.styles(body)
        if asked.style_weights is not None and len(asked.style_weights) != len(given):
            raise InvalidRequest("style_weights has one weight a style.")

        def work(stopping: Stopping) -> schemas.Job:
            found = _looked(clip)
            kind = _chosen(wanted, "gif" if found.kind == "gif" else "mp4")
            _check(f"The clip has {found.frames}", found.frames, painting.size(found, asked, kind))
            _look_at(given)
            order = ClipOrder(
                request=asked, clip=clip, styles=tuple(map(orders.style, given)), kind=kind
            )
            job = jobs.submit(FILM, order, owner=by.name, key=key, stopping=stopping)
            return jobs.described(job)

        return orders.answer(request, await worked(of.orders, request, work))


@router.post(
    "/v1/journeys",
    summary="Send a photo on a slow journey",
    status_code=202,
    response_class=Response,
    responses=problems.responses(400, 401, 406, 408, 413, 415, 422, 429, 503)
    | {202: orders.ACCEPTED},
    openapi_extra=bodies.described(_JOURNEY_FORM, JourneyRequest, _JOURNEY_HEADERS),
)
async def journeys(request: Request, of: OfService, by: OfCaller) -> Response:
    """Has a loop painted, slow where it turns and without a seam: a job.

    With one `style` the `photo` becomes its painting and a photo again; with several it goes from
    one to the next and round. The job's result is the film, and there is none of one that was
    stopped, as half a loop is none; its preview is the latest frame, its steps are frames.
    """
    wanted, key = _wanted(request), orders.key(request)
    of.orders.check()
    async with bodies.read(request, PARTS_OF_JOURNEY, pictures=3) as body:
        asked, photo = body.filled(JourneyRequest), body.one("photo")
        given = orders.styles(body, journey.MOST_STYLES)

        def work(stopping: Stopping) -> schemas.Job:
            kind = _chosen(wanted, "mp4")
            pixels = images.load(photo, enough=2 * asked.rows).pixels
            frames = asked.frames
            _check(f"The journey would have {frames}", frames, journey.size(pixels, asked, kind))
            _look_at(given)
            order = LoopOrder(
                request=asked, photo=photo, styles=tuple(map(orders.style, given)), kind=kind
            )
            job = jobs.submit(JOURNEY, order, owner=by.name, key=key, stopping=stopping)
            return jobs.described(job)

        return orders.answer(request, await worked(of.orders, request, work))


def _look_at(styles: Sequence[bytes | str]) -> None:
    """Reads pictures once, lest the job fails of them.

    Raises:
        core.images.UnreadablePicture: If one cannot be read.
    """
    for each in styles:
        if isinstance(each, bytes):
            images.load(each)


def _wanted(request: Request) -> list[Kind]:
    """The containers that suit `Accept`: the best that it names, or else all that it lets in.

    One that is named goes before what takes any, since many a client adds that by itself.

    Raises:
        Refused: 406, if it asks for none that is written here.
    """
    # The answer itself is JSON, and clients say that they take it.
    by_json = bool(accepting.wanted(request, ["application/json"]))
    suit, told = accepting.wanted(request, _KINDS, unsaid=by_json), accepting.ranges(request)
    if found := [name for name in suit if name in told][:1] or suit:
        return [_KINDS[name] for name in found]
    raise Refused(406, "not-acceptable", f"Films are written as {', '.join(_KINDS)}; ask for one.")


def _chosen(wanted: Sequence[Kind], usual: Kind) -> Kind:
    return usual if usual in wanted else wanted[0]


def _looked(clip: bytes) -> Clip:
    """What is known of a clip.

    Raises:
        core.film.clips.clip.UnreadableClip: If it is none, or over a limit of the settings.
    """
    with scratch.folder() as folder:
        path = folder / "clip"
        path.write_bytes(clip)
        return reading.look(path)


def _check(has: str, frames: int, size: tuple[int, int]) -> None:
    """Refuses what would keep the service busy for too long.

    Args:
        has: The beginning of a sentence about the number of frames.
        size: Height and width of the film.

    Raises:
        InvalidRequest: The sentence says how much it may be.
    """
    limits = settings()
    if frames > limits.service_film_frames:
        raise InvalidRequest(f"{has} frames; at most {limits.service_film_frames} here, please.")
    height, width = size
    if height * width > limits.service_pixels:
        raise InvalidRequest(
            f"The film would have {width}×{height} pixels; at most "
            f"{limits.service_pixels / 1e6:.3g} megapixels here, please: choose fewer rows."
        )
