"""The options of the stylizer's training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core import models
from core.errors import InvalidRequest
from core.recipes.fields import STRICT, Count, Momentum, Number, Share, Weight

Width = Annotated[int, Field(ge=1, le=2048)]


@dataclass(frozen=True)
class Options:
    """How the decoder is trained; saved with the run. The defaults fit two cores."""

    __pydantic_config__ = STRICT

    steps: Count = 8_000
    # side of what is painted, a multiple of 16, pixels
    crop: Annotated[int, Field(ge=32, le=512, multiple_of=16)] = 176
    batch: Count = 4
    styles: Count = 2_000  # paintings drawn as styles; their Gram matrices stay in memory
    zoomed: Share = 0.3  # share of them of which a quarter is enlarged: broader strokes
    paintings: Share = 0.25  # share of paintings among the contents: portraits, interiors
    learning_rate: Weight = 1e-3
    warm_up: Count = 200  # steps
    content: Weight = 0.1  # weights of the parts of the loss
    variation: Weight = 0.5
    # weight of passing for a painting of the style before a discriminator; 0: there is none
    adversarial: Weight = 0.0
    discriminator_rate: Weight = 4e-4
    widths: tuple[Width, Width, Width, Width] = (256, 128, 64, 32)
    average: Momentum = 0.998  # momentum of the averaged weights, which are shipped
    report_every: Count = 250  # steps: a row of history, a sample sheet, the state
    seed: Number = 1
    sketched: Share = 0.0  # share of the steps that ask for what a sketch missed, as `instant` does
    begin: str = ""  # id of a model of the catalogue whose weights it begins with


def check_begin(options: Options) -> None:
    """Makes sure that training can begin with the weights of `options.begin`, if it names some.

    Raises:
        InvalidRequest: If there is no such model, or it is of another network.
    """
    if not options.begin:
        return
    fitting = [
        entry.id
        for entry in models.catalogue().values()
        if entry.network == "style_decoder"
        and tuple(entry.arguments.get("widths", Options.widths)) == tuple(options.widths)
    ]
    if options.begin not in fitting:
        there = ", ".join(fitting) or "none"
        raise InvalidRequest(
            f"Training cannot begin with {options.begin!r}; of such a network there is {there}."
        )
