"""The phases of a training: which one it is in, what learns in it, how fast.

Everything is decided from the recipe and the rows of the history, so a run that resumes
after a kill decides as it would have without.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras

from core.recipes import Phase, Recipe
from training.runs.history import Row, epochs_since_best, score

# They bring pictures to the form that the ImageNet weights expect, and never learn.
_PREPARATION = ("bgr_mean", "input_bn")


def current(recipe: Recipe, rows: Sequence[Row]) -> int:
    """The number of the phase that the next epoch belongs to; that after the last at the end."""
    for number, phase in enumerate(recipe.stages):
        if not is_over(phase, of_phase(rows, number), recipe.monitor):
            return number
    return len(recipe.stages)


def of_phase(rows: Sequence[Row], number: int) -> list[Row]:
    """The epochs of a phase; rows that name none are of the first."""
    return [row for row in rows if row.get("phase", 1) == number + 1]


def is_over(phase: Phase, rows: Sequence[Row], monitor: str) -> bool:
    """Whether a phase has had its epochs, or its patience is at an end."""
    impatient = phase.patience is not None and epochs_since_best(rows, monitor) >= phase.patience
    return len(rows) >= phase.epochs or impatient


def learning_rate(
    phase: Phase,
    rows: Sequence[Row],
    monitor: str,
    *,
    factor: float = 0.1,
    patience: int = 5,
    least: float = 1e-4,
) -> float:
    """The learning rate of the next epoch of a phase; of a cosine, its peak.

    Args:
        rows: The epochs of the phase so far.
        factor, patience, least: Of a plateau: after `patience` epochs without a score better
            by more than `least` the rate is multiplied by `factor`, as Keras's
            `ReduceLROnPlateau` does by default.
    """
    rate = phase.learning_rate
    if phase.schedule != "plateau":
        return rate
    highest, waited = float("-inf"), 0
    for row in rows:
        if score(row, monitor) > highest + least:
            highest, waited = score(row, monitor), 0
        else:
            waited += 1
            if waited >= patience:
                rate, waited = rate * factor, 0
    return rate


def choose_layers(model: keras.Model, phase: Phase) -> None:
    """Sets which layers learn in a phase. The model must be compiled afterwards."""
    names = [layer.name for layer in model.layers]
    head = set(names[names.index("features") + 1 :]) if phase.layers != "all" else set()
    if phase.layers == "first_50_and_head":
        # As Keras counts its ResNet50: the input, then everything from `conv1_pad` on.
        first = names.index("conv1_pad")
        head |= set(names[first : first + 49])
    for layer in model.layers:
        if layer.weights and layer.name not in _PREPARATION:
            layer.trainable = phase.layers == "all" or layer.name in head


def compile_for(model: keras.Model, recipe: Recipe, phase: Phase, steps_per_epoch: int) -> None:
    """Compiles a model for a phase, with a fresh optimiser."""
    choose_layers(model, phase)
    rate: float | keras.optimizers.schedules.LearningRateSchedule = phase.learning_rate
    if phase.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=phase.learning_rate / 100,
            decay_steps=max(1, steps_per_epoch * (phase.epochs - 1)),
            warmup_target=phase.learning_rate,
            warmup_steps=steps_per_epoch,
        )
    average = {"use_ema": True, "ema_momentum": recipe.average} if recipe.average else {}
    if recipe.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate, **average)
    else:
        optimizer = keras.optimizers.AdamW(
            rate, weight_decay=recipe.weight_decay, global_clipnorm=1.0, **average
        )
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    # A teacher's predictions are smooth by themselves.
    smoothing = 0.0 if phase.taught and recipe.teacher else recipe.label_smoothing
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    model.compile(optimizer, loss, jit_compile=uses_xla())


def uses_xla() -> bool:
    """Whether models are compiled whole: on a CPU, XLA is slower than TensorFlow's kernels."""
    return keras.backend.backend() == "jax"
