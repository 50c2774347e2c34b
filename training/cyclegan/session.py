"""The state of a CycleGAN's training, and what one step changes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from training import runs
from training.cyclegan import networks
from training.cyclegan.options import SIDES, Options
from training.cyclegan.updates import DiscriminatorUpdate, GeneratorUpdate, LinearDecay
from training.runs import averages

Pictures = dict[str, list[np.ndarray]]
"""By side, RGB uint8 `(height, width, 3)` each."""


class Pool:
    """Earlier paintings, shown to a discriminator again in half of the cases (arXiv 1612.07828)."""

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        self.pictures = np.zeros((size, *shape), np.float32)
        self.filled = np.zeros((), np.int64)  # an array, which a checkpoint fills in place

    def swap(self, painted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Keeps new pictures, and gives as many back, some of them old."""
        shown = painted.copy()
        for i, picture in enumerate(painted):
            if self.filled < len(self.pictures):
                self.pictures[self.filled] = picture
                self.filled += 1
            elif len(self.pictures) and rng.random() < 0.5:
                place = rng.integers(len(self.pictures))
                shown[i] = self.pictures[place]
                self.pictures[place] = picture
        return shown


class Session:
    """All that changes from step to step.

    Args:
        weights: Directory to look for VGG16 first, if `options.features`; it ships, too.
    """

    def __init__(self, options: Options, weights: Path | None) -> None:
        self.options, self.step = options, 0
        self.generators = networks.generators(options)
        extractor = networks.feature_extractor(weights) if options.features else None
        self.discriminators = {side: networks.Discriminator(options, extractor) for side in SIDES}
        shape = (options.crop, options.crop, 3)
        self.pools = {side: Pool(options.pool, shape) for side in SIDES}
        self.generation = GeneratorUpdate(options, self.generators, self.discriminators)
        self.discrimination = DiscriminatorUpdate(options, self.discriminators)
        for model in (self.generation, self.discrimination):
            rate = LinearDecay(options.learning_rate, options.steps // 2, options.steps)
            model.compile(keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.999), jit_compile=False)
        blank = np.zeros((options.batch, *shape), np.float32)
        corner = {"corner": np.zeros(2, np.int32)}
        self.generation(dict.fromkeys(SIDES, blank) | corner)
        blanks = {f"{kind}_{side}": blank for kind in ("real", "fake") for side in SIDES}
        self.discrimination(blanks | corner)
        for model in (self.generation, self.discrimination):
            model.optimizer.build(model.trainable_variables)
        # The averages start where the generators do.
        self.averages = {side: self.generators[side].get_weights() for side in SIDES}

    def run_step(self, pictures: Pictures) -> None:
        """One update of the generators, then one of the discriminators."""
        options, rng = self.options, np.random.default_rng([self.options.seed, self.step])
        drawn = {
            side: np.stack(
                [runs.crop(pictures[side], options.crop, rng) for _ in range(options.batch)]
            )
            for side in SIDES
        }
        free = max(0, options.crop - options.window)  # 0 if nothing looks through the window
        corner = rng.integers(0, free + 1, 2, np.int32)
        self.generation.train_on_batch(drawn | {"corner": corner})
        shown: dict[str, Any] = {"corner": corner}
        shown |= {f"real_{side}": drawn[side] / 127.5 - 1 for side in SIDES}
        for side in SIDES:
            fake = ops.convert_to_numpy(self.generation.latest[side])
            shown[f"fake_{side}"] = self.pools[side].swap(fake, rng)
        self.discrimination.train_on_batch(shown)
        for side in SIDES:
            weights = self.generators[side].get_weights()
            averages.update(self.averages[side], weights, options.average, self.step)
        self.step += 1

    def losses(self) -> dict[str, float]:
        """Means of all terms since the last call."""
        found: dict[str, float] = {}
        for model in (self.generation, self.discrimination):
            found |= {name: float(term.result()) for name, term in model.terms.items()}
            model.reset_metrics()
        return found

    def averaged(self) -> dict[str, keras.Model]:
        """The generators with their averaged weights, by the side that they paint."""
        models = networks.generators(self.options, shipped=True)
        for side in SIDES:
            models[side].set_weights(self.averages[side])
        return models

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps; runs of before have these names, too."""
        groups = {f"painter_{side}": self.generators[side].variables for side in SIDES}
        for side in SIDES:
            learned = self.discriminators[side].learned
            groups[f"judge_{side}"] = [v for part in learned for v in part.variables]
            groups[f"average_{side}"] = self.averages[side]
        groups["painting_optimizer"] = self.generation.optimizer.variables
        groups["judging_optimizer"] = self.discrimination.optimizer.variables
        state = {f"{name}/{i}": v for name, group in groups.items() for i, v in enumerate(group)}
        for side in SIDES:
            state[f"pool_{side}"] = self.pools[side].pictures
            state[f"filled_{side}"] = self.pools[side].filled
        return state

    def samples(self, pictures: Pictures) -> list[list[np.ndarray]]:
        """Three photos, painted and back; three paintings, photographed and back."""
        rows = []
        models = self.averaged()
        for side, other in (("photo", "painting"), ("painting", "photo")):
            for picture in pictures[side][:3]:
                square = picture[:256, :256][: len(picture) // 4 * 4, :, :]
                height, width = (n // 4 * 4 for n in square.shape[:2])
                real = square[None, :height, :width].astype(np.float32)
                there = ops.convert_to_numpy(models[other](real))
                back = ops.convert_to_numpy(models[side]((there + 1) * 127.5))
                rows.append([real[0], *((view[0] + 1) * 127.5 for view in (there, back))])
        return rows
