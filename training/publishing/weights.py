"""The weights as they ship: in half precision, and the convolutions that several models share."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import keras
import numpy as np

from core import models
from core.models import architectures
from training.classifiers import pretrained
from training.data.files import name_for
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
    content = written.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    name = name_for(out / written.name, digest).name
    written.rename(stage / name)
    return models.WeightsFile(name=name, sha256=digest, bytes=len(content))


def publish_vgg16_base(weights: Path, *, out: Path = models.ASSETS) -> models.Entry:
    """Stores the ImageNet convolutions of VGG16 once, in float16, for all who share them."""
    model = architectures.vgg16_base()
    pretrained.load_vgg16(model, weights)
    half = architectures.vgg16_base(dtype="float16")
    with catalogue.staged(out) as stage:
        entry = models.Entry(
            id="vgg16_base",
            title="VGG16 convolutions",
            task="features",
            version="1",
            summary="Sees edges, textures and objects; the eye of the VGG16 classifier.",
            source="ImageNet weights of the Visual Geometry Group, Oxford (arXiv 1409.1556), "
            "unchanged",
            licence="CC BY 4.0",
            network="vgg16_base",
            file=write_half(model, half, stage, "vgg16_base", out),
            keras_file=models.KerasFile(
                network="VGG16",
                name="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
                md5="6d6bbae143d832006294945121d1f1fc",
            ),
            date=date.today().isoformat(),
        )
        cards.write_card(entry, stage)
        catalogue.place(stage, [entry], out)
    return entry
