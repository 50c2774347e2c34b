"""The options of a training of several classifiers together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from core.errors import InvalidRequest
from core.recipes import RECIPES
from core.recipes.fields import STRICT, Count, Momentum, Number, Rate, Share, Side, Weight


@dataclass(frozen=True)
class Views:
    """How a picture is shown, see `training.accelerator.views`. Chances are for one picture."""

    __pydantic_config__ = STRICT

    least_area: Annotated[float, Field(gt=0, le=1)] = 0.5  # of the picture that a view keeps
    most_area: Annotated[float, Field(gt=0, le=1)] = 1.0
    color: Share = 0.2  # largest relative change of brightness, contrast, saturation
    gray: Share = 0.15  # chance of losing all color, or all but a tint
    # chance of going through a phone: slanted by up to 20 degrees, with frame and wall, in warm
    # or cold light, blurred, with noise
    phone: Share = 0.2
    jpeg: Share = 0.25  # share of a batch that is saved once more at a quality of 40 to 95
    cutmix: Share = 0.5  # chance of a patch of another picture (Yun et al., arXiv 1905.04899)


@dataclass(frozen=True)
class Shown:
    """A batch of each step: how many pictures, how large, which views."""

    __pydantic_config__ = STRICT

    pictures: Count
    side: Side
    views: Views = field(default_factory=Views)


@dataclass(frozen=True)
class Member:
    """One of the networks that are trained together."""

    __pydantic_config__ = STRICT

    recipe: str  # of `core.recipes`, for network and architecture
    learning_rate: Rate
    teaches: bool = True
    frozen_epochs: Number = 1  # of the first round in which only the head learns


# Half-side crops at 144 pixels and nearly whole pictures at 208 have brushwork of about the
# scale at which 224-pixel pictures are shown in the end, 256 pixels.
_CROPS = Views(least_area=0.18, most_area=0.5)


@dataclass(frozen=True)
class Options:
    """Everything that a training together depends on, but for data and starting weights."""

    __pydantic_config__ = STRICT

    members: tuple[Member, ...] = (
        Member("efficientnet_lite0", 2e-3),
        Member("resnet50_improved", 5e-4),
        Member("custom_cnn_improved", 2e-3, teaches=False, frozen_epochs=0),
    )
    epochs: tuple[Count, ...] = (30, 40)  # of each round; each picture is drawn about once
    # In place of `epochs`, how long each round may take; those that it came to are kept with
    # the run.
    seconds: tuple[Count, ...] = ()
    taught: tuple[Share, ...] = (0.4, 0.6)  # share of the targets that teachers say, by round
    again: Share = 0.6  # of the learning rate, in the rounds after the first
    head_rate: Rate = 3e-3
    weight_decay: Weight = 0.05
    label_smoothing: Share = 0.1
    balance: Share = 0.5  # artists are drawn by paintings ** (1 - balance)
    others: Share = 0.15  # share of the pictures drawn that are by somebody else
    average: Momentum = 0.997  # of the averaged weights
    shown: tuple[Shown, ...] = (Shown(384, 144, _CROPS), Shown(192, 208, Views()))
    validated: Side = 256  # side of the whole pictures it is validated with
    every: Count = 5  # epochs between validations
    seed: Number = 1


def check(options: Options) -> None:
    """Makes sure, before any work, that the options fit each other.

    Raises:
        InvalidRequest: If they do not.
    """
    rounds = len(options.epochs)
    for name, given in (("taught", options.taught), ("seconds", options.seconds or options.epochs)):
        if len(given) != rounds:
            raise InvalidRequest(f"{name} has {len(given)} values for {rounds} rounds of epochs.")
    members = [member.recipe for member in options.members]
    if unknown := [each for each in members if each not in RECIPES]:
        raise InvalidRequest(f"No recipe is called {unknown[0]!r}: there are {', '.join(RECIPES)}.")
    if not members or len(set(members)) < len(members):
        raise InvalidRequest("Each of the members, one or more, has a recipe of its own.")
