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
from core.stylize.optimization import optimizers, preconditioner
from core.stylize.optimization.memory import TooLarge, estimate_bytes, free_bytes, room
from core.stylize.optimization.schedule import SMALLEST, scales, shares, size, style_size
from core.stylize.optimization.standing import Standing
from core.stylize.request import StylizeRequest
from core.stylize.style import StyleTarget, mix

__all__ = [
    "SMALLEST",
    "Step",
    "Style",
    "TooLarge",
    "as_pixels",
    "estimate_bytes",
    "free_bytes",
    "noise",
    "refine",
    "resize",
    "scales",
    "shares",
    "size",
]

_STEP_PIXELS = 15_000  # besides its own: a step of a small copy, too, takes its time


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
        style_loss: Its distance from the style, see `losses.style_loss`.
        scale: Size of the present copy; 1 is the size of the painting.
        first: Whether it is the first step of its scale.
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

    def pixels(self) -> Pixels:
        """The picture as it now is, at the present scale: `(height, width, 3)` uint8 RGB."""
        return self._pixels()

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on from here, to be asked for before the next step is drawn."""
        return self._checkpoint()


Style: TypeAlias = StyleTarget | ArtistStyle | Pixels


def refine(
    photo: Pixels,
    styles: Sequence[Style],
    request: StylizeRequest | None = None,
    *,
    canvas: Pixels | Canvas | None = None,
    memory_bytes: int | None = None,
    resume: Checkpoint | None = None,
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
    row = extractors.get(request.network)
    judge = objective.objective(
        request.network,
        request.precision or compute_dtype(),
        tuple((request.content_layers or row.content).items()),
        tuple((request.style_layers or row.style).items()),
    )
    weights = objective.Weights(
        request.content_weight, request.style_weight, request.variation_weight
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
    counts, done, step, started = shares(request.steps, plan), 0.0, 0, time.monotonic()
    costs = [scale**2 * height * width + _STEP_PIXELS for scale in plan]
    work = sum(count * cost for count, cost in zip(counts, costs, strict=True))
    picture = None if canvas is None else canvas.astype(np.float32)
    optimizer = optimizers.make(
        request.optimizer, preconditioner.Waves(request.waves), request.learning_rate
    )
    standing, remembered = (None, None) if resume is None else Standing.of(resume)
    small: Canvas | None = None
    for index, (scale, count, cost) in enumerate(zip(plan, counts, costs, strict=True)):
        if not count:
            continue
        shape = max(1, round(height * scale)), max(1, round(width * scale))
        smaller, small = small, resize(photo, *shape).clip(0, 255)
        if standing is not None and index < standing.scale:
            continue
        described = [_describe(style, judge, small, scale, request, largest) for style in styles]
        target = mix(described, request.style_weights)
        evaluate = judge.against(small, target, weights, largest=largest)
        taken = 0
        if standing is not None and remembered is not None:
            picture, taken = standing.begun, standing.taken
            step, done, started = standing.step, standing.done, started - standing.seconds
            optimizer.restore(remembered)
            standing = remembered = resume = None  # which are large
        else:
            if picture is None:
                picture = _first_canvas(small, styles, request)
            picture = resize(picture, *shape)
            if smaller is not None:  # what enlarging blurs is taken from the photo, as a start
                picture += small - resize(smaller, *shape)
                optimizer.enlarge(functools.partial(resize, height=shape[0], width=shape[1]))
        begun = picture
        descent = optimizer.descend(picture, evaluate)
        for n, (best, found) in enumerate(itertools.islice(descent, count - taken), taken):
            seconds = time.monotonic() - started
            here = Standing(index, n, step, done, seconds, begun)
            picture, step = best, step + 1
            done += cost / work
            yield Step(
                step=step,
                of=request.steps,
                seconds=seconds,
                done=done,
                loss=found.loss,
                content_loss=found.content,
                style_loss=found.style,
                scale=scale,
                first=n == 0,
                _pixels=_Canvas(best, small if request.keep_colors else None),
                _checkpoint=functools.partial(here.checkpoint, optimizer),
            )


def _first_canvas(
    photo: Canvas,
    styles: Sequence[Style],
    request: StylizeRequest,
) -> Canvas:
    """What is there before the first step.

    The photo is already in the colors of the styles: deep features hardly see colors, and
    those of InceptionV3, whose first style layer is deep, would leave them as they are.
    """
    if request.start == "noise":
        return noise(photo.shape[0], photo.shape[1], request.seed)
    weights = request.style_weights or [1.0] * len(styles)
    known = [
        (weight, _colors(style))
        for weight, style in zip(weights, styles, strict=True)
        if not isinstance(style, StyleTarget) and weight > 0
    ]
    if request.keep_colors or not known:
        return photo
    shares = np.array([weight for weight, _ in known], np.float32)
    moved = [color.move(photo, *colors) for _, colors in known]
    blend: Canvas = np.tensordot(shares / shares.sum(), np.stack(moved), axes=1)
    return blend


def _colors(style: ArtistStyle | Pixels) -> tuple[Floats, Floats]:
    """Mean and covariance of a style's colors."""
    if isinstance(style, ArtistStyle):
        return style.color_mean, style.color_covariance
    return color.statistics(style)


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


def _describe(
    style: Style,
    judge: objective.Objective,
    photo: Canvas,
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
    picture = resize(style, *style_size(style, scale, request)).clip(0, 255)
    if request.keep_colors:
        picture = color.match(picture, photo)
    return judge.describe(picture, largest=largest)


def as_pixels(picture: Canvas) -> Pixels:
    """A canvas rounded to what can be shown."""
    pixels: Pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return pixels


def noise(height: int, width: int, seed: int) -> Canvas:
    """A gray canvas with noise on it, float32 RGB 0..255."""
    generator = np.random.default_rng(seed)
    return generator.normal(128, 24, (height, width, 3)).clip(0, 255).astype(np.float32)
