"""The weights as they ship: in half precision, and the convolutions that several models share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import keras
import numpy as np

from core import models
from core.models.registry import builders
from training.publishing import cards, catalogue


def write_half(
    model: keras.Model, half: keras.Model, stage: Path, model_id: str, out: Path
) -> models.WeightsFile:
    """Saves the weights of a network in float16.

    Args:
        half: The same network built with that dtype; it gets the weights.
        stage: Directory to write, see `catalogue.staged`.
        out: Where the file will be. Other weights that lie there keep their name.
    """
    half.set_weights([np.asarray(w, np.float16) for w in model.get_weights()])
    written = stage / f"{model_id}.weights.h5"
    half.save_weights(written)
    return catalogue.named(written, out)


def publish_vgg16_base(weights: Path | None, *, out: Path | None = None) -> models.Entry:
    """Stores the ImageNet convolutions of VGG16 once, in float16, for all who share them.

    They come from the file of `keras.applications` or one of ours, see `core.models.weights`.

    Args:
        weights: Directory to look into first.

    Raises:
        core.models.WeightsError: If they are not to be had, or damaged.
    """
    out, before = models.assets(out), models.get("vgg16_base")
    builder = builders("features")[before.network]
    source = models.resolve(before, directory=weights)
    loaded = models.build(before, source, dtype="float32")
    half = builder.build(dtype="float16")
    with catalogue.staged(out) as stage:
        entry = models.Entry(
            id=before.id,
            title="VGG16 convolutions",
            task="features",
            version="1",
            summary=builder.summary,
            source=builder.source,
            licence=builder.licence,
            network=before.network,
            file=write_half(loaded.body, half, stage, before.id, out),
            keras_file=before.keras_file,
            date=date.today().isoformat(),
        )
        cards.write_card(entry, stage)
        catalogue.place(stage, [entry], out)
    return entry
