"""A photo in any style at once, by a network that was trained for it.

VGG16 reads photo and style at half their size; what it sees in the photo is given the mean and
deviation of what it sees in the style, channel by channel (adaptive instance normalization,
Huang & Belongie, arXiv 1703.06868), and a decoder paints from that
(`core.models.architectures.style_decoder`). In the shallow layers, where colors and strokes are,
channels are matched together, not one by one: they get the covariance of the style by the linear
map that changes them least (optimal transport between Gaussians; Lu et al., arXiv 1906.00668,
and Mroueh, arXiv 1905.12828).

Where a photo is flat it is given an underdrawing to paint over (`underdrawing`).

What comes out never has quite the statistics that were asked for. So a sketch of half the size
is painted first, and what it misses is asked of the picture in addition (`correction`): a third
more time for a smaller loss (docs/experiments.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from core import models
from core.hardware import compute_dtype
from core.images.types import Canvas, Floats, Pixels
from core.stylize import color, extractors, refine
from core.stylize.artist_styles import ArtistStyle
from core.stylize.instant import underdrawing
from core.stylize.instant.correction import STEP, corrected, sketch
from core.stylize.instant.lattice import without_lattice
from core.stylize.instant.litert_networks import LiteRTNetworks
from core.stylize.instant.matching import changes
from core.stylize.instant.moments import LAYERS, Statistics, towards
from core.stylize.instant.networks import DECODER, ENCODER, Networks, statistics_of, style_vector
from core.stylize.instant.shot import Shot
from core.stylize.instant.tensorflow_networks import TensorFlowNetworks
from core.stylize.regions import Layout, Mask
from core.stylize.style import CORRELATED, InstantTarget, mix

if TYPE_CHECKING:
    import keras

MODEL = "instant_style"
LARGEST = 3_000_000  # pixels painted in one piece; larger pictures are painted at this size

_BYTES = 50  # a pixel of the whole painting, in which it is held as floats and enlarged
_NETWORK_BYTES = 900  # a pixel of what is painted in one piece, for all that the networks hold

_AROUND = 0.3  # of what a region counts is what counts of all around it
_LEAST = 64  # pixels a side of what is painted of a region
MARGIN = 16  # mirrored pixels around a picture
_STYLE_ROWS = 64, 512  # of style pictures; more say nothing more


def describe(style: Floats | Pixels, engine: Engine | None = None) -> InstantTarget:
    """A style as `paint` needs it: statistics of what VGG16 sees in a picture.

    Args:
        style: `(height, width, 3)` RGB 0..255, in the size at which its strokes are wanted.

    Raises:
        core.models.WeightsError: If VGG16 cannot be loaded.
    """
    found = (engine or default_engine()).look(padded(style))
    moments, correlations = ({n: v[0] for n, v in part.items()} for part in found)
    return InstantTarget("vgg16", moments, correlations)


def paint(
    photo: Pixels,
    styles: Sequence[Pixels | InstantTarget | ArtistStyle],
    *,
    style_weights: Sequence[float] | None = None,
    strength: float = 1.0,
    rows: int = 400,
    brush: float = 1.0,
    keep_colors: bool = False,
    layout: Layout | None = None,
    engine: Engine | None = None,
) -> Pixels:
    """Paints a photo in a style at once. May be called from any thread.

    Args:
        photo: `(height, width, 3)` uint8 RGB of any size.
        styles: Pictures, the styles of artists, or what `describe` found; several blend.
        style_weights: One number a style; equal if None.
        strength: 0 gives the photo its own statistics, 1 those of the style.
        rows: Height of the painting in pixels; beyond `LARGEST` pixels it is painted smaller
            and enlarged.
        brush: Size of style pictures against the photo; 2 makes strokes twice as broad.
        keep_colors: Whether the colors of the photo stay.
        layout: Regions with styles and strengths of their own, as large as the painting.
        engine: Other networks than those that ship, see `compiled`.

    Returns:
        `(rows, width, 3)` uint8 RGB.

    Raises:
        core.stylize.refine.TooLarge: If the painting does not fit into memory.
        core.errors.InvalidRequest: If styles and weights do not fit each other.
        core.models.WeightsError: If a network cannot be loaded.
    """
    engine = engine or default_engine()
    height, width = refine.size(photo, rows)
    needed = height * width * _BYTES + min(height * width, LARGEST) * _NETWORK_BYTES
    if needed > (free := refine.free_bytes()):
        raise refine.TooLarge(
            f"A painting of {width}×{height} pixels takes about {needed / 1e9:.1f} GB of memory, "
            f"and {free / 1e9:.1f} GB are free: choose fewer rows."
        )
    shrink = min(1.0, (LARGEST / (height * width)) ** 0.5)
    canvas = refine.resize(photo, *_shrunk(height, width, shrink)).clip(0, 255)
    found = described(styles, canvas, brush, engine, keep_colors=keep_colors)
    if layout is None:
        picture = _painted(engine, canvas, mix(found, style_weights), strength)
    else:
        picture = _in_regions(engine, canvas, found, style_weights, strength, layout)
    engine.release()
    if keep_colors:
        picture = color.with_colors_of(picture, canvas)
    pixels = refine.as_pixels(refine.resize(picture, height, width))
    if layout is not None:
        pixels = layout.restored(pixels, refine.as_pixels(refine.resize(photo, height, width)))
    return pixels


def target(
    styles: Sequence[Pixels | InstantTarget | ArtistStyle],
    canvas: Floats | Pixels,
    *,
    style_weights: Sequence[float] | None,
    brush: float,
    keep_colors: bool,
    engine: Engine,
) -> Statistics:
    """The statistics that a painting is to have, see `paint`.

    Args:
        canvas: The photo at the size of the painting, `(height, width, 3)` RGB 0..255.
    """
    found = described(styles, canvas, brush, engine, keep_colors=keep_colors)
    return _statistics(mix(found, style_weights))


def described(
    styles: Sequence[Pixels | InstantTarget | ArtistStyle],
    canvas: Floats | Pixels,
    brush: float = 1.0,
    engine: Engine | None = None,
    *,
    keep_colors: bool = False,
) -> list[InstantTarget]:
    """Styles as a painting of this canvas takes them; the arguments are those of `target`."""
    style_rows = int(np.clip(round(canvas.shape[0] * brush), *_STYLE_ROWS))
    found: list[InstantTarget] = []
    for style in styles:
        if isinstance(style, np.ndarray):
            shape = refine.size(style, style_rows)
            shape = _shrunk(*shape, min(1.0, (LARGEST / math.prod(shape)) ** 0.5))
            small = refine.resize(style, *shape).clip(0, 255)
            found.append(describe(color.match(small, canvas) if keep_colors else small, engine))
        else:
            found.append(style if isinstance(style, InstantTarget) else style.at_once)
    return found


def _statistics(style: InstantTarget) -> Statistics:
    return Statistics(
        {name: style.moments[name][None] for name in LAYERS},
        {name: style.correlations[name][None] for name in CORRELATED},
    )


def _painted(
    engine: Engine,
    canvas: Canvas,
    style: InstantTarget,
    strength: float,
    mask: Floats | None = None,
) -> Canvas:
    """A canvas, or a part of one, in one style; the mask is as large."""
    around = None if mask is None else padded(mask[..., None])[0, ..., 0]
    painted = engine.paint(padded(canvas), _statistics(style), strength, around)
    return cropped(painted, *canvas.shape[:2])


def _in_regions(
    engine: Engine,
    canvas: Canvas,
    styles: Sequence[InstantTarget],
    style_weights: Sequence[float] | None,
    strength: float,
    layout: Layout,
) -> Canvas:
    """A canvas on which each region has the statistics of its own style.

    Each is painted with some of what is around it and laid beside the others: one picture that the
    decoder makes of features blended at an edge would carry each style over it.
    """
    layout = layout.at(*canvas.shape[:2])
    picture: Canvas = layout.weights[0][..., None] * canvas
    for number, region in enumerate(layout.regions):
        if not layout.mask(number).any():  # too small to be seen at this size
            continue
        own = [styles[style] for style in region.styles]
        box = layout.box(number, _LEAST)
        style = mix(own, region.weights(style_weights))
        counted = _counted(layout.mask(number)[box])
        painted = _painted(engine, canvas[box], style, strength * region.strength, counted)
        picture[box] += layout.weights[number + 1][box][..., None] * painted
    return picture


def _counted(mask: Mask) -> Floats:
    """What each place counts where the statistics of a region are measured, float32.

    What is around it counts a little: a channel in which nothing is to be seen in the region would
    be stretched without end, and what is seen just outside would spoil its border.
    """
    outside = mask.size - mask.sum()
    share = min(1.0, _AROUND * mask.sum() / max(outside, 1))
    return np.where(mask, 1, share).astype(np.float32)


def _shrunk(height: int, width: int, shrink: float) -> tuple[int, int]:
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def is_loaded() -> bool:
    """Whether a picture would be painted at once."""
    return models.is_loaded(MODEL)


class Engine:
    """The networks as functions of float32 pictures `(1, height, width, 3)`, see `padded`."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def look(self, style: Canvas) -> Statistics:
        """The statistics of a style picture."""
        return self._networks.encode(style).statistics

    def release(self) -> None:
        """Gives back what the last pictures took in memory."""
        self._networks.release()

    def paint(
        self,
        photo: Canvas,
        wanted: Statistics,
        strength: float,
        mask: Floats | None = None,
        *,
        strokes: Floats | None = None,
        shot: Shot | None = None,
    ) -> Canvas:
        """A photo painted with the statistics of a style: `(height, width, 3)` float32.

        Args:
            photo: See `padded`.
            wanted: Those of the style.
            strength: See `paint`.
            mask: The part of the photo that is to have them, see `networks.statistics_of`.
            strokes: What is drawn under it, see `underdrawing.draw`; that of all photos if None.
            shot: What the frames of a film have in common, if it is one.
        """
        if strokes is None:
            strokes = underdrawing.covering(*photo.shape[1:3])
        photo = underdrawing.draw(photo, strokes, strength)
        measure = partial(sketch, self._networks, photo, wanted, strength, mask)
        missed = shot.missed(measure) if shot else measure()
        seen = self._networks.encode(photo)
        own = statistics_of(seen, mask)
        if shot:
            own = shot.own(own)
        asked = corrected(towards(own, wanted, strength), *missed)
        vector = style_vector(asked.moments)
        return without_lattice(self._networks.decode(seen.maps, changes(own, asked), vector)[0])


def runtime() -> Literal["litert", "tensorflow"]:
    """What paints if no other engine is named: LiteRT, which is at hand at once, if it can."""
    graphs = (ENCODER, DECODER)
    able = all(models.runs_on_litert(MODEL, graph) for graph in graphs)
    return "litert" if able else "tensorflow"


def default_engine() -> Engine:
    """What paints if no other is named."""
    return _litert_engine() if runtime() == "litert" else tensorflow_engine()


@cache
def _litert_engine() -> Engine:
    """Both networks on LiteRT, once a process."""
    return Engine(
        LiteRTNetworks(models.load_graph(MODEL, ENCODER), models.load_graph(MODEL, DECODER))
    )


@cache
def tensorflow_engine() -> Engine:
    """Both networks on TensorFlow, once a process: quicker where the chip has bfloat16.

    Raises:
        core.models.WeightsError: If a network cannot be loaded.
    """
    eye = extractors.load("vgg16", dtype=compute_dtype())
    return compiled(eye, models.load_keras(MODEL).body)


def compiled(eye: extractors.Loaded, decoder: keras.Model) -> Engine:
    """Puts VGG16 and a decoder together, on TensorFlow."""
    return Engine(TensorFlowNetworks(eye, decoder))


def cropped(painted: Floats, height: int, width: int) -> Floats:
    """A painting without the borders that `padded` has added."""
    return painted[MARGIN : MARGIN + height, MARGIN : MARGIN + width]


def padded(pixels: Floats | Pixels) -> Canvas:
    """A batch of one, with mirrored borders, its sides multiples of what the networks halve."""
    height, width = pixels.shape[:2]
    after = [MARGIN + -n % STEP for n in (height, width)]
    around = ((MARGIN, after[0]), (MARGIN, after[1]), (0, 0))
    return np.pad(pixels.astype(np.float32), around, "symmetric")[None]
