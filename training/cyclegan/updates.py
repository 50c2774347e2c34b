"""The update steps of a CycleGAN: Keras models with a loss of their own, for any backend."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from training.cyclegan.networks import Discriminator
from training.cyclegan.options import SIDES, Options


def least_squares(logits: list[Any], wanted: float, weights: list[float]) -> Any:
    """The adversarial loss of LSGAN (Mao et al., arXiv 1611.04076): mean of `(logit - wanted)^2`.

    Each map counts by its weight; the weights are scaled to sum to 1.
    """
    total = sum(weights)
    losses = [
        weight / total * ops.mean(ops.square(map_ - wanted))
        for weight, map_ in zip(weights, logits, strict=True)
    ]
    return sum(losses)


class _Update(keras.Model):
    """A model that updates some of the networks it holds, and none of the others."""

    def __init__(self, options: Options, learned: list[keras.Model]) -> None:
        super().__init__()
        self.options = options
        self.learned = learned
        self.terms: dict[str, keras.metrics.Mean] = {}

    @property
    def trainable_variables(self) -> list[Any]:
        return [v for network in self.learned for v in network.trainable_variables]

    @property
    def trainable_weights(self) -> list[Any]:
        return self.trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        mine = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in mine]

    @property
    def non_trainable_weights(self) -> list[Any]:
        return self.non_trainable_variables

    def logit_weights(self, discriminator: Discriminator) -> list[float]:
        """How much each of a discriminator's logit maps counts: patches, then features."""
        heads = len(discriminator.heads)
        return [1.0] + [self.options.feature_weight / heads] * heads if heads else [1.0]

    def keep(self, name: str, value: Any) -> Any:
        """Adds up a term of the loss for the history."""
        self.terms[name].update_state(value)
        return value


class GeneratorUpdate(_Update):
    """The update of both generators: adversarial, cycle and identity loss."""

    def __init__(
        self,
        options: Options,
        generators: dict[str, keras.Model],
        discriminators: dict[str, Discriminator],
    ) -> None:
        super().__init__(options, list(generators.values()))
        self.generators, self.discriminators = generators, discriminators
        shape = (options.batch, options.crop, options.crop, 3)
        self.latest = {  # what each painted in the latest step, for the discriminators
            side: self.add_weight(shape=shape, initializer="zeros", trainable=False)
            for side in SIDES
        }
        for term in ("fool", "cycle", "identity"):
            for side in SIDES:
                name = f"{term}_{side}"
                self.terms[name] = keras.metrics.Mean(name=name)

    def call(self, pictures: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        """Paints `photo` and `painting`, RGB 0..255 `(batch, height, width, 3)`.

        `corner` of the dictionary is that of `Discriminator`.
        """
        results: dict[str, Any] = {}
        half = self.options.crop // 2
        for side, other in (("painting", "photo"), ("photo", "painting")):
            fake = self.generators[side](pictures[other], training=training)
            self.latest[side].assign(fake)
            results[f"fake_{side}"] = fake
            results[f"logits_{side}"] = self.discriminators[side](
                fake, pictures["corner"], training=False
            )
            # A quarter of the picture says as much about the identity, for a quarter of the work.
            quarter = pictures[side][:, :half, :half]
            results[f"same_{side}"] = self.generators[side](quarter, training=training)
        for side, other in (("painting", "photo"), ("photo", "painting")):
            back = (results[f"fake_{other}"] + 1) * 127.5
            results[f"back_{side}"] = self.generators[side](back, training=training)
        return results

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The sum over both sides of fool + cycle + identity."""
        loss = 0.0
        for side in SIDES:
            real = x[side] / 127.5 - 1
            weights = self.logit_weights(self.discriminators[side])
            fool = least_squares(y_pred[f"logits_{side}"], 1.0, weights)
            cycle = ops.mean(ops.abs(y_pred[f"back_{side}"] - real))
            half = self.options.crop // 2
            same = ops.mean(ops.abs(y_pred[f"same_{side}"] - real[:, :half, :half]))
            loss += self.keep(f"fool_{side}", fool)
            loss += self.options.cycle * self.keep(f"cycle_{side}", cycle)
            loss += self.options.identity * self.keep(f"identity_{side}", same)
        return loss


class DiscriminatorUpdate(_Update):
    """The update of both discriminators: real pictures are to get 1, painted ones 0."""

    def __init__(self, options: Options, discriminators: dict[str, Discriminator]) -> None:
        super().__init__(
            options, [part for each in discriminators.values() for part in each.learned]
        )
        self.discriminators = discriminators
        for side in SIDES:
            self.terms[f"judge_{side}"] = keras.metrics.Mean(name=f"judge_{side}")

    def call(self, pictures: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        """Logit maps of `real_SIDE` and `fake_SIDE`, RGB -1..1.

        `corner` is that of `Discriminator`.
        """
        logits = {}
        for side in SIDES:
            for kind in ("real", "fake"):
                picture = pictures[f"{kind}_{side}"]
                logits[f"{kind}_{side}"] = self.discriminators[side](
                    picture, pictures["corner"], training=training
                )
        return logits

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Half the sum of the errors on real and on painted pictures, over both sides."""
        loss = 0.0
        for side in SIDES:
            weights = self.logit_weights(self.discriminators[side])
            real = least_squares(y_pred[f"real_{side}"], 1.0, weights)
            fake = least_squares(y_pred[f"fake_{side}"], 0.0, weights)
            loss += self.keep(f"judge_{side}", (real + fake) / 2)
        return loss


class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that is kept until `start`, and then falls linearly to zero at `end`."""

    def __init__(self, rate: float, start: int, end: int) -> None:
        self.rate, self.start, self.end = rate, start, end

    def __call__(self, step: Any) -> Any:
        left = (self.end - ops.cast(step, "float32")) / (self.end - self.start)
        return self.rate * ops.clip(left, 0.0, 1.0)

    def get_config(self) -> dict[str, float]:
        return {"rate": self.rate, "start": self.start, "end": self.end}
