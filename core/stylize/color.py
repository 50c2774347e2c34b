"""Color transfer: the colors of one picture for the forms of another.

After "Preserving Color in Neural Artistic Style Transfer" (Gatys et al., arXiv 1606.05897).
All pictures are `(height, width, 3)`, RGB 0..255.
"""

from __future__ import annotations

import numpy as np

from core.images.types import Canvas, Floats, Pixels

# Luminance and two chrominances (the YIQ of American television); rows are Y, I, Q.
YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_RGB = np.linalg.inv(YIQ)


def match(picture: Floats | Pixels, model: Floats | Pixels) -> Canvas:
    """Gives a picture the mean and the covariance of the colors of another; see `move`.

    Returns:
        float32, within 0..255.
    """
    return move(picture, *statistics(model))


def statistics(picture: Floats | Pixels) -> tuple[Floats, Floats]:
    """Mean and covariance of the colors of a picture: `(3,)` and `(3, 3)` float64."""
    pixels = picture.reshape(-1, 3).astype(np.float64)
    return pixels.mean(0), np.cov(pixels.T, ddof=min(1, len(pixels) - 1))


def move(picture: Floats | Pixels, mean: Floats, covariance: Floats) -> Canvas:
    """Gives a picture's colors this mean, `(3,)`, and covariance, `(3, 3)`.

    Of the linear maps that do so it is the one that moves colors least: with the symmetric
    root that solves the transport between two normal distributions.

    Returns:
        float32, within 0..255.
    """
    own_mean, own = statistics(picture)
    # A few gray levels of noise keep pictures of one color from being stretched without end.
    source, target = (each + 4.0 * np.eye(3) for each in (own, covariance))
    root = _root(source)
    inverse = np.linalg.inv(root)
    map_ = inverse @ _root(root @ target @ root) @ inverse
    moved = (picture.reshape(-1, 3).astype(np.float64) - own_mean) @ map_ + mean
    return _within(moved).reshape(picture.shape)


def with_colors_of(picture: Floats | Pixels, photo: Floats | Pixels) -> Canvas:
    """The light of a picture with the colors of a photo of the same shape.

    Returns:
        float32, within 0..255.
    """
    light = picture.astype(np.float64) @ YIQ[0]
    yiq = photo.astype(np.float64) @ YIQ.T
    yiq[..., 0] = light
    return _within(yiq @ _RGB.T)


def _within(picture: Floats) -> Canvas:
    within: Canvas = np.clip(picture, 0, 255).astype(np.float32)
    return within


def _root(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    root: Floats = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root
