"""A photo in any style at once, by a network that was trained for it.

VGG16 reads photo and style at half their size; what it sees in the photo is given the mean and
deviation of what it sees in the style, channel by channel (adaptive instance normalisation,
Huang & Belongie, arXiv 1703.06868), and a decoder paints from that (`networks.style_decoder`).
In the shallow layers, where colours and strokes are, channels are matched together, not one
by one: they get the covariance of the style by the linear map that changes them least (optimal
transport between Gaussians; Lu et al., arXiv 1906.00668, and Mroueh, arXiv 1905.12828).

Where a photo is flat it is given an underdrawing to paint over (`strokes`).

What comes out never has quite the statistics that were asked for. So a sketch of half the size
is painted first, and what it misses is asked of the picture in addition: a
third more time for a smaller loss (CONTRIBUTING has the figures).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from core import models
from core.hardware import compute_dtype
from core.models import architectures as builders
from core.stylize import color, extractors, losses, refine
from core.stylize.artist_styles import CORRELATED, ArtistStyle
from core.stylize.instant import underdrawing

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

MODEL = "instant_style"
LAYERS = tuple(name for name, *_ in builders.STYLE_LEVELS)
LARGEST = 3_000_000  # pixels painted in one piece; larger pictures are painted at this size

_SKETCH = 2  # how many times smaller than the picture the sketch is
_SURE = 208  # pixels, its shorter side; what a smaller one missed counts as much less
_AT_MOST = 1.6  # factor of a correction: what is far off is not within the decoder's reach

_BYTES = 50  # a pixel of the whole painting, in which it is held as floats and enlarged

_STEP = 16  # sides of what the networks see are multiples of it
_MARGIN = 16  # mirrored pixels around a picture
_STYLE_ROWS = 64, 512  # of style pictures; more say nothing more


class Statistics(NamedTuple):
    """What the decoder is to know of a style, or what there is in photos.

    Attributes:
        moments: Layer to mean and deviation of each channel, `(batch, 2, channels)` float32.
        correlations: Layer of `CORRELATED` to what its channels have in common,
            `(batch, channels, channels)` float32, with ones on the diagonal.
    """

    moments: Mapping[str, Any]
    correlations: Mapping[str, Any]


def statistics(maps: Mapping[str, Any]) -> Statistics:
    """Moments, and correlations of some layers, of maps `(batch, height, width, channels)`."""
    import tensorflow as tf

    moments, correlations = {}, {}
    for name, map_ in maps.items():
        if name in CORRELATED:
            mean, covariance = _covariance(map_)
            deviation = tf.sqrt(tf.linalg.diag_part(covariance))
            correlations[name] = covariance / _products(deviation)
        else:
            mean, variance = tf.nn.moments(tf.cast(map_, tf.float32), axes=[1, 2])
            deviation = tf.sqrt(variance + 1.0)
        moments[name] = tf.stack([mean, deviation], axis=1)
    return Statistics(moments, correlations)


def _covariance(map_: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean `(batch, channels)` and covariance of the channels; variances count as one more."""
    import tensorflow as tf

    # A quarter of the places says as much. Pooling takes them much faster than a slice does.
    some = tf.cast(tf.nn.avg_pool2d(map_, 1, 2, "VALID"), tf.float32)
    batch, height, width, channels = tf.unstack(tf.shape(some))
    flat = tf.reshape(some, (batch, height * width, channels))
    mean = tf.reduce_mean(flat, axis=1)
    products = tf.matmul(flat, flat, transpose_a=True) / tf.cast(height * width, tf.float32)
    return mean, products - _products(mean) + tf.eye(channels)


def _products(values: tf.Tensor) -> tf.Tensor:
    """Each of `(batch, channels)` times each other one."""
    return values[:, :, None] * values[:, None, :]


def encode(loaded: extractors.Loaded, seen: keras.Model, pictures: tf.Tensor) -> dict[str, Any]:
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


def match(maps: Mapping[str, Any], own: Statistics, asked: Statistics) -> list[Any]:
    """Gives maps the statistics of a style: adaptive instance normalisation (equation 8), or
    `transport` in the layers of `CORRELATED`.

    Args:
        maps: `(batch, height, width, channels)`, by layer.
        own: Their statistics.
        asked: Those that they are to have.

    Returns:
        The maps in the order of `LAYERS`, of about unit size, as the decoder takes them.
    """
    import tensorflow as tf

    matched = []
    for name, _, size in builders.STYLE_LEVELS:
        map_, kind = maps[name], maps[name].dtype
        (mean, deviation), (new_mean, new_deviation) = (
            tf.unstack(each.moments[name], axis=1) for each in (own, asked)
        )
        if name in CORRELATED:
            change = transport(
                own.correlations[name] * _products(deviation),
                asked.correlations[name] * _products(new_deviation),
            )
            shift = new_mean - tf.linalg.matvec(change, mean)  # it is symmetric
            change, shift = (tf.cast(each / size, kind) for each in (change, shift))
            pictures = [
                tf.nn.bias_add(
                    tf.nn.conv2d(map_[n : n + 1], change[n][None, None], 1, "SAME"), shift[n]
                )
                for n in range(map_.shape[0])
            ]
            matched.append(tf.concat(pictures, axis=0))
        else:
            gain = new_deviation / deviation
            shift = new_mean - mean * gain
            gain, shift = (tf.cast(each[:, None, None] / size, kind) for each in (gain, shift))
            matched.append(map_ * gain + shift)
    return matched


def transport(own: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """The linear map that turns one covariance into another and moves least.

    It is `A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2`, symmetric (arXiv 1906.00668).

    Args:
        own, wanted: `(batch, channels, channels)` float32, `A` and `B`.

    Returns:
        `(batch, channels, channels)` float32.
    """
    import tensorflow as tf

    def power(matrix: tf.Tensor, exponents: tuple[float, ...], least: float) -> list[tf.Tensor]:
        values, vectors = tf.linalg.eigh(matrix)
        values = tf.maximum(values, least)  # rounding, or a strength beyond 1
        return [
            tf.matmul(vectors * (values**each)[:, None, :], vectors, transpose_b=True)
            for each in exponents
        ]

    own, wanted = (tf.cast(each, tf.float64) for each in (own, wanted))
    root, inverse = power(own, (0.5, -0.5), 0.1)
    (between,) = power(root @ wanted @ root, (0.5,), 0.0)
    return tf.cast(inverse @ between @ inverse, tf.float32)


def style_vector(wanted: Mapping[str, Any]) -> Any:
    """Moments as the decoder reads them: one vector, of about unit size, for each style."""
    import tensorflow as tf

    flat = [tf.reshape(wanted[name], (-1, 2 * wanted[name].shape[2])) for name in LAYERS]
    return (tf.math.log1p(tf.nn.relu(tf.concat(flat, axis=1))) - 3.0) / 2.0


def towards(own: Statistics, wanted: Statistics, strength: Any) -> Statistics:
    """Statistics on the way from a photo's own (strength 0) to those of a style (1)."""
    return Statistics(
        *(
            {name: here[name] + strength * (there[name] - here[name]) for name in here}
            for here, there in zip(own, wanted, strict=True)
        )
    )


def decode(
    decoder: keras.Model, maps: Mapping[str, Any], own: Statistics, asked: Statistics
) -> tf.Tensor:
    """Pictures from what is seen in photos, and statistics asked for: RGB, about 0..255."""
    return decoder([*match(maps, own, asked), style_vector(asked.moments)])


def sketch(
    loaded: extractors.Loaded,
    seen: keras.Model,
    decoder: keras.Model,
    photos: tf.Tensor,
    wanted: Statistics,
    strength: Any,
) -> tuple[Mapping[str, Any], Mapping[str, Any], Any]:
    """Paints photos in a small size.

    Returns:
        The moments asked for there, those that came of it, and the share of what was missed that
        is to be asked for in addition.
    """
    import tensorflow as tf

    sides = tf.maximum(tf.shape(photos)[1:3] // (_SKETCH * _STEP), 2) * _STEP
    maps = encode(loaded, seen, tf.image.resize(photos, sides, "area"))
    own = statistics(maps)
    asked = towards(own, wanted, strength)
    painted = tf.clip_by_value(decode(decoder, maps, own, asked), 0.0, 255.0)
    sure = tf.minimum(tf.cast(tf.reduce_min(sides), tf.float32) / _SURE, 1.0)
    return asked.moments, statistics(encode(loaded, seen, painted)).moments, sure


def corrected(
    statistics: Statistics, asked: Mapping[str, Any], got: Mapping[str, Any], share: Any
) -> Statistics:
    """What to ask for, once the moments `asked` have brought `got`: a share of it more."""
    import tensorflow as tf

    found = {}
    for name in LAYERS:
        (mean, deviation), (asked_mean, asked_deviation), (got_mean, got_deviation) = (
            tf.unstack(each[name], axis=1) for each in (statistics.moments, asked, got)
        )
        # A strength beyond 1 may ask for less than nothing.
        factor = (tf.maximum(asked_deviation, 0.0) / got_deviation) ** share
        most = (_AT_MOST - 1) * tf.abs(asked_deviation)
        shift = tf.clip_by_value(share * (asked_mean - got_mean), -most, most)
        factor = tf.clip_by_value(factor, 1 / _AT_MOST, _AT_MOST)
        found[name] = tf.stack([mean + shift, deviation * factor], axis=1)
    return statistics._replace(moments=found)


def describe(style: np.ndarray, engine: Engine | None = None) -> losses.StyleTarget:
    """A style as `paint` needs it: statistics of what VGG16 sees in a picture.

    Args:
        style: `(height, width, 3)` RGB 0..255, in the size at which its strokes are wanted.

    Raises:
        core.models.WeightsError: If VGG16 cannot be loaded.
    """
    found = (engine or _engine()).look(_padded(style))
    moments, correlations = ({n: v[0].numpy() for n, v in part.items()} for part in found)
    return losses.StyleTarget("vgg16", moments=moments, correlations=correlations)


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
        strength: 0 gives the photo its own statistics, 1 those of the style.
        rows: Height of the painting in pixels; beyond `LARGEST` pixels it is painted smaller
            and enlarged.
        brush: Size of style pictures against the photo; 2 makes strokes twice as broad.
        keep_colors: Whether the colours of the photo stay.
        engine: Other networks than those that ship, see `compiled`.

    Returns:
        `(rows, width, 3)` uint8 RGB.

    Raises:
        core.stylize.refine.TooLarge: If the painting does not fit into memory.
        core.errors.InvalidRequest: If styles and weights do not fit each other.
        core.models.WeightsError: If a network cannot be loaded.
    """
    engine = engine or _engine()
    height, width = refine.size(photo, rows)
    if (needed := height * width * _BYTES) > (free := refine.free_bytes()):
        raise refine.TooLarge(
            f"A painting of {width}×{height} pixels takes about {needed / 1e9:.1f} GB of memory, "
            f"and {free / 1e9:.1f} GB are free: choose fewer rows."
        )
    shrink = min(1.0, (LARGEST / (height * width)) ** 0.5)
    canvas = refine.resize(photo, *_shrunk(height, width, shrink)).clip(0, 255)
    style_rows = int(np.clip(round(rows * shrink * brush), *_STYLE_ROWS))
    described = []
    for style in styles:
        if isinstance(style, np.ndarray):
            shape = refine.size(style, style_rows)
            shape = _shrunk(*shape, min(1.0, (LARGEST / math.prod(shape)) ** 0.5))
            small = refine.resize(style, *shape).clip(0, 255)
            described.append(describe(color.match(small, canvas) if keep_colors else small, engine))
        else:
            described.append(style if isinstance(style, losses.StyleTarget) else style.at_once)
    mixed = losses.mix(described, style_weights)
    wanted = Statistics(
        {name: mixed.moments[name][None] for name in LAYERS},
        {name: mixed.correlations[name][None] for name in CORRELATED},
    )
    painted = engine.paint(_padded(canvas), wanted, np.float32(strength))
    picture = painted.numpy()[
        _MARGIN : _MARGIN + canvas.shape[0], _MARGIN : _MARGIN + canvas.shape[1]
    ]
    if keep_colors:
        picture = color.with_colours_of(picture, canvas)
    picture = refine.resize(picture, height, width)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _shrunk(height: int, width: int, shrink: float) -> tuple[int, int]:
    return max(1, round(height * shrink)), max(1, round(width * shrink))


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
        look: A style picture to its statistics.
        paint: A photo, wanted statistics and strength to a picture `(height, width, 3)`.
    """

    look: Callable[[np.ndarray], Statistics]
    paint: Callable[[np.ndarray, Statistics, np.float32], tf.Tensor]


@cache
def _engine() -> Engine:
    """Both networks, compiled once for all sizes."""
    eye = extractors.load("vgg16", dtype=compute_dtype())
    return compiled(eye, eye.layers(LAYERS), models.load(MODEL).body)


def compiled(eye: extractors.Loaded, seen: keras.Model, decoder: keras.Model) -> Engine:
    """Puts an eye, its model of `LAYERS`, and a decoder together."""
    import tensorflow as tf

    picture = tf.TensorSpec((1, None, None, 3), tf.float32)
    channels = {name: count for name, count, _ in builders.STYLE_LEVELS}
    wanted = Statistics(
        {name: tf.TensorSpec((1, 2, channels[name]), tf.float32) for name in LAYERS},
        {name: tf.TensorSpec((1, channels[name], channels[name]), tf.float32)
         for name in CORRELATED},
    )  # fmt: skip

    @tf.function(input_signature=[picture])
    def look(style):
        return statistics(encode(eye, seen, style))

    @tf.function(input_signature=[picture, wanted, tf.TensorSpec((), tf.float32)])
    def paint(photo, wanted, strength):
        photo = underdrawing.draw(
            photo, underdrawing.covering(*tf.unstack(tf.shape(photo)[1:3])), strength
        )
        maps = encode(eye, seen, photo)
        own = statistics(maps)
        missed = sketch(eye, seen, decoder, photo, wanted, strength)
        asked = corrected(towards(own, wanted, strength), *missed)
        return decode(decoder, maps, own, asked)[0]

    return Engine(look, paint)


def _padded(pixels: np.ndarray) -> np.ndarray:
    """A batch of one, with mirrored borders, its sides multiples of what the networks halve."""
    height, width = pixels.shape[:2]
    after = [_MARGIN + -n % _STEP for n in (height, width)]
    around = ((_MARGIN, after[0]), (_MARGIN, after[1]), (0, 0))
    return np.pad(pixels.astype(np.float32), around, "symmetric")[None]
