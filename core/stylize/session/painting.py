"""A painting from request to picture, as a generator of progress: first at once, then refined.

Free of any screen: it tells how far it is, with small previews and the losses so far, and asks
after every step whether to stop. What is done by then is the result, and it can be gone on with.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from core import models
from core.images.types import Pixels
from core.jobs import Control, Point, Progress, Uncontrolled
from core.jobs.checkpoint import Checkpoint, Checkpoints
from core.stylize import refine, regional, regions
from core.stylize.artist_styles import ArtistStyle
from core.stylize.regions import Layout, Mask
from core.stylize.request import StylizeRequest
from core.stylize.session.networks import at_hand
from core.stylize.session.sketching import Given, known, sketched
from core.stylize.session.stills import full_size, small, still
from core.stylize.session.thinned import Thinned

log = logging.getLogger(__name__)

MOST_FRAMES = 80
MOST_POINTS = 200

_PREVIEW_EVERY = 0.2  # seconds

Phase = Literal["sketching", "looking", "painting"]


@dataclass(frozen=True, eq=False)
class Painting:
    """What was painted, finished or not.

    Attributes:
        pixels: `(rows, width, 3)` uint8 RGB, at full size wherever it was stopped.
        request: The one it was really painted by.
        step: Steps done, with those of earlier requests; 0 is the instant picture.
        scale: Size of the copy that was painted last; 1 is full size.
        complete: Whether nobody stopped it.
        seconds: Time it took, with earlier requests.
        curve: Losses on the way, at most `MOST_POINTS`.
        frames: JPEGs of one size on the way, at most `MOST_FRAMES`, from the photo to `pixels`;
            none of an instant picture alone.
        note: A sentence for the visitor, if something was not as asked.
    """

    pixels: Pixels
    request: StylizeRequest
    step: int
    scale: float
    complete: bool
    seconds: float
    curve: tuple[Point, ...] = ()
    frames: tuple[bytes, ...] = ()
    note: str = ""


def paint(
    request: StylizeRequest,
    photo: Pixels,
    styles: Sequence[Given],
    *,
    sketch: Pixels | None = None,
    earlier: Painting | None = None,
    control: Control | None = None,
    checkpoints: Checkpoints | None = None,
    masks: Sequence[Mask] = (),
) -> Generator[Progress, None, Painting | None]:
    """Paints. Page, command line and service draw its steps alike.

    Args:
        request: How.
        photo: `(height, width, 3)` uint8 RGB of any size.
        styles: At least one.
        sketch: The instant picture of this request, if somebody has it already.
        earlier: A painting of the same request to go on from, in place of what it starts from.
        control: Asked after each step whether to stop: no further one is drawn, and what is there
            is kept. So it is after a `KeyboardInterrupt`, as soon as there is something to keep.
        checkpoints: Where one is found to go on from, with all else as it was, and offered after
            each step of refining. Frames of before are not in it.
        masks: Of the regions of which the request says what they are painted like.

    Yields:
        Progress: `phase` is one of `Phase`; `preview` and `still` are as `stills` makes
            them; the losses `loss`, `content_loss` and `style_loss` are those of `refine.Step`.

    Returns:
        The painting as far as it came; None if it was stopped before there was any.

    Raises:
        core.errors.AtelierError: If it cannot be painted; the sentence says why.
    """
    layout = regions.lay_out(request, masks, len(styles), *refine.size(photo, request.rows))
    control = control or Uncontrolled()
    easel = _Easel(request, photo, known(styles), sketch, earlier, control, checkpoints, layout)
    return (yield from easel.paint())


class _Easel:
    """One request at work. Lives as long as its steps are drawn."""

    def __init__(
        self,
        request: StylizeRequest,
        photo: Pixels,
        styles: Sequence[Pixels | ArtistStyle],
        sketch: Pixels | None,
        earlier: Painting | None,
        control: Control,
        checkpoints: Checkpoints | None,
        layout: Layout | None,
    ) -> None:
        self.request, self.photo, self.styles = request, photo, styles
        self.layout = layout
        if layout is None:
            self.request = refine.allowed(request, styles)
        else:
            self.request = regional.allowed(request, styles, layout)
        self.sketch, self.earlier, self.control = sketch, earlier, control
        self.size = refine.size(photo, request.rows)
        self.started = time.monotonic()
        self.note = earlier.note if earlier else ""
        self.frames = Thinned[bytes](MOST_FRAMES, earlier.frames if earlier else ())
        self.curve = Thinned[Point](MOST_POINTS, earlier.curve if earlier else ())
        self.picture = earlier.pixels if earlier else None  # what is there before the first step
        self.preview: bytes | None = None
        self.still: bytes | None = None
        self.previewed = 0.0
        self.checkpoints = checkpoints
        self.resumed = checkpoints.checkpoint if checkpoints else None
        if self.resumed is not None:
            self._restore(self.resumed.state)

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.request = StylizeRequest(**state["request"])
        self.note, self.started = state["note"], self.started - state["seconds"]
        self.curve.restore(
            [Point(*each) for each in state["curve"]["kept"]],
            **{name: state["curve"][name] for name in ("every", "seen")},
        )

    def _checkpoint(self, step: refine.Step) -> Checkpoint:
        """What it takes to go on after a step."""
        painted = step.checkpoint()
        state = {
            "request": self.request.model_dump(mode="json", by_alias=True),
            "note": self.note,
            "seconds": time.monotonic() - self.started,
            "curve": self.curve.state(),
            "step": step.step,
            "fraction": min(1.0, step.done),
            "scale": step.scale,
            "refine": painted.state,
        }
        return Checkpoint(state, painted.arrays, painted.pieces)

    def paint(self) -> Generator[Progress, None, Painting | None]:
        """Sketches, then refines, until it is done or stopped."""
        if self.earlier is None and self.resumed is None:
            if self.request.mode == "refine":  # else there is no way to show, and no film of it
                # Not by way of the full size, for which memory has not been looked at yet.
                self.frames.add(small(self.photo, self.size))
            if self.request.mode == "instant" or self.request.start == "instant":
                yield self._told("sketching")
                self._sketch()
        if self.request.mode == "instant" and self.picture is not None:
            return self._as_far(self.picture, step=0, scale=1.0, complete=True)
        if not self.control.stopping:
            yield self._told("looking")
            self.request, instead = at_hand(self.request)
            if instead not in self.note:  # an earlier painting may have said so
                self.note = f"{instead} {self.note}".strip()
        if self.control.stopping and self.resumed is None:
            return self._stopped_early()
        return (yield from self._refine())

    def _sketch(self) -> None:
        try:
            if self.sketch is None:
                self.picture = sketched(self.request, self.photo, self.styles, self.layout)
            else:
                self.picture = self.sketch
        except models.WeightsError as error:
            if self.request.mode == "instant":
                raise
            log.info("No instant picture: %s", error)
            self.note = "The instant picture cannot be made here: this started from the photo."
            return
        if self.request.mode == "refine":
            self.preview = small(self.picture)
            self.frames.add(self.preview)

    def _stopped_early(self) -> Painting | None:
        if self.earlier or self.picture is None:
            return self.earlier
        return self._as_far(self.picture, step=0, scale=self._scales()[0], complete=False)

    def _scales(self) -> tuple[float, ...]:
        """Coarse to fine, or from where it was stopped."""
        plan = refine.scales(*self.size, self.request)
        earlier = self.earlier
        return plan if earlier is None else tuple(s for s in plan if s >= earlier.scale)

    def _refine(self) -> Generator[Progress, None, Painting | None]:
        before = self.earlier.step if self.earlier else 0
        begun, already = 0.0, 0.0  # seconds, and share of the work done by then
        found, self.resumed = self.resumed, None
        resumes = found is not None
        paint = (
            refine.refine if self.layout is None else partial(regional.paint, layout=self.layout)
        )
        painting = paint(
            self.photo,
            self.styles,
            self.request.changed(scales=self._scales()),
            canvas=self.picture,
            resume=found and Checkpoint(found.state["refine"], found.arrays, found.pieces),
        )
        del found  # which is large
        step: refine.Step | None = None
        stopped = False
        try:
            for drawn, step in enumerate(painting, 1):
                if resumes and drawn == 1:  # where it was left, which everybody has seen
                    if stopped := self.control.stopping:
                        break
                    continue
                if self.curve.wants():
                    self.curve.add(Point(before + step.step, step.content_loss, step.style_loss))
                self._look(step)
                if self.checkpoints is not None:
                    # After a resumption at once: whoever tells of a step has got on by it, and
                    # a job is not given up for workers that die, however often they do.
                    urgent = step.first or (resumes and drawn == 2)
                    self.checkpoints.offer(partial(self._checkpoint, step), urgent=urgent)
                now, left = time.monotonic(), None
                if drawn == 2:  # the first two are slower than the rest
                    begun, already = now, step.done
                elif drawn > 2:
                    left = (now - begun) * (1 - step.done) / (step.done - already)
                yield self._told("painting", step, left)
                if stopped := self.control.stopping:
                    break
        except KeyboardInterrupt:  # of who draws the steps in the main thread
            if step is None and self.picture is None:
                raise
            stopped = True
        if step is None:
            return self._stopped_early()
        return self._as_far(
            self._full_size(step.pixels()),
            step=before + step.step,
            scale=step.scale,
            complete=not stopped,
        )

    def _look(self, step: refine.Step) -> None:
        """Makes a small picture for the film, or where the last one is old."""
        framed = self.frames.wants()
        old = time.monotonic() - self.previewed > _PREVIEW_EVERY
        if framed or old or step.first:
            pixels = step.pixels()
            preview = small(pixels, self.size)
            if framed:
                self.frames.add(preview)
            if old or step.first:
                self.preview, self.previewed = preview, time.monotonic()
            if step.first:
                self.still = still(self._full_size(pixels))

    def _full_size(self, picture: Pixels) -> Pixels:
        return full_size(picture, self.photo, self.size)

    def _told(
        self, phase: Phase, step: refine.Step | None = None, left: float | None = None
    ) -> Progress:
        if self.resumed is not None:
            names = ("step", "fraction", "scale")
            so_far: dict[str, Any] = {name: self.resumed.state[name] for name in names}
        elif step is None:
            so_far = {"scale": self._scales()[0]}
        else:
            so_far = {
                "step": step.step,
                "fraction": min(1.0, step.done),
                "scale": step.scale,
                "losses": {
                    "loss": step.loss,
                    "content_loss": step.content_loss,
                    "style_loss": step.style_loss,
                },
            }
        return Progress(
            phase=phase,
            of=self.request.steps,
            seconds=time.monotonic() - self.started,
            seconds_left=left,
            curve=tuple(self.curve.kept),
            preview=self.preview,
            still=self.still,
            note=self.note,
            **so_far,
        )

    def _as_far(self, pixels: Pixels, *, step: int, scale: float, complete: bool) -> Painting:
        if self.layout is not None:  # it may have been enlarged since
            photo = refine.as_pixels(refine.resize(self.photo, *self.size))
            pixels = self.layout.restored(pixels, photo)
        return Painting(
            pixels=pixels,
            request=self.request,
            step=step,
            scale=scale,
            complete=complete,
            seconds=time.monotonic() - self.started + (self.earlier.seconds if self.earlier else 0),
            curve=tuple(self.curve.kept),
            frames=(*self.frames.kept, small(pixels)) if self.frames.kept else (),
            note=self.note,
        )
