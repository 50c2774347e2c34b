"""Augmented batches of a classifier's training."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from core.recipes import Recipe
from core.recipes.augmentation import mix, random_view


class Batches(keras.utils.PyDataset):
    """Augmented batches. Batch `i` of an epoch depends on seed, epoch and `i` alone.

    Args:
        x: `(n, height, width, 3)` uint8 pictures, or `(n, features)` of a frozen base.
        y: Class numbers `(n,)`; the last class, `classes - 1`, is "somebody else", and may have
            no pictures.
        teacher: From pictures to probabilities, see `training.classifiers.teacher`.
        classes: How many there are; by default, as many as `y` needs.
    """

    def __init__(
        self,
        recipe: Recipe,
        x: np.ndarray,
        y: np.ndarray,
        teacher: Callable[[np.ndarray], np.ndarray] | None = None,
        *,
        classes: int | None = None,
    ) -> None:
        super().__init__(workers=1, max_queue_size=8)
        self.recipe, self.x, self.y, self.teacher = recipe, x, y, teacher
        self.classes = classes = classes or int(y.max()) + 1
        counts = np.bincount(y, minlength=classes)
        weight = np.maximum(counts, 1) ** -recipe.class_weight_power
        self.class_weight = weight / (weight * counts).sum() * len(y)
        self.start(0)

    def start(self, epoch: int, taught: float = 0.0) -> None:
        """Draws the order of an epoch and sets its picture size.

        Args:
            taught: Share of the targets that the teacher predicts.
        """
        recipe = self.recipe
        self.taught = taught
        others = np.flatnonzero(self.y == self.classes - 1)
        everything = [np.arange(len(self.y)), *[others] * (recipe.other_repeats - 1)]
        rng = np.random.default_rng([recipe.seed, epoch])
        self.epoch, self.order = epoch, rng.permutation(np.concatenate(everything))
        total = recipe.total_epochs
        self.size = [side for share, side in recipe.sizes if epoch >= share * total][-1]

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
            if self.teacher and self.taught:
                y = (1 - self.taught) * y + self.taught * self.teacher(x)
        return x, y, (y @ self.class_weight).astype(np.float32)
