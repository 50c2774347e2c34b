"""The network that refining needs: loaded before it begins, or another one in its place."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from core import tensorflow_compat
from core.hardware import compute_dtype
from core.models.weights import NotHere
from core.stylize import extractors, refine
from core.stylize.request import StylizeRequest

log = logging.getLogger(__name__)


def at_hand(
    request: StylizeRequest, progress: Callable[[str], None] = log.info
) -> tuple[StylizeRequest, str]:
    """The request, with VGG16 where the weights of its network are out of reach.

    Args:
        progress: Told in words when something is downloaded.

    Returns:
        The request to paint by, and sentences that say so if it is another one.

    Raises:
        models.WeightsError: If weights are damaged, or not even VGG16 is there.
        TensorFlowMissing: If TensorFlow is not installed.
    """
    tensorflow_compat.require("Refining")
    try:
        loaded = extractors.load(
            request.network, dtype=request.precision or compute_dtype(), progress=progress
        )
    except NotHere as error:
        # Layers belong to a network.
        instead = request.changed(
            network=extractors.DEFAULT, content_layers=None, style_layers=None
        )
        return instead, f"{error} Painting with VGG16 instead."
    own_name = loaded.title == loaded.network.title
    return request, "" if own_name else f"Painted with {loaded.title}."


def warm_up() -> None:
    """Loads and compiles what refining needs, so that the first preview does not wait for it."""
    gray = np.full((64, 64, 3), 128, np.uint8)
    for _ in refine.refine(gray, [gray], StylizeRequest(rows=64, steps=1)):
        pass
