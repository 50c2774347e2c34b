"""Paints a photo in a style by optimizing the picture itself, coarse to fine.

What Gatys et al. (arXiv 1508.06576, CVPR 2016) minimize, reached much sooner: large forms
are painted in a small copy, where a step costs a sixteenth, and only then the strokes
(Gatys et al., arXiv 1611.07865, section 5). `refine` is a generator, so that whoever draws
its steps decides when the picture is finished.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from core.errors import InvalidRequest
from core.hardware import compute_dtype
from core.images.resize import resize
from core.images.types import Canvas, Floats, Pixels
from core.jobs.checkpoint import Checkpoint
from core.stylize import color, extractors, objective
from core.stylize.artist_styles import ArtistStyle
from core.stylize.canvas import Style, as_pixels, first_canvas, noise
from core.stylize.objective import contours, forms
from core.stylize.optimization import optimizers, preconditioner
from core.stylize.optimization.memory import TooLarge, estimate_bytes, free_bytes, room
from core.stylize.optimization.schedule import SMALLEST, scales, shares, size, style_size
from core.stylize.optimization.standing import Standing
from core.stylize.request import StylizeRequest
from core.stylize.style import StyleTarget, mix
from core.stylize.within import Within

__all__ = [
    "SMALLEST",
    "STEP_PIXELS",
    "Step",
    "Style",
    "TooLarge",
    "as_pixels",
    "counts",
    "estimate_bytes",
    "free_bytes",
    "noise",
    "refine",
    "resize",
    "scales",
    "shares",
    "size",
]

STEP_PIXELS = 15_000  # besides its own: a step of a small copy, too, takes its time
_FALL = 0.4  # of steps from scale to scale: forms are found in small copies, and drawn in large
_OF_CANVAS = 0.25  # of what is matched: the rest is the photo, so that content does not drift


@dataclass(frozen=True)
class Step:
    """One evaluation of the loss.

    Attributes:
        step: Its number, from 1.
        of: How many there will be if nobody stops.
        seconds: Since the start, networks loaded.
        done: Share of the whole work so far, 0..1; steps of large copies count for more.
        loss: The weighted sum of all parts, of the best picture at this scale so far.
        content_loss: Its distance from the photo, see `losses.content_loss`.
        style_loss: Its distance from the style, see `losses.style_loss`, and, for the share that
            the request gives them, `forms.distance`.
        scale: Size of the present copy; 1 is the size of the painting.
        first: Whether it is the first step of its scale.
        canvas: The picture as it is worked on, or the part of it that is.
    """

    step: int
    of: int
    seconds: float
    done: float
    loss: float
    content_loss: float
    style_loss: float
    scale: float
    first: bool
    _pixels: Callable[[], Pixels] = field(repr=False)
    _checkpoint: Callable[[], Checkpoint] = field(repr=False)
    canvas: Canvas | None = field(default=None, repr=False)

    def pixels(self) -> Pixels:
        """The picture as it now is, at the present scale: `(height, width, 3)` uint8 RGB."""
        return self._pixels()

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on from here, to be asked for before the next step is drawn."""
        return self._checkpoint()


_Seen: TypeAlias = StyleTarget | ArtistStyle | Canvas  # at the present scale


def allowed(request: StylizeRequest, styles: Sequence[Style]) -> StylizeRequest:
    """The request as these styles allow it.

    Forms are places, of a picture or of a painter's paintings. Where only statistics of a style
    are known no place can be taken from it, and all are painted by their texture.
    """
    if all(_has_places(style) for style in styles):
        return request
    return request.changed(forms=0.0)


def refine(
    photo: Pixels,
    styles: Sequence[Style],
    request: StylizeRequest | None = None,
    *,
    canvas: Pixels | Canvas | None = None,
    memory_bytes: int | None = None,
    resume: Checkpoint | None = None,
    within: Within | None = None,
) -> Iterator[Step]:
    """Paints. Stop drawing steps at any moment: what the last one shows is kept.

    Args:
        photo: What is to be seen, `(height, width, 3)` uint8 RGB of any size.
        styles: How it is to be painted: pictures, artists' styles, or statistics of the
            request's network.
        request: How it is to be painted; as usual if None.
        canvas: A picture to go on from, of any size: an earlier result, or the instant one
            where that is the start. Unless the request names scales, it is painted at full
            size only.
        memory_bytes: What the painting may take; what is free on this machine if None.
        resume: A step's checkpoint, with all else as it was: that step comes once more, without
            an evaluation, and then those that would have followed it.
        within: The region that is painted, at one scale, see `regional`; None for all.

    Yields:
        A step after each evaluation.

    Raises:
        TooLarge: If it does not fit into memory, not even in tiles.
        InvalidRequest: If styles, weights, layers and network do not fit each other.
        WeightsError: If the network's weights are not to be had.
    """
    request = request or StylizeRequest()
    height, width = size(photo, request.rows)
    pictures = [style for style in styles if isinstance(style, np.ndarray)]
    free = free_bytes() if memory_bytes is None else memory_bytes
    largest = room(height, width, pictures, request, free)
    request = allowed(request, styles)
    row = extractors.get(request.network)
    content_layers, style_layers = forms.usual_layers(request.network, request.forms)
    judge = objective.objective(
        request.network,
        request.precision or compute_dtype(),
        tuple((request.content_layers or content_layers).items()),
        tuple((request.style_layers or style_layers).items()),
        request.forms > 0,
    )
    weights = objective.Weights(
        content=request.content_weight * (forms.CONTENT_SHARE if request.forms else 1),
        style=request.style_weight * (1 - request.forms),
        variation=request.variation_weight,
        forms=request.style_weight * request.forms,
        contours=contours.WEIGHT * request.keep_contours,
    )
    if canvas is not None and request.scales is None:
        plan: tuple[float, ...] = (1.0,)
    else:
        plan = scales(height, width, request)
    if min(height, width) * plan[0] < row.shortest_side - 1:
        raise InvalidRequest(
            f"{row.title} sees nothing in a picture of fewer than {row.shortest_side} pixels a "
            f"side, and the smallest copy would have {min(height, width) * plan[0]:.0f}: choose "
            "more rows."
        )
    steps = counts(request, plan)
    done, step, started = 0.0, 0, time.monotonic()
    costs = [scale**2 * height * width + STEP_PIXELS for scale in plan]
    work = sum(count * cost for count, cost in zip(steps, costs, strict=True))
    picture = None if canvas is None else canvas.astype(np.float32)
    optimizer = _optimizer(request)
    standing, remembered = (None, None) if resume is None else Standing.of(resume)
    small: Canvas | None = None
    for index, (scale, count, cost) in enumerate(zip(plan, steps, costs, strict=True)):
        if not count:
            continue
        shape = max(1, round(height * scale)), max(1, round(width * scale))
        smaller, small = small, resize(photo, *shape).clip(0, 255)
        if within is not None:
            small = small[within.box]
        if standing is not None and index < standing.scale:
            continue
        seen = [_at_scale(style, small, scale, request) for style in styles]
        described = [_describe(style, judge, scale, request, largest) for style in seen]
        target = mix(described, request.style_weights)
        taken = 0
        if standing is not None and remembered is not None:
            picture, taken, goes_on = standing.begun, standing.taken, standing.goes_on
            step, done, started = standing.step, standing.done, started - standing.seconds
            optimizer.restore(remembered)
            standing = remembered = resume = None  # which are large
        else:
            goes_on = smaller is not None or (picture is not None and scale == 1)
            if picture is None:
                picture = first_canvas(small, styles, request)
            elif within is not None:
                picture = resize(picture, *shape)[within.box]
            picture = resize(picture, *small.shape[:2])
            if smaller is not None:  # what enlarging blurs is taken from the photo, as a start
                picture += small - resize(smaller, *shape)
                if request.forms:  # what it remembers is of other targets
                    optimizer = _optimizer(request)
                else:
                    optimizer.enlarge(functools.partial(resize, height=shape[0], width=shape[1]))
        begun = picture
        matched = None
        mask = None if within is None else within.mask[within.box]
        if request.forms:
            query = small + _OF_CANVAS * (picture.clip(0, 255) - small) if goes_on else small
            matched = _match(judge, query, seen, request, scale, largest, mask)
        evaluate = judge.against(small, target, weights, forms=matched, largest=largest, mask=mask)
        if within is not None:
            evaluate = within.inside(evaluate)
        descent = optimizer.descend(picture, evaluate)
        for n, (best, found) in enumerate(itertools.islice(descent, max(count - taken, 0)), taken):
            seconds = time.monotonic() - started
            here = Standing(index, n, step, done, seconds, begun, goes_on)
            picture, step = best, step + 1
            done += cost / work
            yield Step(
                step=step,
                of=request.steps,
                seconds=seconds,
                done=done,
                loss=found.loss,
                content_loss=found.content,
                style_loss=(1 - request.forms) * found.style + request.forms * found.forms,
                scale=scale,
                first=n == 0,
                _pixels=_Canvas(best, small if request.keep_colors else None),
                _checkpoint=functools.partial(here.checkpoint, optimizer),
                canvas=best,
            )


def counts(request: StylizeRequest, plan: Sequence[float]) -> list[int]:
    """Steps of each scale of a plan."""
    return shares(request.steps, plan, _FALL) if request.forms else shares(request.steps, plan)


def _optimizer(request: StylizeRequest) -> optimizers.Optimizer:
    waves = preconditioner.Waves(request.waves)
    return optimizers.make(request.optimizer, waves, request.learning_rate)


def _has_places(style: Style) -> bool:
    if isinstance(style, ArtistStyle):
        return style.places is not None
    return isinstance(style, np.ndarray)


def _match(
    judge: objective.Objective,
    query: Canvas,
    styles: Sequence[_Seen],
    request: StylizeRequest,
    scale: float,
    largest: int | None,
    mask: Floats | None,
) -> objective.Forms:
    """What each place is to look like, by styles that have a share in it."""
    rows = round(request.rows * scale * request.brush)
    weights = request.style_weights or (1.0,) * len(styles)
    known: list[Canvas | forms.Bank] = []
    taken: list[float] = []
    for style, weight in zip(styles, weights, strict=True):
        if weight <= 0:
            continue
        if isinstance(style, ArtistStyle) and style.places is not None:
            known.append(forms.Bank(style.places.at(rows)))
        elif isinstance(style, np.ndarray):
            known.append(style)
        else:  # see `allowed`
            continue
        taken.append(weight)
    parts = [weight / sum(taken) for weight in taken]
    return judge.match(query, known, parts, seed=request.seed, largest=largest, mask=mask)


@dataclass(frozen=True)
class _Canvas:
    """A picture between two steps, turned into pixels only if somebody looks."""

    picture: Canvas
    photo: Canvas | None  # whose colors are kept

    def __call__(self) -> Pixels:
        picture = self.picture
        if self.photo is not None:
            picture = color.with_colors_of(picture, self.photo)
        return as_pixels(picture)


def _at_scale(style: Style, photo: Canvas, scale: float, request: StylizeRequest) -> _Seen:
    """A style picture as it is looked at beside a copy of the photo; other styles as they are."""
    if not isinstance(style, np.ndarray):
        return style
    picture = resize(style, *style_size(style, scale, request)).clip(0, 255)
    return color.match(picture, photo) if request.keep_colors else picture


def _describe(
    style: _Seen,
    judge: objective.Objective,
    scale: float,
    request: StylizeRequest,
    largest: int | None,
) -> StyleTarget:
    if isinstance(style, StyleTarget):
        return style
    if isinstance(style, ArtistStyle):
        known = style.at(round(request.rows * scale * request.brush))
        wanted = {
            term: {name: values for name, values in layers.items() if name in judge.style}
            for term, layers in known.statistics.items()
        }
        return StyleTarget(known.network, **wanted)
    return judge.describe(style, largest=largest)
