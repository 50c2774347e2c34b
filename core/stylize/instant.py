"""A photo in any style at once, by a network that was trained for it.

VGG16 reads photo and style at half their size; what it sees in the photo is given the mean and
deviation of what it sees in the style, channel by channel (adaptive instance normalisation,
Huang & Belongie, arXiv 1703.06868), and a decoder paints from that (`networks.style_decoder`).

What comes out never has quite the statistics that were asked for. So a sketch of half the size
is painted first, and most of what it misses is added to what is asked of the picture itself: a
third more time for a smaller loss (CONTRIBUTING has the figures).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from core import models
from core import networks as builders
from core.precision import compute_dtype
from core.stylize import colour, losses, networks, refine

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from core.stylize.styles import ArtistStyle

MODEL = "instant_style"
LAYERS = tuple(name for name, *_ in builders.STYLE_LEVELS)
LARGEST = 3_000_000  # pixels painted in one piece; larger pictures are painted at this size

_SKETCH = 2  # how many times smaller than the picture the sketch is
_CORRECTED = 0.7  # share of what the sketch missed
_AT_MOST = 1.3  # factor of a correction: what is far off is not within the decoder's reach

_STEP = 16  # sides of what the networks see are multiples of it
_MARGIN = 16  # mirrored pixels around a picture
_STYLE_ROWS = 64, 512  # of style pictures; more say nothing more


def moments(maps: Mapping[str, Any]) -> dict[str, Any]:
    """Mean and deviation of each channel of maps `(batch, height, width, channels)`.

    Returns:
        Layer to `(batch, 2, channels)` float32.
    """
    import tensorflow as tf

    found = {}
    for name, map_ in maps.items():
        mean, variance = tf.nn.moments(tf.cast(map_, tf.float32), axes=[1, 2])
        found[name] = tf.stack([mean, tf.sqrt(variance + 1.0)], axis=1)
    return found


def encode(loaded: networks.Loaded, seen: keras.Model, pictures: tf.Tensor) -> dict[str, Any]:
    """What the decoder is given of a photo, before it is matched with a style.

    Args:
        loaded: VGG16.
        seen: Its model of `LAYERS`, see `networks.Loaded.layers`.
        pictures: `(batch, height, width, 3)` RGB 0..255; sides are multiples of 16.

    Returns:
        Layer to map, of half the pictures' size before it went through the network.
    """
    import tensorflow as tf

    half = tf.nn.avg_pool2d(pictures, 2, 2, "VALID")
    return seen(loaded.network.preprocessing(half), training=False)


def match(maps: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Any]:
    """Adaptive instance normalisation: gives maps the moments of a style (equation 8).

    Args:
        maps: `(batch, height, width, channels)`, by layer.
        wanted: `(batch, 2, channels)` float32, by layer.

    Returns:
        The maps in the order of `LAYERS`.
    """
    import tensorflow as tf

    own, matched = moments(maps), []
    for name in LAYERS:
        (mean, deviation), (new_mean, new_deviation) = (
            tf.unstack(each[name][:, :, None, None], axis=1) for each in (own, wanted)
        )
        gain = new_deviation / deviation
        shift = new_mean - mean * gain
        kind = maps[name].dtype
        matched.append(maps[name] * tf.cast(gain, kind) + tf.cast(shift, kind))
    return matched


def style_vector(wanted: Mapping[str, Any]) -> Any:
    """Moments as the decoder reads them: one vector, of about unit size, for each style."""
    import tensorflow as tf

    flat = [tf.reshape(wanted[name], (-1, 2 * wanted[name].shape[2])) for name in LAYERS]
    return (tf.math.log1p(tf.nn.relu(tf.concat(flat, axis=1))) - 3.0) / 2.0


def corrected(
    moments: Mapping[str, Any], asked: Mapping[str, Any], got: Mapping[str, Any]
) -> dict[str, Any]:
    """Moments to ask for, once `asked` has brought `got`: each `(batch, 2, channels)`, by layer."""
    import tensorflow as tf

    found = {}
    for name in LAYERS:
        (mean, deviation), (asked_mean, asked_deviation), (got_mean, got_deviation) = (
            tf.unstack(each[name], axis=1) for each in (moments, asked, got)
        )
        # A strength beyond 1 may ask for less than nothing.
        factor = (tf.maximum(asked_deviation, 0.0) / got_deviation) ** _CORRECTED
        most = (_AT_MOST - 1) * tf.abs(asked_deviation)
        shift = tf.clip_by_value(_CORRECTED * (asked_mean - got_mean), -most, most)
        factor = tf.clip_by_value(factor, 1 / _AT_MOST, _AT_MOST)
        found[name] = tf.stack([mean + shift, deviation * factor], axis=1)
    return found


def describe(style: np.ndarray, engine: Engine | None = None) -> losses.StyleTarget:
    """A style as `paint` needs it: the moments of what VGG16 sees in a picture.

    Args:
        style: `(height, width, 3)` RGB 0..255, in the size at which its strokes are wanted.

    Raises:
        core.models.WeightsError: If VGG16 cannot be loaded.
    """
    found = (engine or _engine()).look(_padded(style))
    return losses.StyleTarget("vgg16", moments={n: m[0].numpy() for n, m in found.items()})


def paint(
    photo: np.ndarray,
    styles: Sequence[np.ndarray | losses.StyleTarget | ArtistStyle],
    *,
    style_weights: Sequence[float] | None = None,
    strength: float = 1.0,
    rows: int = 400,
    brush: float = 1.0,
    keep_colors: bool = False,
    engine: Engine | None = None,
) -> np.ndarray:
    """Paints a photo in a style at once. May be called from any thread.

    Args:
        photo: `(height, width, 3)` uint8 RGB of any size.
        styles: Pictures, the styles of artists, or what `describe` found; several blend.
        style_weights: One number a style; equal if None.
        strength: 0 gives the photo its own moments, 1 those of the style.
        rows: Height of the painting in pixels; beyond `LARGEST` pixels it is painted smaller
            and enlarged.
        brush: Size of style pictures against the photo; 2 makes strokes twice as broad.
        keep_colors: Whether the colours of the photo stay.
        engine: Other networks than those that ship, see `compiled`.

    Returns:
        `(rows, width, 3)` uint8 RGB.

    Raises:
        ValueError: If styles and weights do not fit each other.
        core.models.WeightsError: If a network cannot be loaded.
    """
    engine = engine or _engine()
    height, width = refine.size(photo, rows)
    shrink = min(1.0, (LARGEST / (height * width)) ** 0.5)
    canvas = refine.resize(photo, round(height * shrink), round(width * shrink)).clip(0, 255)
    style_rows = int(np.clip(round(rows * shrink * brush), *_STYLE_ROWS))
    described = []
    for style in styles:
        if isinstance(style, np.ndarray):
            small = refine.resize(style, *refine.size(style, style_rows)).clip(0, 255)
            described.append(
                describe(colour.match(small, canvas) if keep_colors else small, engine)
            )
        else:
            described.append(style if isinstance(style, losses.StyleTarget) else style.moments)
    wanted = losses.mix(described, style_weights).moments
    painted = engine.paint(
        _padded(canvas), {name: wanted[name][None] for name in LAYERS}, np.float32(strength)
    )
    picture = painted.numpy()[
        _MARGIN : _MARGIN + canvas.shape[0], _MARGIN : _MARGIN + canvas.shape[1]
    ]
    if keep_colors:
        picture = colour.with_colours_of(picture, canvas)
    picture = refine.resize(picture, height, width)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def is_loaded() -> bool:
    """Whether a picture would be painted at once."""
    return models.is_loaded(MODEL)


def warm_up() -> None:
    """Loads and compiles the networks, so that the first picture does not wait for it."""
    grey = np.full((64, 64, 3), 128, np.uint8)
    paint(grey, [grey], rows=64)


@dataclass(frozen=True)
class Engine:
    """The networks as functions of float32 pictures `(1, height, width, 3)`, see `_padded`.

    Attributes:
        look: A style picture to its moments.
        paint: A photo, wanted moments and strength to a picture `(height, width, 3)`.
    """

    look: Callable[[np.ndarray], dict[str, Any]]
    paint: Callable[[np.ndarray, Mapping[str, np.ndarray], np.float32], tf.Tensor]


@cache
def _engine() -> Engine:
    """Both networks, compiled once for all sizes."""
    eye = networks.load("vgg16", dtype=compute_dtype())
    return compiled(eye, eye.layers(LAYERS), models.load(MODEL).body)


def compiled(eye: networks.Loaded, seen: keras.Model, decoder: keras.Model) -> Engine:
    """Puts an eye, its model of `LAYERS`, and a decoder together."""
    import tensorflow as tf

    picture = tf.TensorSpec((1, None, None, 3), tf.float32)
    wanted = {
        name: tf.TensorSpec((1, 2, channels), tf.float32)
        for name, channels, _ in builders.STYLE_LEVELS
    }

    @tf.function(input_signature=[picture])
    def look(style):
        return moments(encode(eye, seen, style))

    def towards(own, wanted, strength):
        return {name: own[name] + strength * (wanted[name] - own[name]) for name in LAYERS}

    def decode(maps, wanted):
        return decoder([*match(maps, wanted), style_vector(wanted)], training=False)

    @tf.function(input_signature=[picture, wanted, tf.TensorSpec((), tf.float32)])
    def paint(photo, wanted, strength):
        sides = tf.maximum(tf.shape(photo)[1:3] // (_SKETCH * _STEP), 2) * _STEP
        small = encode(eye, seen, tf.image.resize(photo, sides, "area"))
        asked = towards(moments(small), wanted, strength)
        sketch = tf.clip_by_value(decode(small, asked), 0.0, 255.0)
        got = moments(encode(eye, seen, sketch))
        maps = encode(eye, seen, photo)
        return decode(maps, corrected(towards(moments(maps), wanted, strength), asked, got))[0]

    return Engine(look, paint)


def _padded(pixels: np.ndarray) -> np.ndarray:
    """A batch of one, with mirrored borders, its sides multiples of what the networks halve."""
    height, width = pixels.shape[:2]
    after = [_MARGIN + -n % _STEP for n in (height, width)]
    around = ((_MARGIN, after[0]), (_MARGIN, after[1]), (0, 0))
    return np.pad(pixels.astype(np.float32), around, "symmetric")[None]
