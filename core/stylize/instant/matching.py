"""How maps are given the statistics of a style: scaled channel by channel, or moved together.

Only statistics are looked at here; networks do to whole maps what `changes` says.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from core.images.types import Floats
from core.models import architectures
from core.stylize.instant.moments import Statistics, products
from core.stylize.style import CORRELATED


class Change(NamedTuple):
    """What turns the features `f` of a place into those of a style.

    Attributes:
        factor: `(batch, channels)`, for `factor * f + shift`; or, in the layers of `CORRELATED`,
            a symmetric `(batch, channels, channels)`, for `factor @ f + shift`. float32.
        shift: `(batch, channels)` float32.
    """

    factor: Floats
    shift: Floats


def changes(own: Statistics, asked: Statistics) -> dict[str, Change]:
    """How maps are to be changed: by `transport` in the layers of `CORRELATED`, else by `scaling`.

    Args:
        own: The statistics of the maps.
        asked: Those that they are to have.

    Returns:
        Layer of `STYLE_LEVELS`, in this order, to its change, divided by the layer's size: what
        comes of it is of about unit size, as the decoder takes it.
    """
    # The threads of NumPy's library go on spinning after so little work, and take their cores from
    # the network that comes next: a picture took nearly three times as long on a busy machine.
    with _linear_algebra().limit(limits=1):
        return _changes(own, asked)


@cache
def _linear_algebra() -> Any:
    """What sets the number of threads of NumPy's library."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def _changes(own: Statistics, asked: Statistics) -> dict[str, Change]:
    found = {}
    for name, _, size in architectures.STYLE_LEVELS:
        (mean, deviation), (new_mean, new_deviation) = (
            each.moments[name].swapaxes(0, 1) for each in (own, asked)
        )
        if name in CORRELATED:
            factor = transport(
                own.correlations[name] * products(deviation),
                asked.correlations[name] * products(new_deviation),
            )
            shift = new_mean - (factor @ mean[..., None])[..., 0]  # it is symmetric
        else:
            factor, shift = scaling(mean, deviation, new_mean, new_deviation)
        found[name] = Change(*((each / size).astype(np.float32) for each in (factor, shift)))
    return found


def scaling(mean: Floats, deviation: Floats, new_mean: Floats, new_deviation: Floats) -> Change:
    """Adaptive instance normalization (Huang & Belongie, arXiv 1703.06868, equation 8).

    Args:
        mean, deviation: Of the channels of a map, `(batch, channels)`.
        new_mean, new_deviation: Those that they are to have.
    """
    factor = new_deviation / deviation
    return Change(factor, new_mean - mean * factor)


def transport(own: Floats, wanted: Floats) -> Floats:
    """The linear map that turns one covariance into another and moves least.

    It is `A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2`, symmetric (Lu et al., arXiv 1906.00668; Mroueh, arXiv
    1905.12828).

    Args:
        own, wanted: `(batch, channels, channels)`, `A` and `B`.

    Returns:
        `(batch, channels, channels)` float32.
    """

    def power(matrix: Floats, exponents: tuple[float, ...], least: float) -> list[Floats]:
        values, vectors = np.linalg.eigh(matrix)
        values = np.maximum(values, least)  # rounding, or a strength beyond 1
        return [
            (vectors * (values**each)[:, None, :]) @ vectors.swapaxes(1, 2) for each in exponents
        ]

    own, wanted = (each.astype(np.float64) for each in (own, wanted))
    root, inverse = power(own, (0.5, -0.5), 0.1)
    (between,) = power(root @ wanted @ root, (0.5,), 0.0)
    found: Floats = (inverse @ between @ inverse).astype(np.float32)
    return found
