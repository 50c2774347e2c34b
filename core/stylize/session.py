"""A painting from order to picture, as the work of a job: first at once, then refined.

Free of any screen: it tells its `core.jobs.Job` how far it is, with small previews and the
losses so far, and asks after every step whether to stop. What is done by then is the result,
and an order can go on from it.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import numpy as np

from core import images, models
from core.files import printable
from core.hardware import compute_dtype
from core.images import encoding
from core.jobs import Job
from core.stylize import extractors, instant, refine
from core.stylize.artist_styles import ArtistStyle

log = logging.getLogger(__name__)

PREVIEW_SIDE = 480  # pixels; also of the film
MOST_FRAMES = 80
MOST_POINTS = 200

_PREVIEW_EVERY = 0.2  # seconds

Phase = Literal["sketching", "looking", "painting"]
T = TypeVar("T")


class Point(NamedTuple):
    """The losses after a step."""

    step: int
    content: float
    style: float


@dataclass(frozen=True, eq=False)
class Painting:
    """What a job has painted, finished or not.

    Attributes:
        pixels: `(rows, width, 3)` uint8 RGB, at full size wherever it was stopped.
        options: Those it was really painted with.
        step: Steps done, with those of earlier orders; 0 is the instant picture.
        scale: Size of the copy that was painted last; 1 is full size.
        complete: Whether all steps of the last order were done.
        seconds: Time it took, with earlier orders.
        curve: Losses on the way, at most `MOST_POINTS`.
        frames: JPEGs of one size on the way, at most `MOST_FRAMES`, from the photo to `pixels`.
        note: A sentence for the visitor, if something was not as ordered.
    """

    pixels: np.ndarray
    options: refine.Options
    step: int
    scale: float
    complete: bool
    seconds: float
    curve: tuple[Point, ...] = ()
    frames: tuple[bytes, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Order:
    """What is to be painted.

    Attributes:
        photo: `(height, width, 3)` uint8 RGB of any size.
        styles: Pictures like it, or styles of artists; instant and refine take both.
        weights: One number a style; equal if None.
        options: How it is refined.
        strength: Of style in the instant picture, 0..1.
        from_instant: Whether it starts from the instant picture, not as the options say.
        sketch: The instant picture of this order, if somebody has it already.
        earlier: A painting of the same order to go on from, in place of either.
    """

    photo: np.ndarray
    styles: Sequence[np.ndarray | ArtistStyle]
    weights: Sequence[float] | None = None
    options: refine.Options = field(default_factory=refine.Options)
    strength: float = 1.0
    from_instant: bool = True
    sketch: np.ndarray | None = None
    earlier: Painting | None = None


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a painting is.

    Attributes:
        phase: `sketching` the instant picture, `looking` at photo and style, or `painting`.
        step: Steps of this order done.
        of: How many there will be if nobody stops.
        seconds: Since the job began.
        seconds_left: A guess; None while there is nothing to go by.
        done: Share of the work, 0..1.
        scale: Size of the present copy; 1 is full size.
        curve: Losses so far, at most `MOST_POINTS`.
        preview: The picture as a JPEG of at most `PREVIEW_SIDE` pixels a side; None at first.
        picture: `(rows, width, 3)` uint8 RGB at full size, from when the scale last changed.
        note: A sentence for the visitor, if something is not as ordered.
    """

    phase: Phase
    step: int
    of: int
    seconds: float
    seconds_left: float | None
    done: float
    scale: float
    curve: tuple[Point, ...]
    preview: bytes | None
    picture: np.ndarray | None
    note: str


def paint(order: Order, job: Job) -> Painting | None:
    """The work of a job: `jobs.submit(key, lambda job: painting.paint(order, job))`.

    Returns:
        The painting as far as it came; None if it was stopped before there was any.

    Raises:
        core.errors.AtelierError: If it cannot be painted; the sentence says why.
    """
    return _Easel(order, job).paint()


def at_once(order: Order) -> np.ndarray:
    """The instant picture of an order, `(rows, width, 3)` uint8 RGB.

    Raises:
        models.WeightsError: If the network for it is not to be had.
        InvalidRequest: If styles and weights do not fit each other.
    """
    return instant.paint(
        order.photo,
        order.styles,
        style_weights=order.weights,
        strength=order.strength,
        rows=order.options.rows,
        brush=order.options.brush,
        keep_colors=order.options.keep_colors,
    )


def at_hand(
    options: refine.Options, progress: Callable[[str], None] = log.info
) -> tuple[refine.Options, str]:
    """The options, with VGG16 where the weights of their network are out of reach.

    Args:
        progress: Told in words when something is downloaded.

    Returns:
        The options to paint with, and sentences that say so if they are other ones.

    Raises:
        models.WeightsError: If weights are damaged, or not even VGG16 is there.
    """
    try:
        loaded = extractors.load(
            options.network, dtype=options.precision or compute_dtype(), progress=progress
        )
    except extractors.NotHere as error:
        # Layers belong to a network.
        instead = dataclasses.replace(
            options, network=extractors.DEFAULT, content_layers=None, style_layers=None
        )
        return instead, f"{error} Painting with VGG16 instead."
    own_name = loaded.title == loaded.network.title
    return options, "" if own_name else f"Painted with {loaded.title}."


def warm_up() -> None:
    """Loads and compiles what refining needs, so that the first preview does not wait for it."""
    grey = np.full((64, 64, 3), 128, np.uint8)
    for _ in refine.refine(grey, [grey], refine.Options(rows=64, steps=1)):
        pass


def made(
    options: refine.Options, *, content: str, styles: Sequence[str], **more: object
) -> dict[str, Any]:
    """How a painting was made, for its file to remember.

    Args:
        content: Name of the photo.
        styles: Names of the styles.
        more: Whatever else is worth knowing, such as weights.
    """
    names = {"content": printable(content), "styles": [printable(name) for name in styles]}
    return dataclasses.asdict(options) | names | more


def png(pixels: np.ndarray, options: refine.Options, *, content: str, styles: Sequence[str],
        **more: object) -> bytes:  # fmt: skip
    """A painting as a PNG that remembers how it was made, see `made` and `encoding.encode`."""
    remembered = made(options, content=content, styles=styles, **more)
    return encoding.encode(pixels, metadata=remembered)


def full_size(picture: np.ndarray, photo: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A copy of any size at the size of the painting, with the detail of the photo.

    Args:
        picture: `(height, width, 3)` uint8 RGB: a painting of the photo, or the photo.
        photo: Likewise.
        size: Height and width of the painting.
    """
    height, width = size
    if picture.shape[:2] == size:
        return picture
    whole = refine.resize(picture, height, width)
    if picture is not photo:  # what enlarging blurs, as `refine` adds it
        detailed = refine.resize(photo, height, width)
        coarse = refine.resize(detailed, *picture.shape[:2])
        whole += detailed - refine.resize(coarse, height, width)
    return np.clip(np.rint(whole), 0, 255).astype(np.uint8)


class Thinned(Generic[T]):
    """At most so many of a growing row of things, evenly spread over all of it."""

    def __init__(self, most: int, kept: Sequence[T] = ()) -> None:
        """Starts with what was kept earlier."""
        self.kept = list(kept)
        self._most, self._every, self._seen = most, 1, 0

    def wants(self) -> bool:
        """Called once for each thing: whether to `add` it."""
        self._seen += 1
        return (self._seen - 1) % self._every == 0

    def add(self, thing: T) -> None:
        """Keeps a thing; every other one is left out where there would be too many."""
        self.kept.append(thing)
        if len(self.kept) >= self._most:
            self.kept, self._every = self.kept[::2], 2 * self._every


class _Easel:
    """One order at work. Lives as long as its job."""

    def __init__(self, order: Order, job: Job) -> None:
        earlier = order.earlier
        self.order, self.job, self.options = order, job, order.options
        self.size = refine.size(order.photo, order.options.rows)
        self.started = time.monotonic()
        self.note = earlier.note if earlier else ""
        self.frames = Thinned[bytes](MOST_FRAMES, earlier.frames if earlier else ())
        self.curve = Thinned[Point](MOST_POINTS, earlier.curve if earlier else ())
        self.picture = earlier.pixels if earlier else None
        self.preview: bytes | None = None
        self.previewed = 0.0

    def paint(self) -> Painting | None:
        """Sketches, then refines, until it is done or stopped."""
        if self.order.earlier is None:
            self.frames.add(small(self._full_size(self.order.photo)))
            if self.order.from_instant:
                self._sketch()
        if self.job.stopping:
            return self._stopped_early()
        self._tell("looking")
        self.options, instead = at_hand(self.options)
        if instead not in self.note:  # an earlier order may have said so
            self.note = f"{instead} {self.note}".strip()
        return self._refine()

    def _sketch(self) -> None:
        self._tell("sketching")
        try:
            sketch = self.order.sketch
            self.picture = at_once(self.order) if sketch is None else sketch
        except models.WeightsError as error:
            log.info("No instant picture: %s", error)
            self.note = "The instant picture cannot be made here: this started from the photo."
            return
        self.preview = small(self.picture)
        self.frames.add(self.preview)

    def _stopped_early(self) -> Painting | None:
        if self.order.earlier or self.picture is None:
            return self.order.earlier
        return self._as_far(self.picture, step=0, scale=self._scales()[0], complete=False)

    def _scales(self) -> tuple[float, ...]:
        """Coarse to fine, or from where it was stopped."""
        plan = refine.scales(*self.size, self.options)
        earlier = self.order.earlier
        return plan if earlier is None else tuple(s for s in plan if s >= earlier.scale)

    def _refine(self) -> Painting:
        options = dataclasses.replace(self.options, scales=self._scales())
        before = self.order.earlier.step if self.order.earlier else 0
        begun, already = 0.0, 0.0  # seconds, and share of the work done by then
        painting = refine.refine(
            self.order.photo,
            self.order.styles,
            options,
            style_weights=self.order.weights,
            canvas=self.picture,
        )
        for step in painting:
            if self.curve.wants():
                self.curve.add(Point(before + step.step, step.content_loss, step.style_loss))
            if step.first:
                self.picture = self._full_size(step.pixels())
            self._look(step)
            now, left = time.monotonic(), None
            if step.step == 2:  # the first two are slower than the rest
                begun, already = now, step.done
            elif step.step > 2:
                left = (now - begun) * (1 - step.done) / (step.done - already)
            self._tell("painting", step, left)
            if stopped := self.job.stopping:
                break
        pixels = self._full_size(step.pixels())
        return self._as_far(pixels, step=before + step.step, scale=step.scale, complete=not stopped)

    def _look(self, step: refine.Step) -> None:
        """Makes a small picture for the film, or where the last one is old."""
        framed = self.frames.wants()
        old = time.monotonic() - self.previewed > _PREVIEW_EVERY
        if framed or old or step.first:
            preview = small(step.pixels(), self.size)
            if framed:
                self.frames.add(preview)
            if old or step.first:
                self.preview, self.previewed = preview, time.monotonic()

    def _full_size(self, picture: np.ndarray) -> np.ndarray:
        return full_size(picture, self.order.photo, self.size)

    def _tell(self, phase: Phase, step: refine.Step | None = None, left: float | None = None):
        self.job.report(
            Progress(
                phase=phase,
                step=step.step if step else 0,
                of=self.options.steps,
                seconds=time.monotonic() - self.started,
                seconds_left=left,
                done=step.done if step else 0.0,
                scale=step.scale if step else self._scales()[0],
                curve=tuple(self.curve.kept),
                preview=self.preview,
                picture=self.picture,
                note=self.note,
            )
        )

    def _as_far(self, pixels: np.ndarray, *, step: int, scale: float, complete: bool) -> Painting:
        earlier = self.order.earlier
        return Painting(
            pixels=pixels,
            options=self.options,
            step=step,
            scale=scale,
            complete=complete,
            seconds=time.monotonic() - self.started + (earlier.seconds if earlier else 0.0),
            curve=tuple(self.curve.kept),
            frames=(*self.frames.kept, small(pixels)),
            note=self.note,
        )


def small(pixels: np.ndarray, of: tuple[int, int] | None = None) -> bytes:
    """A picture as a JPEG that fits `PREVIEW_SIDE` x `PREVIEW_SIDE`.

    Args:
        of: Height and width whose preview it is to be as large as; its own if None.
    """
    height, width = of or pixels.shape[:2]
    shrink = min(1.0, PREVIEW_SIDE / max(height, width))
    shape = max(1, round(height * shrink)), max(1, round(width * shrink))
    if pixels.shape[:2] != shape:
        pixels = np.clip(np.rint(refine.resize(pixels, *shape)), 0, 255).astype(np.uint8)
    return images.encode(pixels, "JPEG", quality=85)
