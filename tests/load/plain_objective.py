"""An objective without a network, put in the place of the real one when this is imported.

What a worker does beside evaluating the loss can be tried with it on a machine that is busy: all
of `refine`, optimizers, checkpoints and rows is as ever, but a worker starts in a second or two.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from core.images.types import Canvas, Floats, Pixels
from core.stylize import objective
from core.stylize.objective.evaluation import Evaluate, Evaluation, Weights
from core.stylize.request import StylizeRequest
from core.stylize.session import painting
from core.stylize.style import StyleTarget

_STEP = 0.03  # seconds, as if there was a network


class Plain:
    """Content is the picture itself, style the covariance of colors and of their differences."""

    style = ("colors",)

    def describe(self, picture: Floats | Pixels, **_: Any) -> StyleTarget:
        """The style of a picture."""
        colors = _colors(np.asarray(picture, np.float32))
        return StyleTarget("vgg16", grams={"colors": colors.T @ colors / len(colors)})

    def against(
        self, photo: Floats | Pixels, style: StyleTarget, weights: Weights, **_: Any
    ) -> Evaluate:
        """Fixes what pictures are compared with."""

        def evaluate(x: Canvas) -> Evaluation:
            time.sleep(_STEP)
            away, colors = (x - photo) / 255, _colors(x)
            off = colors.T @ colors / len(colors) - style.grams["colors"]
            content, of_style = float(np.mean(away**2)), float(np.sum(off**2))
            back = 4 / len(colors) * (colors @ off).reshape(*x.shape[:2], 6) / 255
            gradient = 2 / x.size * away / 255 * weights.content + weights.style * (
                back[..., :3] + back[..., 3:] - np.roll(back[..., 3:], -1, axis=1)
            )
            loss = weights.content * content + weights.style * of_style
            return Evaluation(loss, content, of_style, gradient.astype(np.float32))

        return evaluate


def _colors(picture: Canvas) -> Floats:
    """Each pixel's color and its difference from the pixel to its left, `(pixels, 6)` float32."""
    unit = picture / np.float32(255)
    both: Floats = np.concatenate([unit - 0.5, unit - np.roll(unit, 1, axis=1)], axis=2)
    return both.reshape(-1, 6)


def _at_hand(request: StylizeRequest) -> tuple[StylizeRequest, str]:
    return request, ""


objective.objective = lambda *_: Plain()  # type: ignore[assignment,return-value]
painting.at_hand = _at_hand
