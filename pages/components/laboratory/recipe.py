"""The recipe that a model was trained by, in a visitor's words."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import models
from core.models import evaluations
from core.recipes import Phase, Recipe, from_options
from core.recipes.augmentation import Augmentation
from pages.components.ui.charts import percent

_LAYERS = {
    "all": "every layer",
    "head": "only the head",
    "first_50_and_head": "the first fifty layers and the head",
}
_SCHEDULES = {
    "cosine": "rising for one epoch, then falling to zero along a cosine",
    "plateau": "a tenth whenever validation stands still for five epochs",
    "constant": "the same throughout",
}
_MONITORS = {"val_macro": "macro accuracy on validation", "val_loss": "validation loss"}


def show(entry: models.Entry) -> None:
    """A quiet expander; nothing if no recipe was kept."""
    options = evaluations.recipe(entry)
    if not options:
        return
    with st.expander("Recipe: how it was trained"):
        try:
            lines = in_words(options)
        except (AttributeError, KeyError, TypeError, ValueError):  # of another version
            st.markdown("Its recipe was kept in a form that this version does not know.")
            return
        lines = {"Source": entry.source, **lines}
        st.markdown("\n".join(f"- **{name}**: {words}" for name, words in lines.items()))
        st.caption(f"Version {entry.version}, {entry.date}. License: {entry.licence}.")


def in_words(options: dict[str, Any]) -> dict[str, str]:
    """What a published `options.json` says, line by line.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: If it is of no recipe known here.
    """
    recipe = from_options(options)
    lines = {"Network": f"`{recipe.network}`"}
    if recipe.frozen_base:
        lines["Network"] += ", its convolutions as they came, only a new head has learned"
    elif recipe.architecture:
        lines["Network"] += ", " + ", ".join(
            _part(name, value) for name, value in recipe.architecture.items()
        )
    for number, phase in enumerate(recipe.stages, 1):
        name = f"Phase {number}" if len(recipe.stages) > 1 else "Course"
        lines[name] = _phase(phase, recipe)
    lines["Pictures"] = _sizes(recipe) + f", {recipe.batch_size} at a time"
    if not recipe.frozen_base:  # whose features are computed once, from the pictures as they are
        lines["Augmentation"] = _augmentation(recipe.augmentation)
    lines["Optimizer"] = _optimizer(recipe)
    lines["Class weights"] = (
        f"number of paintings to the power −{recipe.class_weight_power:g}: artists with few "
        "paintings count for more"
        if recipe.class_weight_power
        else "none: artists count by their paintings"
    )
    lines["Checkpoint"] = _kept(recipe, options.get("published") or {})
    lines["Seed"] = f"{recipe.seed}"
    return lines


def _part(name: str, value: Any) -> str:
    """An argument of a network's builder."""
    if name == "conv5":
        return "with its last stage" if value else "without its last stage"
    if name in ("units", "dense"):
        layers = [size for size in (value if isinstance(value, list) else [value]) if size]
        sizes = " and ".join(f"{size}" for size in layers)
        return f"dense layers of {sizes} units" if layers else "without dense layers"
    return f"{name} {value}"


def _phase(phase: Phase, recipe: Recipe) -> str:
    epochs = f"{phase.epochs} epochs" if phase.epochs > 1 else "one epoch"
    words = f"{epochs} at most" if phase.patience and phase.patience < phase.epochs else epochs
    if not recipe.frozen_base:
        words += f", {_LAYERS[phase.layers]} learning"
    words += f"; learning rate {phase.learning_rate:g}, {_SCHEDULES[phase.schedule]}"
    if phase.taught:
        words += (
            f"; distillation: {percent(phase.taught)} of the target is the opinion of "
            f"{_teacher(recipe)}"
        )
    if phase.patience and phase.patience < phase.epochs:
        words += (
            f"; early stopping after {phase.patience} epochs without a better "
            f"{_MONITORS[recipe.monitor]}"
        )
    return words


def _teacher(recipe: Recipe) -> str:
    known = models.catalogue().get(recipe.teacher)
    return known.title if known else recipe.teacher or "the networks trained together with it"


def _sizes(recipe: Recipe) -> str:
    parts = []
    for share, side in recipe.sizes:
        when = "" if share == 0 else f" after {share:.0%} of the epochs".replace("%", " %")
        parts.append(f"{side} × {side} pixels{when}")
    return ", ".join(parts)


def _augmentation(how: Augmentation) -> str:
    parts = ["mirroring half of them"]
    if how.min_area < 1:
        parts.append(f"crops of {percent(how.min_area)} of the picture or more")
    if how.colour:
        parts.append(f"light and color up to {percent(how.colour)} off")
    if how.resampling:
        parts.append(f"softer or sharper, chance {percent(how.resampling)}")
    if how.jpeg:
        parts.append(f"saved once more as JPEG, chance {percent(how.jpeg)}")
    if how.mixup:
        parts.append(f"blended with another (mixup), chance {percent(how.mixup)}")
    if how.cutmix:
        parts.append(f"patched with another (CutMix), chance {percent(how.cutmix)}")
    return ", ".join(parts)


def _optimizer(recipe: Recipe) -> str:
    words = {"adam": "Adam", "adamw": "AdamW"}[recipe.optimizer]
    if recipe.weight_decay and recipe.optimizer == "adamw":
        words += f", weight decay {recipe.weight_decay:g}"
    if recipe.label_smoothing:
        words += f", label smoothing {recipe.label_smoothing:g}"
    if recipe.average:
        words += f", weights averaged along the way (momentum {recipe.average:g})"
    return words


def _kept(recipe: Recipe, published: dict[str, Any]) -> str:
    words = f"the epoch with the best {_MONITORS[recipe.monitor]}"
    if published.get("soup"):
        words = f"the mean of the best and the last weights; best by {_MONITORS[recipe.monitor]}"
    if published.get("side"):
        words += f"; it sees pictures at {published['side']} × {published['side']} pixels"
    return words
