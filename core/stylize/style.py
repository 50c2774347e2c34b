"""Styles in figures: what a picture is to have in common with others, and blends of it.

Refine and the instant network ask for different figures, so there is one type for each; both
hold no picture, and nothing that depends on place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import numpy as np

from core.errors import InvalidRequest
from core.images.types import Floats

Layers = Mapping[str, Floats]

CORRELATED = "block2_conv1", "block1_conv1"
"""Layers whose channels the instant network matches together."""


@dataclass(frozen=True)
class _Figures:
    """Statistics of layers, in fields that map layers to arrays."""

    network: str

    @property
    def statistics(self) -> dict[str, Layers]:
        """Field to layer to array."""
        return {each.name: getattr(self, each.name) for each in fields(self)[1:]}


@dataclass(frozen=True)
class StyleTarget(_Figures):
    """A style as refine needs it: the targets of the terms `core.stylize.objective.terms.STYLE`.

    Attributes:
        network: Id of the network whose features were described.
        grams: Layer to Gram matrix, `(channels, channels)` float32, see `terms.Gram`.
        moments: Layer to mean and standard deviation of each channel, `(2, channels)` float32,
            see `terms.Moments`; for styles that are stored in little space.
    """

    grams: Layers = field(default_factory=dict)
    moments: Layers = field(default_factory=dict)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are described, either way."""
        return tuple(dict.fromkeys((*self.grams, *self.moments)))


@dataclass(frozen=True)
class InstantTarget(_Figures):
    """A style as `core.stylize.instant` needs it, see `instant.Statistics`.

    Attributes:
        network: Id of the network whose features were described.
        moments: Layer to mean and standard deviation of each channel, `(2, channels)` float32.
        correlations: Layer of `CORRELATED` to correlations of its channels, `(channels,
            channels)` float32, with ones on the diagonal.
    """

    moments: Layers
    correlations: Layers


Target = TypeVar("Target", StyleTarget, InstantTarget)


def mix(targets: Sequence[Target], weights: Sequence[float] | None = None) -> Target:
    """Blends styles: the weighted mean of their statistics.

    Args:
        targets: At least one, of one kind, of one network and with the same layers.
        weights: One a target, none negative, not all zero; equal if None.

    Raises:
        InvalidRequest: If styles and weights do not fit each other.
    """
    weights = [1.0] * len(targets) if weights is None else list(weights)
    if not targets or len(weights) != len(targets):
        raise InvalidRequest(
            f"{len(targets)} styles and {len(weights)} weights: one each is needed."
        )
    if min(weights) < 0 or not 0 < sum(weights) < np.inf:
        raise InvalidRequest("Weights of styles are positive numbers.")
    if any(_layers(other) != _layers(targets[0]) for other in targets[1:]):
        raise InvalidRequest("Only styles of one network and the same layers can be mixed.")
    shares = [weight / sum(weights) for weight in weights]

    def mean(kind: str, layer: str) -> Floats:
        terms = [
            share * target.statistics[kind][layer]
            for share, target in zip(shares, targets, strict=True)
        ]
        return np.asarray(sum(terms[1:], terms[0]), np.float32)

    means: dict[str, Any] = {
        kind: {layer: mean(kind, layer) for layer in described}
        for kind, described in targets[0].statistics.items()
    }
    return replace(targets[0], **means)


def _layers(target: StyleTarget | InstantTarget) -> tuple[str, dict[str, set[str]]]:
    return target.network, {kind: set(each) for kind, each in target.statistics.items()}
