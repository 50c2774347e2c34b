"""Evaluation of a picture in one pass, compiled once for all sizes, photos and styles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from core.images.types import Canvas, Floats
from core.stylize.objective import forms as forms_
from core.stylize.objective import losses
from core.stylize.objective.evaluation import (
    Comparison,
    Evaluate,
    Evaluation,
    Remembered,
    Weights,
    picture_signature,
)

if TYPE_CHECKING:
    import tensorflow as tf


class Whole:
    """Evaluates pictures in one piece."""

    def __init__(self, compared: Comparison) -> None:
        """Nothing is compiled before it is needed."""
        self._compared = compared
        self._run = Remembered(self._compile)

    def against(
        self,
        photo: Mapping[str, tf.Tensor],
        target: losses.Described,
        weights: Weights,
        forms: forms_.Forms | None = None,
        masks: Mapping[str, Floats] | None = None,
    ) -> Evaluate:
        """Fixes what pictures are compared with.

        Args:
            photo: Content layer to the map of the photo, as `Content.accumulate` weighs it.
            target: Statistics of the style, float32 tensors.
            weights: What the parts count.
            forms: What each place is to look like; None where that is not compared.
            masks: Layer to the weights of its places; None for all alike.
        """
        import tensorflow as tf

        run = self._run(target, masks is not None)
        factors = tf.constant(
            [weights.content, weights.style, weights.variation, weights.forms], tf.float32
        )
        wanted = {} if forms is None else forms.arguments()

        def evaluate(picture: Canvas) -> Evaluation:
            x = tf.constant(picture, tf.float32)
            loss, *parts, gradient = run(x, photo, target, factors, wanted, masks or {})
            of_content, of_style, of_forms = map(float, parts)
            return Evaluation(float(loss), of_content, of_style, gradient.numpy(), of_forms)

        return evaluate

    def _compile(self, target: losses.Described, masked: bool) -> Callable[..., Any]:
        """The parts of the loss, and its gradient by the picture."""
        import tensorflow as tf

        compared = self._compared

        def run(
            rgb: tf.Tensor,
            photo: Mapping[str, tf.Tensor],
            target: losses.Described,
            weights: tf.Tensor,
            wanted: Mapping[str, tf.Tensor],
            masks: Mapping[str, tf.Tensor],
        ) -> tuple[tf.Tensor, ...]:
            with tf.GradientTape() as tape:
                tape.watch(rgb)
                maps = compared.see(rgb)
                of_content = losses.content_loss(maps, photo, compared.content, masks=masks)
                statistics = losses.accumulate(maps, target, masks)
                of_style = losses.style_loss(statistics, target, compared.style)
                loss = weights[0] * of_content + weights[1] * of_style
                loss += weights[2] * losses.total_variation(rgb)
                of_forms = tf.constant(0.0)
                if wanted:
                    of_forms = forms_.distance(maps, **wanted)
                    loss += weights[3] * of_forms
            return loss, of_content, of_style, of_forms, tape.gradient(loss, rgb)

        signature = [
            picture_signature(),
            compared.content_signature(),
            compared.style_signature(target),
            tf.TensorSpec((4,)),
            compared.forms_signature(masked),
            compared.masks_signature(masked),
        ]
        compiled: Callable[..., Any] = tf.function(run, input_signature=signature, autograph=False)
        return compiled
