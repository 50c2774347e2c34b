"""Trains artist classifiers: one loop for all recipes, exact resume.

`train` writes a run directory: `options.json`, `history.csv`, the best weights so far
and everything needed to go on after an interruption. `training.evaluate` measures a
run and exports it to `assets/models`.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from core import networks
from core.identify import softmax
from core.precision import compute_dtype
from training import dataset, pretrained
from training.augmentation import mix, random_view
from training.dataset import Painting
from training.layers import batch_normalisation
from training.metrics import auroc, macro_accuracy, top_k_accuracy
from training.recipes import Recipe

log = logging.getLogger(__name__)


def build(recipe: Recipe, outputs: int) -> keras.Model:
    """The trainable part of a recipe: the whole network, or its head if the base is frozen."""
    if recipe.network == "vgg16":
        return networks.vgg16_head(outputs)
    return networks.efficientnet_lite0(
        outputs, normalisation=batch_normalisation, stochastic_depth=0.1
    )


def build_shipped(recipe: Recipe, outputs: int, *, dtype: str = "float32") -> keras.Model:
    """The same network as `core.models` loads it, without what only training needs."""
    if recipe.network == "vgg16":
        return networks.vgg16_head(outputs)
    return networks.efficientnet_lite0(outputs, dtype=dtype)


def train(
    recipe: Recipe,
    data: Path,
    weights: Path,
    run: Path,
    *,
    on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
) -> Path:
    """Trains until the last epoch or until validation stops improving; resumes if `run` exists.

    Args:
        data: Directory of paintings, see `training.dataset.read`.
        weights: Directory of ImageNet weights, see `training.pretrained`.
        run: Directory to write; an interrupted run goes on from its last whole epoch.
        on_epoch: Called with each row of the history.

    Returns:
        The file of the best weights, float32, `run/best.weights.h5`.

    Raises:
        ValueError: If `run` was started with other options.
    """
    keras.utils.set_random_seed(recipe.seed)
    paintings = dataset.read(data)
    artists = dataset.artists(paintings)
    _check_options(run, recipe, artists, data)

    splits = {s: [p for p in paintings if p.split == s] for s in ("train", "val")}
    y = {s: labels(rows, artists) for s, rows in splits.items()}
    x = {s: inputs(recipe, rows, weights, run) for s, rows in splits.items()}

    model = build(recipe, len(artists) + 1)
    batches = _Batches(recipe, x["train"], y["train"])
    _compile(model, recipe, steps_per_epoch=len(batches))

    best, state, history = run / "best.weights.h5", run / "state.weights.h5", _History(run)
    if not state.exists() and not recipe.frozen_base:
        pretrained.load_efficientnet_lite0(model, weights)
    if state.exists():
        model.optimizer.build(model.trainable_variables)  # else its state would be skipped
        model.load_weights(state)
        # The saved state says how far training came; history may be one row ahead of it.
        del history.rows[int(model.optimizer.iterations) // len(batches) :]
        log.info("Resuming after epoch %d", len(history.rows))
    for epoch in range(len(history.rows), recipe.epochs):
        if history.epochs_since_best() >= recipe.patience:
            log.info("Stopping early: no better for %d epochs", recipe.patience)
            break
        started = time.perf_counter()
        batches.start(epoch)
        _seed_dropout(model, recipe.seed, epoch)
        # Already shuffled; Keras's own shuffling would depend on what ran before.
        fitted = model.fit(batches, epochs=epoch + 1, initial_epoch=epoch, shuffle=False, verbose=0)
        seconds = time.perf_counter() - started
        # `fit` ends by putting the averaged weights in; the next epoch goes on from them,
        # much as in Lookahead (Zhang et al., arXiv 1907.08610).
        figures = validate(predict(model, x["val"]), y["val"])
        if figures["val_macro"] > history.best():
            model.save_weights(best)
        row = {"epoch": epoch + 1, "size": batches.size, "loss": fitted.history["loss"][-1]}
        on_epoch(history.append(row | figures | {"seconds": seconds}))
        _save_atomically(model, state)
    model.save_weights(run / "last.weights.h5")
    return best


def inputs(recipe: Recipe, paintings: list[Painting], weights: Path, run: Path) -> np.ndarray:
    """What the trainable part takes in: pixels, or features of the frozen base (kept in `run`)."""
    if not recipe.frozen_base:
        return dataset.load_pixels(paintings, dataset.SIDE)
    cache = run / "features.npz"
    known: dict[str, np.ndarray] = {}
    if cache.exists():
        with np.load(cache, allow_pickle=False) as stored:
            known = dict(zip(stored["files"].tolist(), stored["features"], strict=True))
    missing = [p for p in paintings if _key(p) not in known]
    if missing:
        base = networks.vgg16_base(dtype=compute_dtype())
        pretrained.load_vgg16(base, weights)
        pooled = keras.layers.GlobalAveragePooling2D(dtype="float32")(base.output)
        extractor = keras.Model(base.input, pooled)
        for i in range(0, len(missing), 256):
            part = missing[i : i + 256]
            pixels = dataset.load_pixels(part, dataset.SIDE)
            known.update(zip(map(_key, part), predict(extractor, pixels, 16), strict=True))
            log.info("Features of %d of %d paintings", i + len(part), len(missing))
        np.savez(cache, files=list(known), features=np.stack(list(known.values())))
    return np.stack([known[_key(p)] for p in paintings])


def labels(paintings: list[Painting], artists: list[str]) -> np.ndarray:
    """Class numbers `(n,)`; paintings by somebody else get `len(artists)`."""
    number = {name: i for i, name in enumerate(artists)}
    return np.array([number.get(p.artist or "", len(artists)) for p in paintings])


def predict(model: keras.Model, x: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """The model's outputs for all of `x`, in batches, as a float32 array."""
    model.jit_compile = False  # on a CPU, XLA is slower than TensorFlow's own kernels
    return np.asarray(model.predict(x, batch_size=batch_size, verbose=0), np.float32)


def validate(logits: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Validation figures of `(n, artists + 1)` logits: over known artists, and known or not."""
    others = logits.shape[1] - 1
    known = y < others
    probability = softmax(logits[:, :others])
    figures = {
        "val_macro": macro_accuracy(probability[known], y[known]),
        "val_top5": top_k_accuracy(probability[known], y[known], 5),
    }
    if not known.all():
        figures["val_auroc"] = auroc(known, 1 - softmax(logits)[:, others])
    return figures


class _Batches(keras.utils.PyDataset):
    """Augmented batches. Batch `i` of an epoch depends on seed, epoch and `i` alone."""

    def __init__(self, recipe: Recipe, x: np.ndarray, y: np.ndarray) -> None:
        super().__init__(workers=1, max_queue_size=8)
        self.recipe, self.x, self.y = recipe, x, y
        self.classes = int(y.max()) + 1
        counts = np.maximum(np.bincount(y, minlength=self.classes), 1)
        weight = counts**-recipe.class_weight_power
        self.class_weight = weight / (weight * counts).sum() * len(y)
        self.start(0)

    def start(self, epoch: int) -> None:
        """Draws the order of an epoch and sets its picture size."""
        recipe = self.recipe
        others = np.flatnonzero(self.y == self.classes - 1)
        everything = [np.arange(len(self.y)), *[others] * (recipe.other_repeats - 1)]
        rng = np.random.default_rng([recipe.seed, epoch])
        self.epoch, self.order = epoch, rng.permutation(np.concatenate(everything))
        self.size = [side for share, side in recipe.sizes if epoch >= share * recipe.epochs][-1]

    def __len__(self) -> int:
        return len(self.order) // self.recipe.batch_size

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        recipe = self.recipe
        rng = np.random.default_rng([recipe.seed, self.epoch, i])
        chosen = self.order[i * recipe.batch_size : (i + 1) * recipe.batch_size]
        y = np.eye(self.classes, dtype=np.float32)[self.y[chosen]]
        if recipe.frozen_base:
            x = self.x[chosen]
        else:
            how = recipe.augmentation
            views = [random_view(self.x[j], self.size, how, rng) for j in chosen]
            x, y = mix(np.stack(views).astype(np.float32), y, how, rng)
        return x, y, (y @ self.class_weight).astype(np.float32)


class _History:
    """`history.csv` of a run, one row an epoch."""

    def __init__(self, run: Path) -> None:
        self.path = run / "history.csv"
        self.rows: list[dict[str, float]] = []
        if self.path.exists():
            with self.path.open(newline="") as file:
                rows = csv.DictReader(file)
                self.rows = [{k: json.loads(v) for k, v in row.items()} for row in rows]

    def append(self, row: dict[str, float]) -> dict[str, float]:
        self.rows.append(row)
        with self.path.open("w", newline="") as file:
            writer = csv.DictWriter(file, row.keys())
            writer.writeheader()
            writer.writerows({k: round(v, 5) for k, v in r.items()} for r in self.rows)
        return row

    def best(self) -> float:
        return max((row["val_macro"] for row in self.rows), default=-1.0)

    def epochs_since_best(self) -> int:
        scores = [row["val_macro"] for row in self.rows]
        return len(scores) - 1 - scores.index(max(scores)) if scores else 0


def _compile(model: keras.Model, recipe: Recipe, steps_per_epoch: int) -> None:
    total = steps_per_epoch * recipe.epochs
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.learning_rate / 100,
        decay_steps=max(1, total - steps_per_epoch),
        warmup_target=recipe.learning_rate,
        warmup_steps=steps_per_epoch,
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=recipe.weight_decay,
        global_clipnorm=1.0,
        use_ema=True,
        ema_momentum=recipe.average,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=recipe.label_smoothing
    )
    model.compile(optimizer, loss, jit_compile=False)


def _seed_dropout(model: keras.Model, seed: int, epoch: int) -> None:
    """Makes an epoch's random masks depend on seed and epoch alone, as exact resume needs."""
    for number, layer in enumerate(model.layers):
        if isinstance(layer, keras.layers.Dropout) and layer.rate:
            layer.seed_generator.state.assign([seed + number, epoch])


def _check_options(run: Path, recipe: Recipe, artists: list[str], data: Path) -> None:
    """Saves the options with a new run; refuses to go on with others."""
    run.mkdir(parents=True, exist_ok=True)
    path = run / "options.json"
    options = {"recipe": dataclasses.asdict(recipe), "artists": artists, "data": data.name}
    options = json.loads(json.dumps(options))
    if path.exists() and json.loads(path.read_text()) != options:
        raise ValueError(f"{run} was started with other options: choose another directory")
    path.write_text(json.dumps(options, indent=2) + "\n")


def _save_atomically(model: keras.Model, path: Path) -> None:
    partial = path.with_name(f"partial-{path.name}")
    model.save_weights(partial)
    partial.replace(path)


def _key(painting: Painting) -> str:
    return f"{painting.path.parent.name}/{painting.path.name}"
