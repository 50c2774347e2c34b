"""How each classifier is trained, as data. Needs no Keras, so that a page may show it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from core.identify import SIDE
from training.augmentation import Augmentation


@dataclass(frozen=True)
class Recipe:
    """How one classifier is trained. Every field can be set from the command line."""

    network: str
    frozen_base: bool = False  # train the head only, on features computed once
    epochs: int = 20
    batch_size: int = 32
    # (share of the epochs, picture side): cheap small views first, the full size later.
    sizes: tuple[tuple[float, int], ...] = ((0.0, SIDE),)
    learning_rate: float = 1e-3  # peak; one epoch of warm-up, then a cosine to zero
    weight_decay: float = 0.02
    label_smoothing: float = 0.1
    class_weight_power: float = 0.5  # loss weight of an artist ~ paintings ** -power
    other_repeats: int = 2  # how often an epoch shows each painting by somebody else
    average: float = 0.999  # momentum of the averaged weights that end each epoch
    patience: int = 8  # epochs without a better validation accuracy before stopping
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 1


RECIPES: dict[str, Recipe] = {
    "efficientnet_lite0": Recipe(
        network="efficientnet_lite0",
        epochs=24,
        # Crops of a 224-pixel picture shown at 176 pixels have brushwork at about its true
        # scale, so the test at 224 matches (Touvron et al., arXiv 1906.06423). Smaller
        # and cheaper first, as in EfficientNetV2 (Tan & Le, arXiv 2104.00298).
        sizes=((0.0, 144), (0.3, 176), (0.8, 192)),
        weight_decay=0.05,
        average=0.995,
        patience=24,
        augmentation=Augmentation(
            min_area=0.3, colour=0.15, resampling=0.3, jpeg=0.2, mixup=0.15, cutmix=0.4
        ),
    ),
    "vgg16": Recipe(
        network="vgg16",
        frozen_base=True,
        epochs=60,
        batch_size=64,
        weight_decay=0.0,
        label_smoothing=0.0,
        other_repeats=1,
        average=0.99,
        patience=15,
    ),
}


def with_options(recipe: Recipe, options: list[str]) -> Recipe:
    """A recipe with some fields changed, each given as `field=JSON`, e.g. `epochs=3`.

    Fields of the augmentation are reached as `augmentation.colour=0.1`.

    Raises:
        ValueError: If there is no such field.
    """
    changed = dataclasses.asdict(recipe)
    for option in options:
        name, _, value = option.partition("=")
        *outer, field_ = name.split(".")
        fields = changed[outer[0]] if outer else changed
        if field_ not in fields:
            raise ValueError(f"A recipe has no {name!r}; it has {', '.join(changed)}")
        fields[field_] = json.loads(value)
    return from_options(changed)


def from_options(options: dict[str, Any]) -> Recipe:
    """The recipe that `dataclasses.asdict` or `options.json` describes."""
    sizes = tuple((share, side) for share, side in options["sizes"])
    augmentation = Augmentation(**options["augmentation"])
    return Recipe(**dict(options, sizes=sizes, augmentation=augmentation))
