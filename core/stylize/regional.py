"""Refining in regions: each is painted with what has its place in it, scale by scale.

A region is looked at with what is around it, but only its own places are compared with the photo
and with its style, and only its own pixels move (`within`). So the statistics and the matches of a
style are those of its region, as with the guided Gram matrices of Gatys et al. (arXiv 1611.07865,
section 4), and what is painted in one region never gets into another: between deep features, which
see far, and the pixels of a neighbor there is no way.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np

from core.images.resize import resize
from core.images.types import Canvas, Pixels
from core.jobs.checkpoint import Checkpoint
from core.stylize import color, extractors, refine
from core.stylize.regions import Layout
from core.stylize.request import StylizeRequest
from core.stylize.within import Within

_Losses: TypeAlias = tuple[float, float, float]  # in all, of content and of style


class _Pass(NamedTuple):
    """The steps of one region at one scale."""

    scale: float
    region: int
    steps: int
    layout: Layout
    box: tuple[slice, slice]
    cost: float  # in pixels


def paint(
    photo: Pixels,
    styles: Sequence[refine.Style],
    request: StylizeRequest,
    layout: Layout,
    *,
    canvas: Pixels | Canvas | None = None,
    resume: Checkpoint | None = None,
) -> Iterator[refine.Step]:
    """Paints in regions, see `refine.refine`.

    Each region takes the steps of the request; so a step of the whole picture, which is what is
    counted, is one in each.

    Args:
        photo: What is to be seen, `(height, width, 3)` uint8 RGB of any size.
        styles: All that are given.
        request: How it is to be painted.
        layout: As large as the painting.
        canvas: A picture to go on from, of any size.
        resume: A step's checkpoint, with all else as it was.

    Yields:
        A step of the whole picture after each evaluation; its losses are the mean over regions,
        as large as they are, of what was last found in each.

    Raises:
        AtelierError: As `refine.refine`.
    """
    height, width = layout.labels.shape
    plan = refine.scales(height, width, request)
    if canvas is not None and request.scales is None:
        plan = (1.0,)
    passes = list(_passes(photo, layout, plan, request))
    work = sum(each.cost * each.steps for each in passes)
    total = sum(each.steps for each in passes)
    step, done, first, started = 0, 0.0, 0, time.monotonic()
    canvases: list[Canvas | None] = [None if canvas is None else np.asarray(canvas, np.float32)]
    canvases *= len(layout.regions)
    losses: list[_Losses | None] = [None] * len(layout.regions)
    inner: Checkpoint | None = None
    if resume is not None:
        standing, inner = _Standing.of(resume)
        first, step, done = standing.number, standing.step, standing.done
        started -= standing.seconds
        canvases, losses = list(standing.canvases), list(standing.losses)
        resume = None  # which is large
    smaller: Canvas | None = None
    for number, now in enumerate(passes[first:], first):
        shape = now.layout.labels.shape
        small = resize(photo, *shape).clip(0, 255)
        canvases = [_enlarged(each, small, smaller) for each in canvases]
        smaller = small
        mine = canvases[now.region]
        mine = small.copy() if mine is None else mine.copy()
        seconds = time.monotonic() - started
        before = _Standing(number, step, done, seconds, tuple(canvases), tuple(losses))
        mask, opacity = now.layout.mask(now.region), now.layout.weights[now.region + 1]
        within = Within(
            mask.astype(np.float32), opacity, _around(now, small, canvases, faded=False), now.box
        )
        shown = _around(now, small, canvases, faded=True)
        opacity = opacity[..., None] * np.float32(now.layout.regions[now.region].strength)
        for drawn in refine.refine(
            photo,
            [styles[style] for style in now.layout.regions[now.region].styles],
            _of_region(request, now),
            canvas=canvases[now.region],
            resume=inner,
            within=within,
        ):
            assert drawn.canvas is not None
            mine = mine.copy()
            mine[now.box] = drawn.canvas
            losses[now.region] = drawn.loss, drawn.content_loss, drawn.style_loss
            loss, content_loss, style_loss = _mean(losses, layout)
            yield replace(
                drawn,
                loss=loss,
                content_loss=content_loss,
                style_loss=style_loss,
                step=max(1, (before.step + drawn.step) * request.steps // total),
                of=request.steps,
                seconds=time.monotonic() - started,
                done=before.done + now.cost * drawn.step / work,
                scale=now.scale,
                _pixels=functools.partial(
                    _together,
                    shown + opacity * mine,
                    small,
                    now.layout,
                    request.keep_colors,
                ),
                _checkpoint=functools.partial(before.checkpoint, drawn),
                canvas=None,
            )
        inner = None
        canvases[now.region] = mine
        step, done = before.step + now.steps, before.done + now.cost * now.steps / work


def allowed(
    request: StylizeRequest, styles: Sequence[refine.Style], layout: Layout
) -> StylizeRequest:
    """The request as these styles allow it: see `refine.allowed`, which each region asks again."""
    for region in layout.regions:
        if (found := refine.allowed(request, [styles[each] for each in region.styles])) is request:
            break
    return found


def _passes(
    photo: Pixels, layout: Layout, plan: Sequence[float], request: StylizeRequest
) -> Iterator[_Pass]:
    """All that is done, coarse to fine."""
    least = extractors.get(request.network).shortest_side
    for scale, steps in zip(plan, refine.counts(request, plan), strict=True):
        copy = layout.at(*refine.size(photo, max(1, round(layout.labels.shape[0] * scale))))
        for region in range(len(layout.regions)):
            if not steps or not copy.mask(region).any():  # too small to be seen in this copy
                continue
            box = copy.box(region, least)
            pixels = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
            yield _Pass(scale, region, steps, copy, box, pixels + refine.STEP_PIXELS)


def _enlarged(canvas: Canvas | None, small: Canvas, smaller: Canvas | None) -> Canvas | None:
    """A region's canvas at the size of a copy of the photo, if there is one and it is not yet."""
    if canvas is None or canvas.shape == small.shape:
        return canvas
    enlarged = resize(canvas, *small.shape[:2])
    if smaller is not None:  # what enlarging blurs, as `refine` adds it
        enlarged += small - resize(smaller, *small.shape[:2])
    return enlarged


def _mean(losses: Sequence[_Losses | None], layout: Layout) -> _Losses:
    """The mean over regions that have any, as large as they are."""
    areas = [np.count_nonzero(layout.mask(region)) for region in range(len(losses))]
    known = [(each, area) for each, area in zip(losses, areas, strict=True) if each is not None]
    loss, content, style = np.average([e for e, _ in known], axis=0, weights=[a for _, a in known])
    return float(loss), float(content), float(style)


def _around(now: _Pass, small: Canvas, canvases: Sequence[Canvas | None], *, faded: bool) -> Canvas:
    """All but the region of a pass, times what it has in each pixel.

    Args:
        small: The copy of the photo; it is also what has not been painted yet.
        faded: Whether regions have their strengths, for show: less of one is more of the photo. A
            weaker style in the loss would hardly look weaker, since no content stands against it.
    """
    weights = now.layout.weights
    around: Canvas = weights[0][..., None] * small
    for number, (region, canvas) in enumerate(zip(now.layout.regions, canvases, strict=True)):
        share = np.float32(region.strength if faded else 1)
        part = (1 - share) * small
        if number != now.region:
            part = part + share * (small if canvas is None else canvas)
        around += weights[number + 1][..., None] * part
    return around


def _of_region(request: StylizeRequest, now: _Pass) -> StylizeRequest:
    """The request for one region at one scale."""
    return request.changed(
        rows=now.layout.labels.shape[0],
        scales=(1.0,),
        steps=now.steps,
        style_weights=now.layout.regions[now.region].weights(request.style_weights),
        region_styles=None,
        region_strengths=None,
    )


def _together(picture: Canvas, photo: Canvas, layout: Layout, keep_colors: bool) -> Pixels:
    """All regions and the photo, as pixels."""
    if keep_colors:
        picture = color.with_colors_of(picture, photo)
    return layout.restored(refine.as_pixels(picture), refine.as_pixels(photo))


@dataclass(frozen=True, eq=False)
class _Standing:
    """Where a painting stands before a pass, for who goes on from there.

    Attributes:
        number: Of the pass.
        step: Steps before it, in any region.
        done: Share of the work before it, 0..1.
        seconds: Since the start.
        canvases: Of the regions, at the size at which they were painted last; None for one that
            has not been begun.
        losses: Last found in each region; None likewise.
    """

    number: int
    step: int
    done: float
    seconds: float
    canvases: tuple[Canvas | None, ...]
    losses: tuple[_Losses | None, ...]

    def checkpoint(self, drawn: refine.Step) -> Checkpoint:
        """This, and what it takes to go on after a step of the pass."""
        inner, name = drawn.checkpoint(), f"pass-{self.number}"
        begun = {f"{n}": each for n, each in enumerate(self.canvases) if each is not None}
        return Checkpoint(
            {
                "pass": self.number,
                "step": self.step,
                "done": self.done,
                "seconds": self.seconds,
                "losses": self.losses,
                "inner": inner.state,
            },
            inner.arrays,
            {f"{name}/{piece}": arrays for piece, arrays in inner.pieces.items()}
            | ({f"{name}-canvases": begun} if begun else {}),
        )

    @classmethod
    def of(cls, found: Checkpoint) -> tuple[_Standing, Checkpoint]:
        """What `checkpoint` was made of: the standing, and the checkpoint of the pass."""
        state, name = found.state, f"pass-{found.state['pass']}"
        begun = found.pieces.get(f"{name}-canvases", {})
        prefix = f"{name}/"
        pieces = {
            piece.removeprefix(prefix): arrays
            for piece, arrays in found.pieces.items()
            if piece.startswith(prefix)
        }
        standing = cls(
            state["pass"],
            state["step"],
            state["done"],
            state["seconds"],
            tuple(begun.get(f"{n}") for n in range(len(state["losses"]))),
            tuple(each and tuple(each) for each in state["losses"]),
        )
        return standing, Checkpoint(state["inner"], found.arrays, pieces)
