"""The options of a CycleGAN's training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.recipes.fields import STRICT, Count, Momentum, Number, Side, Weight

SIDES = ("photo", "painting")

Filters = Annotated[int, Field(ge=1, le=1024)]
Blocks = Annotated[int, Field(ge=0, le=64)]


@dataclass(frozen=True)
class Options:
    """How a CycleGAN is trained; saved with the run. The defaults fit two cores."""

    __pydantic_config__ = STRICT

    steps: Count = 30_000
    # side of what the networks see, pixels
    crop: Annotated[int, Field(ge=32, le=4096, multiple_of=8)] = 128
    batch: Count = 1
    filters: Filters = 32  # of the generators' first layer
    blocks: Blocks = 6
    judge_filters: Filters = 48  # of the discriminators' first layer
    features: bool = True  # discriminators see VGG16's features, too
    window: Side = 80  # side of the part of a crop that VGG16 sees, pixels
    learning_rate: Weight = 2e-4  # kept for the first half, then linearly to zero
    cycle: Weight = 5.0  # weight of photo -> painting -> photo, L1 on -1..1
    identity: Weight = 2.5  # weight of painting -> painting, on a quarter of the crop
    feature_weight: Weight = 1.0  # of the logits on features against those on patches
    pool: Number = 50  # earlier paintings that discriminators see again (Shrivastava et al.)
    average: Momentum = 0.999  # momentum of the averaged generators, which are shipped
    report_every: Count = 500  # steps: a row of history, a sample sheet, the state
    seed: Number = 1
