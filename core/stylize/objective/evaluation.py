"""The loss of one picture, and what it is made of: what optimizers are given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.images.types import Canvas
from core.stylize.objective import forms, losses
from core.stylize.objective.terms import STYLE

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Weights:
    """How much each part of the loss counts."""

    content: float
    style: float
    variation: float = 0.0
    forms: float = 0.0
    contours: float = 0.0


@dataclass(frozen=True)
class Evaluation:
    """The loss of one picture.

    Attributes:
        loss: The sum of the parts, each times its weight.
        content: See `losses.content_loss`.
        style: See `losses.style_loss`.
        gradient: Of the loss by the picture, `(height, width, 3)` float32.
        forms: See `forms.distance`; 0 where they are not asked for.
    """

    loss: float
    content: float
    style: float
    gradient: Canvas
    forms: float = 0.0


Evaluate = Callable[[Canvas], Evaluation]
"""From a picture, RGB 0..255 and a little beyond, to its evaluation."""


@dataclass(frozen=True)
class Comparison:
    """The features that are compared.

    Attributes:
        see: From a picture, `(height, width, 3)` float32 RGB 0..255, to the maps of all layers,
            float32.
        channels: Layer to the channels of its map.
        content: Content layer to its weight.
        style: Style layer to its weight.
        forms: Whether there are the layers of `forms`, too.
    """

    see: Callable[[tf.Tensor], dict[str, tf.Tensor]]
    channels: Mapping[str, int]
    content: Mapping[str, float]
    style: Mapping[str, float]
    forms: bool = False

    def content_signature(self) -> dict[str, tf.TensorSpec]:
        """Of the maps of the photo.

        Sizes of pictures are left open: tracing takes longer than painting at a small size.
        """
        import tensorflow as tf

        return {name: tf.TensorSpec((None, None, self.channels[name])) for name in self.content}

    def style_signature(self, target: losses.Described) -> dict[str, dict[str, tf.TensorSpec]]:
        """Of the statistics of a style."""
        import tensorflow as tf

        return {
            term: {name: tf.TensorSpec(STYLE[term].shape(self.channels[name])) for name in layers}
            for term, layers in target.items()
        }

    def masks_signature(self, masked: bool) -> dict[str, tf.TensorSpec]:
        """Of the masks of all layers whose places are weighed; empty if they are not."""
        import tensorflow as tf

        names = {*self.content, *self.style} if masked else set()
        return {name: tf.TensorSpec((None, None)) for name in names}

    def forms_signature(self, masked: bool) -> dict[str, tf.TensorSpec]:
        """Of the arguments of `forms.distance` besides maps; empty where there are no forms."""
        import tensorflow as tf

        if not self.forms:
            return {}
        weights = {"weights": tf.TensorSpec((None, None))} if masked else {}
        return weights | {
            "bank": tf.TensorSpec((None, sum(self.channels[name] for name in forms.LAYERS))),
            "chosen": tf.TensorSpec((None, None), tf.int32),
            "count": tf.TensorSpec(()),
        }


def picture_signature() -> tf.TensorSpec:
    """Of a picture of any size."""
    import tensorflow as tf

    return tf.TensorSpec((None, None, 3), tf.float32)


class Remembered:
    """Compiled functions, one for all targets whose layers are described by the same terms."""

    def __init__(self, compile_: Callable[[losses.Described, bool], Callable[..., Any]]) -> None:
        """Takes what makes a function for a target."""
        self._compile = compile_
        self._lock = threading.Lock()
        self._known: dict[tuple[frozenset[tuple[str, str]], bool], Callable[..., Any]] = {}

    def __call__(self, target: losses.Described, masked: bool = False) -> Callable[..., Any]:
        """The function for a target; however many threads ask, it is made once."""
        terms = frozenset((term, name) for term, layers in target.items() for name in layers)
        kind = terms, masked
        with self._lock:
            if kind not in self._known:
                self._known[kind] = self._compile(target, masked)
            return self._known[kind]
