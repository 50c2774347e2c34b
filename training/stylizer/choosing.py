"""The choice of the paintings that make an artist's style.

One style from all that somebody painted in a long life would be nobody's. So a group is
sought, among the more colorful ones, whose members resemble each other and hardly resemble
what other painters did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.stylize import color


@dataclass(frozen=True)
class Options:
    """How a style is learned."""

    rows: tuple[int, ...] = (224, 112)  # of the paintings when they are described
    most: int = 8  # paintings that make a style
    least: int = 3
    candidates: int = 120  # paintings of an artist that are sampled
    compared: int = 20  # of an artist who is only compared with
    colorful: float = 0.6  # share of these, the most colorful, from which it is chosen
    neighbors: int = 50  # paintings of others that count as alike
    lost: float = 0.012  # share of a Gram matrix's energy that its low rank may lack
    ranks: tuple[int, int] = (16, 56)  # least and greatest; shallow layers cost little
    directions: int = 256  # of the basis of places
    fitted: int = 300  # places of an artist and scale of which it is made
    among: int = 2048  # places of an artist and scale that are looked at
    places: int = 352  # of these, those that are kept
    step: float = 1 / 64  # in which their coefficients are stored; finer ones would gain little
    seed: int = 1


def color_spread(picture: np.ndarray) -> float:
    """How colorful a picture is: the deviation of its chrominances, RGB 0..255."""
    _, *chroma = (picture.reshape(-1, 3) @ color.YIQ.T).T
    return float(np.hypot(*(values.std() for values in chroma)))


def is_drawing(picture: np.ndarray) -> bool:
    """Whether a picture is a drawing or an etching: nearly without colors, or on pale paper.

    Found by eye among Rembrandts, of which half are etchings; a few misty paintings are lost.
    """
    spread = color_spread(picture)
    return spread < 4 or (spread < 10 and float(np.median(picture @ color.YIQ[0])) > 110)


def choose(own: np.ndarray, others: Sequence[np.ndarray], options: Options) -> list[int]:
    """The paintings that are most alike, and least like those of other painters.

    Args:
        own: Vectors of the artist's paintings, `(n, size)`; at least `options.least`.
        others: Likewise, of each other artist.

    Returns:
        Rows of `own`, the middle of the group first; half of them all at most.
    """
    count = int(np.clip(len(own) // 2, options.least, options.most))
    apart = _distances(own, own)
    groups = np.argsort(apart, axis=1, kind="stable")[:, :count]
    within = np.array([apart[np.ix_(group, group)].mean() for group in groups])
    if others:
        near = np.sort(_distances(own, np.concatenate(others)), axis=1)[:, : options.neighbors]
        within /= near.mean(axis=1) + 1e-12
    return groups[np.argmin(within)].tolist()


def standardized(found: Mapping[str, Sequence[np.ndarray]]) -> dict[str, np.ndarray]:
    """Vectors in units of the deviation over all paintings, so that each channel counts."""
    vectors = {name: np.stack(rows) for name, rows in found.items()}
    everything = np.concatenate(list(vectors.values()))
    mean, deviation = everything.mean(0), everything.std(0) + 1e-3
    return {name: (each - mean) / deviation for name, each in vectors.items()}


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mean squared differences of rows, `(n, m)`."""
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1)[None]
    return np.maximum(squares - 2 * a @ b.T, 0) / a.shape[1]
