"""Color transfer: the colors of one picture for the forms of another.

After "Preserving Color in Neural Artistic Style Transfer" (Gatys et al., arXiv 1606.05897).
All pictures are `(height, width, 3)`, RGB 0..255.
"""

from __future__ import annotations

import numpy as np

# Luminance and two chrominances (the YIQ of American television); rows are Y, I, Q.
YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_RGB = np.linalg.inv(YIQ)


def match(picture: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Gives a picture the mean and the covariance of the colours of another; see `move`.

    Returns:
        float32, within 0..255.
    """
    return move(picture, *statistics(model))


def statistics(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the colours of a picture: `(3,)` and `(3, 3)` float64."""
    pixels = picture.reshape(-1, 3).astype(np.float64)
    return pixels.mean(0), np.cov(pixels.T, ddof=min(1, len(pixels) - 1))


def move(picture: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Gives a picture's colours this mean, `(3,)`, and covariance, `(3, 3)`.

    Of the linear maps that do so it is the one that moves colours least: with the symmetric
    root that solves the transport between two normal distributions.

    Returns:
        float32, within 0..255.
    """
    own_mean, own = statistics(picture)
    # A few grey levels of noise keep pictures of one colour from being stretched without end.
    source, target = (each + 4.0 * np.eye(3) for each in (own, covariance))
    root = _root(source)
    inverse = np.linalg.inv(root)
    map_ = inverse @ _root(root @ target @ root) @ inverse
    moved = (picture.reshape(-1, 3).astype(np.float64) - own_mean) @ map_ + mean
    return np.clip(moved, 0, 255).reshape(picture.shape).astype(np.float32)


def with_colours_of(picture: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """The light of a picture with the colours of a photo of the same shape.

    Returns:
        float32, within 0..255.
    """
    light = picture.astype(np.float64) @ YIQ[0]
    yiq = photo.astype(np.float64) @ YIQ.T
    yiq[..., 0] = light
    return np.clip(yiq @ _RGB.T, 0, 255).astype(np.float32)


def _root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
