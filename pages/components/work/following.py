"""Jobs of the service, followed by jobs here: pages see the same progress and the same results.

The job here waits and computes nothing. It ends with the page, as all do, and takes that of the
service along; what was painted by then is kept.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, TypeVar

from core import images, jobs, monet
from core.errors import AtelierError
from core.images.encoding import remembered
from core.jobs import Control, Point, Progress
from core.monet import MonetPayload, MonetResult
from core.stylize import refine
from core.stylize.request import StylizeRequest
from core.stylize.session import Painting
from core.stylize.session.painting import MOST_FRAMES, MOST_POINTS
from core.stylize.session.stills import small
from core.stylize.session.thinned import Thinned
from pages.components.work import ask, commission
from pages.components.work.asking import (
    NotNow,
    ServiceFailed,
    ask_until_back,
    connected,
    failure,
    told,
)
from pages.components.work.commission import Commission
from serving.client import Answer, Client

T = TypeVar("T")

REFINE, MONET = "refine-at-service", "monet-at-service"

_POLL = 0.3  # seconds between looks
_LONGEST_LINE = 600.0  # seconds that somebody waits until the service takes their order
_LONGEST_PAUSE = 5.0
_AT_ONCE = 4  # pictures for Monet that are asked for, of all visitors
_TRIES = 2  # more, of an order that got no answer
_FINISHED = ("done", "cancelled", "failed")
_TOLD = ("phase", "step", "of", "fraction", "seconds", "seconds_left", "losses", "scale", "note")


@jobs.task(REFINE, queue=jobs.OWN)
def refined(wanted: Commission, control: Control) -> Generator[Progress, None, Painting | None]:
    """Has a photo refined, see `core.stylize.session.paint`.

    Yields:
        Progress: As of that; before it `waiting`, with as many jobs in line as `of` says.
    """
    diary = _Diary(wanted)
    key = uuid.uuid4().hex  # an order that is sent again, because its answer was lost, is the same
    with connected() as atelier:
        begun = yield from _in_line(
            lambda: atelier.refine(
                wanted.photo.data,
                commission.files(wanted.styles),
                idempotency_key=key,
                masks=wanted.masks,
                canvas=images.encode(wanted.earlier.pixels) if wanted.earlier else None,
                **commission.fields(diary.request()),
            ),
            control,
            diary.progress,
        )
        if begun is None:
            return wanted.earlier
        try:
            ended = yield from _followed(atelier, begun["id"], control, diary)
        except BaseException:
            with suppress(Exception):  # nobody would come for it
                atelier.stop(begun["id"])
            raise
        if ended["state"] == "failed":
            raise failure(ended["error"]["code"], ended["error"]["detail"])
        try:
            png = ask_until_back(lambda: atelier.result(begun["id"]))
        except ServiceFailed as error:
            if error.code == "nothing-painted":
                return wanted.earlier
            raise
        return diary.painting(png)


def _followed(
    atelier: Client, job_id: str, control: Control, diary: _Diary
) -> Generator[Progress, None, Answer]:
    """Looks at a job again and again; returns it as it is at its end."""
    stop = threading.Event()
    control.when_cancelled(stop.set)
    stopped = False
    while True:
        if control.stopping and not stopped:
            ask_until_back(lambda: atelier.stop(job_id))
            stopped = True
        found = ask_until_back(lambda: atelier.job(job_id))
        with told():
            if found["progress"] is not None:
                diary.write(found["progress"], lambda large: _picture(atelier, job_id, large))
            state, position = found["state"], found["position"]
        if state in _FINISHED:
            yield diary.progress  # a quick one was never seen at work
            return found
        yield Progress(phase="waiting", of=position) if state == "waiting" else diary.progress
        if stopped:
            time.sleep(_POLL)
        else:
            stop.wait(_POLL)


def _picture(atelier: Client, job_id: str, large: bool) -> bytes | None:
    try:
        with told():
            return atelier.preview(job_id, large=large)
    except AtelierError:  # the painting goes on without it
        return None


def _in_line(
    order: Callable[[], T], control: Control, taken: Progress
) -> Generator[Progress, None, T | None]:
    """Orders something as soon as the service takes it; None if nobody waited for that.

    Args:
        taken: What is told while it may be at it.
    """
    until, away = time.monotonic() + _LONGEST_LINE, 0
    stop = threading.Event()
    control.when_cancelled(stop.set)
    while not control.stopping:
        yield taken
        try:
            with told():
                return order()
        except NotNow as error:
            away += error.code == "service-away"
            if away > _TRIES or time.monotonic() > until:
                raise
            yield Progress(phase="waiting")
            stop.wait(min(error.seconds, _LONGEST_PAUSE))
    return None


class _Diary:
    """What is known of a painting while the service makes it."""

    def __init__(self, wanted: Commission) -> None:
        self._wanted, earlier = wanted, wanted.earlier
        photo = commission.read(wanted.photo, wanted.request.rows)
        self._size = refine.size(photo, wanted.request.rows)
        self._frames = Thinned[bytes](MOST_FRAMES, earlier.frames if earlier else ())
        self._curve = Thinned[Point](MOST_POINTS, earlier.curve if earlier else ())
        self._before = earlier.step if earlier else 0
        if earlier is None:
            self._frames.add(small(photo, self._size))
            if wanted.sketch is not None:
                self._frames.add(small(wanted.sketch))
        self.progress = Progress(phase="looking", of=wanted.request.steps)

    def request(self) -> StylizeRequest:
        """What the service is asked for: the whole, or what is left of it."""
        asked, earlier = self._wanted.request, self._wanted.earlier
        if earlier is None:
            return asked
        plan = refine.scales(*self._size, asked)
        return asked.changed(scales=tuple(each for each in plan if each >= earlier.scale))

    def write(self, now: Answer, picture: Callable[[bool], bytes | None]) -> None:
        """Takes down how far it is.

        Args:
            now: The progress of the job.
            picture: Gives its preview, or its large one.
        """
        before = self.progress
        known: dict[str, Any] = {name: now[name] for name in _TOLD if name in now}
        preview, still = before.preview, before.still
        if now["step"] != before.step:
            losses = now["losses"]
            if self._curve.wants() and "style_loss" in losses:
                step = self._before + now["step"]
                self._curve.add(Point(step, losses["content_loss"], losses["style_loss"]))
            preview = picture(False) or preview
            if preview is not None and self._frames.wants():
                self._frames.add(preview)
            if still is None or now["scale"] != before.scale:
                still = picture(True) or still
        curve = tuple(self._curve.kept)
        self.progress = Progress(**known, curve=curve, preview=preview, still=still)

    def painting(self, png: bytes) -> Painting:
        """What the service has painted."""
        asked, earlier = self._wanted.request, self._wanted.earlier
        with told():
            made = remembered(png)
            names = asked.model_dump(mode="json", by_alias=True)
            by = StylizeRequest(**{name: made[name] for name in names})
            step, complete = int(made["steps_made"]), bool(made["complete"])
        pixels = images.load(png).pixels
        return Painting(
            pixels=pixels,
            request=by.changed(scales=asked.scales),
            step=self._before + step,
            scale=self.progress.scale,
            complete=complete,
            seconds=self.progress.seconds + (earlier.seconds if earlier else 0.0),
            curve=tuple(self._curve.kept),
            frames=(*self._frames.kept, small(pixels)),
            note=self.progress.note or (earlier.note if earlier else ""),
        )


@jobs.task(MONET, queue=MONET, at_once=_AT_ONCE)
def as_monet(
    payload: MonetPayload, control: Control
) -> Generator[Progress, None, MonetResult | None]:
    """Has a picture painted, see `core.monet.tasks.run`."""
    asked = payload.request
    picture = images.load(payload.picture, enough=monet.LONGEST)
    started = time.perf_counter()

    def order() -> bytes:
        nonlocal started
        started = time.perf_counter()  # without the line
        return ask(
            lambda atelier: atelier.monet(
                payload.picture, direction=asked.direction, brush=asked.brush
            )
        )

    png = yield from _in_line(order, control, Progress(phase="painting", of=1))
    if png is None:
        return None
    seconds = time.perf_counter() - started
    before = images.preview(picture.pixels, monet.LONGEST)
    return MonetResult.of(before, images.load(png).pixels, seconds)
