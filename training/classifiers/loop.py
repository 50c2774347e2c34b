"""The training of artist classifiers: one loop for all recipes, exact resume.

`train` writes a run directory: `options.json`, `history.csv`, curves for TensorBoard, the
best weights so far and everything needed to resume after an interruption.
`training.publishing.classifier` measures a run and exports it to `assets/models`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core.errors import InvalidRequest
from core.hardware import compute_dtype
from core.identify import softmax, squeeze
from core.models.registry import builders
from core.recipes import Recipe
from core.recipes.classifier import check_base
from training import runs
from training.classifiers import phases, pretrained, teacher
from training.classifiers.batches import Batches
from training.classifiers.layers import batch_normalisation
from training.classifiers.metrics import auroc, macro_accuracy, top_k_accuracy
from training.data import dataset, trained_on
from training.data.dataset import Painting
from training.data.files import digest, save_arrays
from training.data.inputs import check_paintings
from training.runs import Row
from training.runs.history import best, score

log = logging.getLogger(__name__)

_PART = 256  # paintings whose features are kept together


def build(recipe: Recipe, outputs: int) -> keras.Model:
    """The trainable part of a recipe: the whole network, or its head if the base is frozen.

    Raises:
        InvalidRequest: If the network cannot be built as the recipe says.
        UnknownName: If there is no such network.
    """
    check_base(recipe)
    builder, arguments = builders("identify")[recipe.network], architecture(recipe)
    try:
        return builder.build(
            outputs,
            normalisation=batch_normalisation,
            dtype=builder.dtype or compute_dtype(),
            **builder.training | arguments,
        )
    except (AttributeError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InvalidRequest(
            f"The network {recipe.network} cannot be built with {arguments}: {reason}."
        ) from error


def build_shipped(recipe: Recipe, outputs: int, *, dtype: str = "float32") -> keras.Model:
    """The same network as `core.models` loads it, without what only training needs."""
    build = builders("identify")[recipe.network].build
    return build(outputs, dtype=dtype, **architecture(recipe))


def architecture(recipe: Recipe) -> dict[str, Any]:
    """The arguments with which a recipe calls the builder of its network."""
    return recipe.architecture | ({"side": recipe.side} if recipe.flatten else {})


def train(
    recipe: Recipe,
    data: dataset.Data,
    weights: Path | None,
    run: Path,
    *,
    publish: bool = False,
    on_epoch: Callable[[Row], None] = lambda row: None,
) -> Path:
    """Trains until the last epoch or until validation stops improving; resumes if `run` exists.

    Args:
        data: Directories of paintings, see `training.data.dataset.read`.
        weights: Directory of ImageNet weights, see `training.classifiers.pretrained`.
        run: Directory to write; an interrupted run resumes after its last whole epoch.
        publish: Whether the model will be published: then all that needs is checked, too,
            before the first step.
        on_epoch: Called with each row of the history.

    Returns:
        The file of the best weights, float32, `run/best.weights.h5`.

    Raises:
        InvalidRequest: If `run` was started with other options, or the recipe's network cannot
            be built, or its teacher does not know the artists.
        training.data.inputs.TrainingError: If the paintings do not suffice, some are damaged, or
            `run` was started with others.
        FileNotFoundError: If the starting weights or the paintings are not there.
        core.models.WeightsError: If starting weights are not there, or those or the teacher's are
            damaged.
        FloatingPointError: If the loss is no number any more.
    """
    keras.utils.set_random_seed(recipe.seed)
    paintings = dataset.read(data)
    artists = dataset.artists(paintings)
    runs.check_run(run)
    if recipe.teacher:
        teacher.check(recipe.teacher, artists)
    check_paintings(paintings, recipe.batch_size, repeats=recipe.other_repeats, publish=publish)
    # Once a sitting, since it reads all files; publishing then goes by what the run keeps.
    resumed = runs.is_started(run)
    if not resumed:  # before the options: a run that has but those is of before this was kept
        trained_on.begin(run, paintings)
    recipe = _settle(run, recipe, artists, dataset.title(data), weights)
    if resumed:
        trained_on.check_resumed(run, paintings)

    splits = {s: [p for p in paintings if p.split == s] for s in ("train", "val")}
    y = {s: labels(rows, artists) for s, rows in splits.items()}
    x = {s: inputs(recipe, rows, weights, run) for s, rows in splits.items()}
    if recipe.side != dataset.SIDE:
        x["val"] = np.stack([squeeze(pixels, recipe.side) for pixels in x["val"]])

    model = build(recipe, len(artists) + 1)
    bare = keras.Model(model.inputs, model.outputs)  # the same layers, without optimiser
    taught = teacher.predictor(recipe.teacher, artists) if recipe.teacher else None
    batches = Batches(recipe, x["train"], y["train"], taught, classes=len(artists) + 1)
    best_file, checkpoint = run / "best.weights.h5", runs.ModelCheckpoint(run)
    history = runs.History(run, until=checkpoint.epoch)
    number = phases.current(recipe, history.rows)
    if checkpoint.epoch:
        if phases.of_phase(history.rows, number):  # in the middle of a phase
            phases.compile_for(model, recipe, recipe.stages[number], len(batches))
            model.optimizer.build(model.trainable_variables)  # else its state would be skipped
            checkpoint.restore(model)
        else:
            checkpoint.restore(bare)
    elif not recipe.frozen_base:
        pretrained.load(recipe.network, model, weights)

    with history:
        while number < len(recipe.stages):
            phase, past = recipe.stages[number], phases.of_phase(history.rows, number)
            if not past:
                phases.compile_for(model, recipe, phase, len(batches))
            if phase.schedule != "cosine":
                model.optimizer.learning_rate = phases.learning_rate(phase, past, recipe.monitor)
            row = _one_epoch(model, batches, len(history.rows), phase.taught)
            # `fit` ends by putting the averaged weights in; the next epoch goes on from them,
            # much as in Lookahead (Zhang et al., arXiv 1907.08610).
            row = {"epoch": len(history.rows) + 1, "phase": number + 1, **row}
            runs.check_finite(row, "epoch", "learning rate")
            row |= validate(predict(model, x["val"]), y["val"])
            runs.check_finite(row, "epoch", "learning rate")
            best_before = best(history.rows, recipe.monitor)
            row = history.append(row)
            if score(row, recipe.monitor) > best_before:
                runs.save_weights(bare, best_file)
            on_epoch(row)
            following = phases.current(recipe, history.rows)
            if following != number:
                log.info("Phase %d ended after %d epochs", number + 1, len(past) + 1)
                if recipe.restore_best:
                    bare.load_weights(best_file)
            checkpoint.save(model, len(history.rows))
            number = following
    runs.save_weights(bare, run / "last.weights.h5")
    return best_file


def inputs(
    recipe: Recipe, paintings: list[Painting], weights: Path | None, run: Path
) -> np.ndarray:
    """What the trainable part takes in: pixels, or features of the frozen base (kept in `run`)."""
    if not recipe.frozen_base:
        return dataset.load_pixels(paintings, dataset.SIDE)
    cache = run / "features.npz"
    known: dict[str, np.ndarray] = {}
    if cache.exists():
        with np.load(cache, allow_pickle=False) as stored:
            if "digests" in stored:  # features of before went by names, which are not unique
                known = dict(zip(stored["digests"].tolist(), stored["features"], strict=True))
    digests = [digest(p.path).hex() for p in paintings]
    missing = {d: p for d, p in zip(digests, paintings, strict=True) if d not in known}
    if missing:
        base = pretrained.base(recipe.network, weights)
        pooled = keras.layers.GlobalAveragePooling2D(dtype="float32")(base.output)
        extractor = keras.Model(base.input, pooled)
        for i in range(0, len(missing), _PART):
            part = dict(islice(missing.items(), i, i + _PART))
            pixels = dataset.load_pixels(list(part.values()), dataset.SIDE)
            known.update(zip(part, predict(extractor, pixels, 16), strict=True))
            # Each time, for all of them take an hour.
            arrays = {"digests": np.array(list(known)), "features": np.stack([*known.values()])}
            save_arrays(cache, arrays)
            log.info("Features of %d of %d paintings", i + len(part), len(missing))
    return np.stack([known[each] for each in digests])


def labels(paintings: list[Painting], artists: list[str]) -> np.ndarray:
    """Class numbers `(n,)`; paintings by somebody else get `len(artists)`."""
    number = {name: i for i, name in enumerate(artists)}
    return np.array([number.get(p.artist or "", len(artists)) for p in paintings])


def predict(model: keras.Model, x: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """The model's outputs for all of `x`, in batches, as a float32 array."""
    model.jit_compile = phases.uses_xla()
    return np.asarray(model.predict(x, batch_size=batch_size, verbose=0), np.float32)


def validate(logits: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Validation figures of `(n, artists + 1)` logits: over known artists, and known or not.

    `val_loss` is the cross-entropy over all paintings, those by others included.
    """
    others = logits.shape[1] - 1  # of these there may be no painting
    known = y < others
    probability = softmax(logits[:, :others])
    figures = {
        "val_loss": -float(np.log(softmax(logits)[np.arange(len(y)), y] + 1e-12).mean()),
        "val_macro": macro_accuracy(probability[known], y[known]),
        "val_top5": top_k_accuracy(probability[known], y[known], 5),
    }
    if not known.all():
        figures["val_auroc"] = auroc(known, 1 - softmax(logits)[:, others])
    return figures


def _one_epoch(model: keras.Model, batches: Batches, epoch: int, taught: float) -> Row:
    """Trains an epoch, counted from 0, and says what it came to."""
    started = time.perf_counter()
    batches.start(epoch, taught)
    _seed_dropout(model, batches.recipe.seed, epoch)
    # Already shuffled; Keras's own shuffling would depend on what ran before.
    fitted = model.fit(batches, epochs=epoch + 1, initial_epoch=epoch, shuffle=False, verbose=0)
    return {
        "size": batches.size,
        "learning_rate": float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)),
        "loss": fitted.history["loss"][-1],
        "seconds": time.perf_counter() - started,
    }


def _seed_dropout(model: keras.Model, seed: int, epoch: int) -> None:
    """Makes an epoch's random masks depend on seed and epoch alone, as exact resume needs."""
    for number, layer in enumerate(model.layers):
        if isinstance(layer, keras.layers.Dropout) and layer.rate:
            layer.seed_generator.state.assign([seed + number, epoch])


def _settle(
    run: Path, recipe: Recipe, artists: list[str], data: str, weights: Path | None
) -> Recipe:
    """Saves the options with a new run; refuses to resume with others.

    Returns:
        The recipe to follow: another than was asked for if its starting weights are out of
        reach, now or when the run began.
    """
    return runs.settle_options(
        run,
        recipe if runs.is_started(run) else pretrained.within_reach(recipe, weights),
        alternatives=[pretrained.without_keras_file(recipe)],
        part="recipe",
        besides={"artists": artists, "data": data},
    )
