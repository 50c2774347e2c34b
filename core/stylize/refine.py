"""Paints a photo in a style by optimising the picture itself, coarse to fine.

What Gatys et al. (arXiv 1508.06576, CVPR 2016) minimise, reached much sooner: large forms
are painted in a small copy, where a step costs a sixteenth, and only then the strokes
(Gatys et al., arXiv 1611.07865, section 5). `refine` is a generator, so that whoever draws
its steps decides when the picture is finished.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from core.errors import InvalidRequest
from core.hardware import compute_dtype
from core.images.resize import resize as resize  # callers know it as `refine.resize`
from core.stylize import color, extractors, objective, optimizers, preconditioner
from core.stylize.artist_styles import ArtistStyle
from core.stylize.style import StyleTarget, mix

SMALLEST = 90  # rows of the coarsest copy, at least: below it, strokes are no strokes any more

# Bytes a pixel, measured as peaks of a process.
_KEPT_BYTES = {"lbfgs": 650, "adam": 200}  # besides features: L-BFGS remembers twenty moves
_STYLE_BYTES = 100  # of a style picture: brought to its size, and to the colours of the photo
_LOOK_BYTES = 1000  # features of a style that is looked at in one piece, without a gradient

# What one evaluation takes even where more is free: 2048×1365 stays below 8 GB with all the
# rest of the app, and tiles so large cost hardly more than none.
_AT_ONCE_BYTES = 4_500_000_000
_LEAST_TILE = 250_000  # pixels; smaller tiles are mostly margin
_STEP_PIXELS = 15_000  # besides its own: a step of a small copy, too, takes its time

OptimiserName = Literal["lbfgs", "adam"]
Start = Literal["photo", "noise"]


class TooLarge(InvalidRequest):
    """A painting that would not fit into memory."""

    code = "too-large"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What can be chosen about a painting.

    Attributes:
        network: Id of a row of `networks.TABLE`.
        rows: Height of the painting in pixels; its width follows from the photo.
        steps: Evaluations of the loss in all, over all scales.
        content_weight: Faithfulness to the photo.
        style_weight: Strength of style.
        variation_weight: Smoothness, see `losses.total_variation`.
        brush: Size of the style picture against the photo; 2 makes strokes twice as broad.
        keep_colors: Whether the colours of the photo stay.
        start: What is on the canvas at first, if no picture is given to go on from: the photo
            in the colours of the styles, or noise.
        seed: Of the noise.
        optimiser: See `optimise`.
        learning_rate: Of Adam, in grey levels; None for its own. L-BFGS finds its steps.
        waves: Power by which broad forms go before fine noise, see `precondition`.
        scales: Sizes of the copies, rising to 1; None for halves down to `SMALLEST` rows.
        content_layers: Layer to weight; None for those of the network's row.
        style_layers: Likewise.
        precision: Keras policy of the network; None for the fastest on this processor.
    """

    network: str = extractors.DEFAULT
    rows: int = 400
    steps: int = 100
    content_weight: float = 0.1
    style_weight: float = 1.0
    variation_weight: float = 0.0
    brush: float = 1.0
    keep_colors: bool = False
    start: Start = "photo"
    seed: int = 0
    optimiser: OptimiserName = "lbfgs"
    learning_rate: float | None = None
    waves: float = 0.75
    scales: tuple[float, ...] | None = None
    content_layers: Mapping[str, float] | None = None
    style_layers: Mapping[str, float] | None = None
    precision: str | None = None

    def __post_init__(self) -> None:
        """Checks.

        Raises:
            InvalidRequest: With one sentence that says what is not possible.
        """
        if self.network not in extractors.TABLE:
            known = ", ".join(extractors.TABLE)
            raise InvalidRequest(f"There is no network {self.network!r}; there are: {known}.")
        row = extractors.get(self.network)
        if not row.shortest_side <= self.rows <= 10_000:
            raise InvalidRequest(f"{row.title} paints from {row.shortest_side} to 10000 rows.")
        if self.steps < 1:
            raise InvalidRequest("A painting takes at least one step.")
        if self.steps > 1_000_000:
            raise InvalidRequest("A painting takes at most a million steps.")
        weights = (self.content_weight, self.style_weight, self.variation_weight)
        if min(weights) < 0 or not 0 < sum(weights) < math.inf:
            raise InvalidRequest("Weights are positive numbers, and not all of them zero.")
        if not 0.1 <= self.brush <= 10:
            raise InvalidRequest("The brush is between a tenth of and ten times its usual size.")
        if self.seed < 0:
            raise InvalidRequest("The seed is a whole number from 0 on.")
        if self.start not in get_args(Start):
            raise InvalidRequest(f"A painting starts from {' or '.join(get_args(Start))}.")
        if self.optimiser not in optimizers.OPTIMIZERS:
            raise InvalidRequest(f"Optimisers are {' and '.join(optimizers.OPTIMIZERS)}.")
        if self.learning_rate is not None and not 0 < self.learning_rate <= 255:
            raise InvalidRequest("The learning rate is between 0 and 255 grey levels.")
        if not 0 <= self.waves <= 2:
            raise InvalidRequest("The power of waves is from 0 to 2.")
        if self.scales is not None:
            rising = all(a < b for a, b in itertools.pairwise(self.scales))
            if not self.scales or not rising or self.scales[0] <= 0 or self.scales[-1] != 1:
                raise InvalidRequest("Scales rise to 1.")
        for layers in (self.content_layers, self.style_layers):
            if layers is not None and (not layers or min(layers.values()) <= 0):
                raise InvalidRequest(
                    "Layers have positive weights, and there is at least one of each."
                )


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
    _pixels: Callable[[], np.ndarray] = field(repr=False)

    def pixels(self) -> np.ndarray:
        """The picture as it now is, at the present scale: `(height, width, 3)` uint8 RGB."""
        return self._pixels()


Style = StyleTarget | ArtistStyle | np.ndarray


def size(photo: np.ndarray, rows: int) -> tuple[int, int]:
    """Height and width of a painting of this photo."""
    return rows, max(1, round(rows * photo.shape[1] / photo.shape[0]))


def estimate_bytes(
    height: int,
    width: int,
    network: str = extractors.DEFAULT,
    precision: str | None = None,
    *,
    optimiser: OptimiserName = "lbfgs",
    largest: int | None = None,
) -> int:
    """Memory that painting takes at its largest scale, on top of the loaded network.

    Args:
        height: Of the painting.
        width: Of the painting.
        network: Id of a row of `networks.TABLE`.
        precision: Keras policy of the network; None for the fastest on this processor.
        optimiser: See `Options`.
        largest: Pixels of the largest tile; None for a picture in one piece.
    """
    pixels = height * width
    seen = pixels if largest is None else min(pixels, largest)
    return int(pixels * _KEPT_BYTES[optimiser] + seen * _evaluation_bytes(network, precision))


def _evaluation_bytes(network: str, precision: str | None) -> float:
    """Memory a pixel of the loss with its gradient."""
    # Maps are half as large in bfloat16, but the loss stays in float32.
    share = 1.0 if (precision or compute_dtype()) == "float32" else 0.65
    return share * extractors.get(network).bytes_a_pixel


def _room(
    height: int, width: int, styles: Sequence[Style], options: Options, memory: int
) -> int | None:
    """How many pixels memory allows to evaluate in one pass; None for all of them.

    Raises:
        TooLarge: If it does not even suffice for small tiles, or the network allows none.
    """
    row, network = extractors.get(options.network), (options.network, options.precision)
    in_tiles = row.temperature is None  # a softmax over whole maps allows none
    needed = estimate_bytes(
        height, width, *network, optimiser=options.optimiser, largest=_LEAST_TILE * in_tiles or None
    )
    pictures = [style for style in styles if isinstance(style, np.ndarray)]
    looked_at = max((math.prod(_style_size(each, 1.0, options)) for each in pictures), default=0)
    needed = max(needed, looked_at * (_STYLE_BYTES if in_tiles else _LOOK_BYTES))
    if needed > memory:
        # Memory grows with the square of the rows, but for that of a tile.
        tile = _LEAST_TILE * _evaluation_bytes(*network) if in_tiles else 0.0
        share = max(0.0, memory - tile) / max(1.0, needed - tile)
        rows = int(height * math.sqrt(share) / 10) * 10
        enough = f", enough for about {rows} rows" if rows >= row.shortest_side else ""
        raise TooLarge(
            f"A painting of {width}×{height} pixels takes about {needed / 1e9:.1f} GB of memory, "
            f"and {memory / 1e9:.1f} GB are free{enough}: choose fewer rows."
        )
    if not in_tiles:
        return None
    spare = min(height * width, _LEAST_TILE) + (memory - needed) / _evaluation_bytes(*network)
    return int(min(spare, _AT_ONCE_BYTES / _evaluation_bytes(*network)))


def scales(height: int, width: int, options: Options) -> tuple[float, ...]:
    """The sizes at which it is painted one after the other, the last one 1."""
    if options.scales is not None:
        return options.scales
    shortest = max(SMALLEST, extractors.get(options.network).shortest_side)
    halvings = max(0, int(math.log2(min(height, width) / shortest)))
    return tuple(2.0**-n for n in range(halvings, -1, -1))


def shares(steps: int, scales: Sequence[float]) -> list[int]:
    """Divides steps among scales; each gets about two thirds of those of the smaller one.

    A scale starts from what the smaller one has found, and its steps cost four times as much.
    """
    portions = [(2 / 3) ** n for n in range(len(scales))]
    ends = [round(steps * sum(portions[: n + 1]) / sum(portions)) for n in range(len(scales))]
    return [end - start for start, end in itertools.pairwise([0, *ends])]


def refine(
    photo: np.ndarray,
    styles: Sequence[Style],
    options: Options | None = None,
    *,
    style_weights: Sequence[float] | None = None,
    canvas: np.ndarray | None = None,
    memory_bytes: int | None = None,
) -> Iterator[Step]:
    """Paints. Stop drawing steps at any moment: what the last one shows is kept.

    Args:
        photo: What is to be seen, `(height, width, 3)` uint8 RGB of any size.
        styles: How it is to be painted: pictures, artists' styles, or statistics of the
            options' network.
        options: Default ones if None.
        style_weights: One number a style; equal if None.
        canvas: A picture to go on from, of any size: an earlier result, or an instant one.
            Unless the options name scales, it is painted at full size only.
        memory_bytes: What the painting may take; what is free on this machine if None.

    Yields:
        A step after each evaluation.

    Raises:
        TooLarge: If it does not fit into memory, not even in tiles.
        InvalidRequest: If styles, weights, layers and network do not fit each other.
        WeightsError: If the network's weights are not to be had.
    """
    options = options or Options()
    height, width = size(photo, options.rows)
    memory = free_bytes() if memory_bytes is None else memory_bytes
    room = _room(height, width, styles, options, memory)
    row = extractors.get(options.network)
    judge = objective.objective(
        options.network,
        options.precision or compute_dtype(),
        tuple((options.content_layers or row.content).items()),
        tuple((options.style_layers or row.style).items()),
    )
    weights = objective.Weights(
        options.content_weight, options.style_weight, options.variation_weight
    )
    if canvas is not None and options.scales is None:
        plan: tuple[float, ...] = (1.0,)
    else:
        plan = scales(height, width, options)
    if min(height, width) * plan[0] < row.shortest_side - 1:
        raise InvalidRequest(
            f"{row.title} sees nothing in a picture of fewer than {row.shortest_side} pixels a "
            f"side, and the smallest copy would have {min(height, width) * plan[0]:.0f}: choose "
            "more rows."
        )
    counts, done, step, started = shares(options.steps, plan), 0.0, 0, time.monotonic()
    costs = [scale**2 * height * width + _STEP_PIXELS for scale in plan]
    work = sum(count * cost for count, cost in zip(counts, costs, strict=True))
    picture = None if canvas is None else canvas.astype(np.float32)
    optimiser = optimizers.make(
        options.optimiser, preconditioner.Waves(options.waves), options.learning_rate
    )
    small: np.ndarray | None = None
    for scale, count, cost in zip(plan, counts, costs, strict=True):
        if not count:
            continue
        shape = max(1, round(height * scale)), max(1, round(width * scale))
        smaller, small = small, resize(photo, *shape).clip(0, 255)
        described = [_describe(style, judge, small, scale, options, room) for style in styles]
        target = mix(described, style_weights)
        evaluate = judge.against(small, target, weights, largest=room)
        if picture is None:
            picture = _first_canvas(small, styles, style_weights, options)
        picture = resize(picture, *shape)
        if smaller is not None:  # what enlarging blurs is taken from the photo, as a start
            picture += small - resize(smaller, *shape)
            optimiser.enlarge(functools.partial(resize, height=shape[0], width=shape[1]))
        descent = optimiser.descend(picture, evaluate)
        for n, (best, found) in enumerate(itertools.islice(descent, count)):
            picture, step = best, step + 1
            done += cost / work
            yield Step(
                step=step,
                of=options.steps,
                seconds=time.monotonic() - started,
                done=done,
                loss=found.loss,
                content_loss=found.content,
                style_loss=found.style,
                scale=scale,
                first=n == 0,
                _pixels=_Canvas(best, small if options.keep_colors else None),
            )


def _style_size(style: np.ndarray, scale: float, options: Options) -> tuple[int, int]:
    least = extractors.get(options.network).shortest_side
    height, width = size(style, round(max(least, options.rows * scale * options.brush)))
    return height, max(least, width)  # of a strip that is narrower, the network sees nothing


def _first_canvas(
    photo: np.ndarray,
    styles: Sequence[Style],
    style_weights: Sequence[float] | None,
    options: Options,
) -> np.ndarray:
    """What is there before the first step.

    The photo is already in the colours of the styles: deep features hardly see colours, and
    those of InceptionV3, whose first style layer is deep, would leave them as they are.
    """
    if options.start == "noise":
        return noise(photo.shape[0], photo.shape[1], options.seed)
    weights = [1.0] * len(styles) if style_weights is None else style_weights
    known = [
        (weight, _colours(style))
        for weight, style in zip(weights, styles, strict=True)
        if not isinstance(style, StyleTarget) and weight > 0
    ]
    if options.keep_colors or not known:
        return photo
    shares = np.array([weight for weight, _ in known], np.float32)
    moved = [color.move(photo, *colours) for _, colours in known]
    return np.tensordot(shares / shares.sum(), np.stack(moved), axes=1)


def _colours(style: ArtistStyle | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of a style's colours."""
    if isinstance(style, ArtistStyle):
        return style.color_mean, style.color_covariance
    return color.statistics(style)


@dataclass(frozen=True)
class _Canvas:
    """A picture between two steps, turned into pixels only if somebody looks."""

    picture: np.ndarray
    photo: np.ndarray | None  # whose colours are kept

    def __call__(self) -> np.ndarray:
        picture = self.picture
        if self.photo is not None:
            picture = color.with_colors_of(picture, self.photo)
        return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _describe(
    style: Style,
    judge: objective.Objective,
    photo: np.ndarray,
    scale: float,
    options: Options,
    room: int | None,
) -> StyleTarget:
    if isinstance(style, StyleTarget):
        return style
    if isinstance(style, ArtistStyle):
        known = style.at(round(options.rows * scale * options.brush))
        wanted = {name: gram for name, gram in known.grams.items() if name in judge.style}
        return StyleTarget(known.network, wanted)
    picture = resize(style, *_style_size(style, scale, options)).clip(0, 255)
    if options.keep_colors:
        picture = color.match(picture, photo)
    return judge.describe(picture, largest=room)


def noise(height: int, width: int, seed: int) -> np.ndarray:
    """A grey canvas with noise on it, float32 RGB 0..255."""
    generator = np.random.default_rng(seed)
    return generator.normal(128, 24, (height, width, 3)).clip(0, 255).astype(np.float32)


def free_bytes() -> int:
    """Memory that this machine, or container, can still give, in bytes; else a guess."""
    limits = []
    with contextlib.suppress(OSError, ValueError, KeyError):  # no Linux
        known = _table(Path("/proc/meminfo"))
        limits.append(1024 * known["MemAvailable:"])
    with contextlib.suppress(OSError, ValueError, KeyError):  # no container, or no limit
        group = Path("/sys/fs/cgroup")
        used = int((group / "memory.current").read_text())
        cached = _table(group / "memory.stat")["inactive_file"]  # given back on demand
        limits.append(int((group / "memory.max").read_text()) - used + cached)
    return max(0, min(limits, default=4 * 1024**3))


def _table(path: Path) -> dict[str, int]:
    """A file of names and numbers."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows}
