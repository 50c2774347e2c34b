"""The training of the decoder that paints any photo in any style at once.

What refine minimizes (`core.stylize.objective.losses`) is minimized here by the weights of
`core.models.architectures.style_decoder`, over many photos and styles: Gram matrices of VGG16
for style, its deep maps for content (Huang & Belongie, arXiv 1703.06868; the loss is that of
Gatys et al.). Each layer's distance d counts as log(1 + d), so that a style with a nearly empty
layer does not outweigh all others.

A run directory holds `options.json`, `history.csv`, curves for TensorBoard, sample sheets, and
a state from which an interrupted run resumes exactly: what a step draws depends on seed and
step alone.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core import images, models
from core.hardware import compute_dtype
from core.models import architectures
from core.stylize import extractors as perceptual
from core.stylize import instant, refine
from core.stylize.instant import underdrawing
from core.stylize.objective import losses
from training import runs
from training.data.inputs import TrainingError, check_readable
from training.runs import averages
from training.stylizer.discriminator import Discriminator
from training.stylizer.options import Options, check_begin

log = logging.getLogger(__name__)

STYLE_SIDE = 224  # pixels of a style picture
_REAL_SIDE = 192  # of the part of it that a discriminator sees


@dataclass(frozen=True)
class Styles:
    """What is known of the styles: statistics for the decoder, Gram matrices for the loss."""

    seen: instant.Statistics  # of pictures at half size; float32, one row a style
    grams: dict[str, np.ndarray]  # layer to (styles, channels, channels) float16, scaled
    scales: dict[str, np.ndarray]  # layer to (styles,) float32: what they were divided by
    pictures: list[np.ndarray]  # (side, side, 3) uint8, for a discriminator; without one, none

    def __len__(self) -> int:
        return len(next(iter(self.scales.values())))

    def draw(self, chosen: np.ndarray) -> tuple[instant.Statistics, dict[str, tf.Tensor]]:
        """Statistics and Gram matrices of some styles, float32."""
        grams = {
            name: tf.constant(
                kept[chosen].astype(np.float32) * self.scales[name][chosen, None, None]
            )
            for name, kept in self.grams.items()
        }
        parts = ({n: kept[chosen] for n, kept in part.items()} for part in self.seen)
        return instant.Statistics(*parts), grams


class Loss:
    """Features of VGG16, and what of them is compared."""

    def __init__(self) -> None:
        row = perceptual.get("vgg16")
        self.style, self.content = row.style, row.content
        self.loaded = perceptual.load("vgg16", dtype=compute_dtype())
        self.whole = self.loaded.layers({**row.style, **row.content})
        self.eye = instant.TensorFlowNetworks(self.loaded, None)

    def maps(self, pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        """All maps of RGB 0..255 `(batch, height, width, 3)`, in float32."""
        found = self.whole(self.loaded.network.preprocessing(pictures), training=False)
        return {name: tf.cast(map_, tf.float32) for name, map_ in found.items()}

    def parts(
        self, maps: dict[str, tf.Tensor], content: dict[str, tf.Tensor], grams: dict[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Means over the batch: `content` and `style` as refine measures them, and `learned`."""
        of_content, of_style, learned = [], [], []
        for n in range(next(iter(maps.values())).shape[0]):
            one = {name: map_[n] for name, map_ in maps.items()}
            target = {name: map_[n] for name, map_ in content.items()}
            of_content.append(losses.content_loss(one, target, self.content))
            style = {"grams": {name: gram[n] for name, gram in grams.items()}}
            statistics = losses.accumulate(one, style)
            distances = losses.style_distances(statistics, style, self.style)
            of_style.append(losses.weighted_mean(distances, self.style))
            shrunk = {name: tf.math.log1p(distance) for name, distance in distances.items()}
            learned.append(losses.weighted_mean(shrunk, self.style))
        return {
            "content": tf.reduce_mean(of_content),
            "style": tf.reduce_mean(of_style),
            "learned": tf.reduce_mean(learned),
        }


def describe(paintings: list[Path], options: Options, loss: Loss) -> Styles:
    """Describes the paintings that serve as styles: so many of them, chosen by the seed."""
    rng = np.random.default_rng([options.seed, 0])
    count = min(options.styles, len(paintings))
    chosen = rng.choice(len(paintings), count, replace=False)

    @tf.function
    def describe_one(picture: tf.Tensor) -> dict[str, tf.Tensor]:
        maps = loss.maps(picture[None])
        found = losses.accumulate({n: maps[n][0] for n in loss.style}, {"grams": loss.style})
        return found["grams"]

    kept: tuple[dict[str, list], ...] = ({}, {}, {}, {})  # moments, correlations, Grams, scales
    pictures = []
    for number in chosen:
        picture = images.load(paintings[number]).pixels
        if rng.random() < options.zoomed:
            height, width = picture.shape[0] // 2, picture.shape[1] // 2
            top, left = rng.integers(height + 1), rng.integers(width + 1)
            picture = picture[top : top + height, left : left + width]
        square = refine.resize(picture, STYLE_SIDE, STYLE_SIDE).clip(0, 255)
        if options.adversarial:
            pictures.append(refine.as_pixels(square))
        found, grams = loss.eye.encode(square[None]).statistics, describe_one(tf.constant(square))
        for part, values in zip(kept, found, strict=False):
            for name, value in values.items():
                part.setdefault(name, []).append(value[0])
        for name, value in grams.items():
            scale = float(tf.reduce_max(tf.abs(value))) + 1e-6
            kept[2].setdefault(name, []).append((value.numpy() / scale).astype(np.float16))
            kept[3].setdefault(name, []).append(np.float32(scale))
    seen, together, grams, scales = ({n: np.stack(v) for n, v in each.items()} for each in kept)
    return Styles(instant.Statistics(seen, together), grams, scales, pictures)


def train(
    options: Options,
    photos: list[Path],
    paintings: list[Path],
    run: Path,
    *,
    on_report: Callable[[runs.Row], None] = lambda row: None,
) -> Path:
    """Trains to the last step; resumes if `run` exists.

    Args:
        photos: Content; pictures smaller than a crop are enlarged.
        paintings: Styles, and some of the contents.
        run: Directory to write.
        on_report: Called with each row of the history.

    Returns:
        The run directory; `decoder.weights.h5` in it is the averaged decoder, float32.

    Raises:
        InvalidRequest: If `run` was started with other options, or they name no model to begin
            with.
        TrainingError: If there are no photos or paintings, or some cannot be read.
        DivergedError: If a loss is no number any more.
    """
    runs.check_run(run)
    check_begin(options)
    if not photos:
        runs.pictures([])  # says that there are none
    if not paintings:
        raise TrainingError("There are no paintings to serve as styles (split train): add some.")
    check_readable([*photos, *paintings])
    runs.settle_options(run, options)
    session = Session(options)
    session.step = runs.ArrayCheckpoint(run).restore(session.state())
    if session.step == options.steps:
        return run
    log.info("Extracting features of %d paintings", min(options.styles, len(paintings)))
    styles = describe(paintings, options, session.loss)
    pictures = runs.pictures(photos, options.crop)
    rng = np.random.default_rng([options.seed, 1])
    some = rng.permutation(len(paintings))[: 2 * len(photos)]
    others = runs.pictures([paintings[n] for n in some], options.crop)
    runs.train_steps(
        session,
        partial(session.run_step, pictures, others, styles),
        partial(session.samples, pictures, styles),
        run,
        steps=options.steps,
        report_every=options.report_every,
        on_report=on_report,
    )
    return run


class Session:
    """All that changes from step to step."""

    def __init__(self, options: Options) -> None:
        self.options, self.step, self.loss = options, 0, Loss()
        keras.utils.set_random_seed(options.seed)  # not before: loading VGG16 draws, too
        self.decoder = architectures.style_decoder(widths=options.widths, dtype=compute_dtype())
        if options.begin:
            self.decoder.set_weights(models.load_keras(options.begin).body.get_weights())
        self.optimizer = keras.optimizers.Adam(options.learning_rate, beta_2=0.99, clipnorm=1.0)
        self.optimizer.build(self.decoder.trainable_variables)
        self.averages = self.decoder.get_weights()
        self.discriminator = (
            Discriminator(options.discriminator_rate) if options.adversarial else None
        )
        self.sums: dict[str, float] = {}
        self.counted = 0
        self.networks = instant.TensorFlowNetworks(
            self.loss.loaded, self.decoder, batch=options.batch
        )
        self._update = tf.function(self._one_update)

    def _one_update(
        self,
        photos: tf.Tensor,
        seen: dict[str, tf.Tensor],
        changes: dict[str, tuple[tf.Tensor, tf.Tensor]],
        style: tf.Tensor,
        grams: dict[str, tf.Tensor],
        real: tf.Tensor,
        of_real: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """An update for photos, their maps, what is to be done to these, and style vectors.

        Args:
            real: Parts of the paintings, for a discriminator.
            of_real: The style vectors of these.
        """
        content, matched = self.loss.maps(photos), instant.matched(seen, changes)
        with tf.GradientTape() as tape:
            painted = self.decoder([*matched, style])
            maps = self.loss.maps(painted)
            parts = self.loss.parts(maps, content, grams)
            parts["variation"] = tf.add_n(
                [losses.total_variation(one) for one in tf.unstack(painted)]
            ) / len(photos)
            loss = parts["learned"] + self.options.content * parts["content"]
            loss += self.options.variation * parts["variation"]
            if self.discriminator:
                parts["fooled"] = self.discriminator.fooled(maps, of_real)
                loss += self.options.adversarial * parts["fooled"]
        gradients = tape.gradient(loss, self.decoder.trainable_variables)
        self.optimizer.apply(gradients, self.decoder.trainable_variables)
        if self.discriminator:
            parts["discriminator"] = self.discriminator.update(maps, self.loss.maps(real), of_real)
        return parts

    def run_step(
        self, photos: list[np.ndarray], paintings: list[np.ndarray], styles: Styles
    ) -> None:
        """One update of the decoder."""
        options, rng = self.options, np.random.default_rng([self.options.seed, 2, self.step])
        shown = np.stack(
            [
                runs.crop(
                    paintings if rng.random() < options.paintings else photos, options.crop, rng
                )
                for _ in range(options.batch)
            ]
        )
        chosen = rng.integers(len(styles), size=options.batch)
        asked, grams = styles.draw(chosen)
        of_real = tf.constant(instant.style_vector(asked.moments))
        under = np.stack([_some_strokes(options.crop // 2, rng) for _ in range(options.batch)])
        rising = min(1.0, (self.step + 1) / options.warm_up)
        falling = 0.5 + 0.5 * math.cos(math.pi * self.step / options.steps)
        self.optimizer.learning_rate.assign(options.learning_rate * rising * max(falling, 0.01))
        sketched = rng.random() < options.sketched
        drawn = underdrawing.draw(shown, under, 1.0)
        if sketched:  # which is taken as it comes: there is no gradient by it
            asked = instant.corrected(asked, *instant.sketch(self.networks, drawn, asked, 1.0))
        maps, own = self.networks.encode(drawn)
        changes = {
            name: (tf.constant(change.factor), tf.constant(change.shift))
            for name, change in instant.changes(own, asked).items()
        }
        style = tf.constant(instant.style_vector(asked.moments))
        real = np.zeros((0, 1, 1, 3), np.float32)
        if self.discriminator:
            side = min(options.crop, _REAL_SIDE)
            real = np.stack([runs.crop([styles.pictures[n]], side, rng) for n in chosen])
        found = self._update(
            tf.constant(shown), dict(maps), changes, style, grams, tf.constant(real), of_real
        )
        for name, value in found.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value)
        self.counted += 1
        averages.update(self.averages, self.decoder.get_weights(), options.average, self.step)
        self.step += 1

    def losses(self) -> dict[str, float]:
        """Means of all parts of the loss since the last call."""
        found = {name: total / self.counted for name, total in self.sums.items()}
        self.sums, self.counted = {}, 0
        return found

    def averaged(self) -> dict[str, keras.Model]:
        """The decoder with its averaged weights, in float32 as it is shipped."""
        model = architectures.style_decoder(widths=self.options.widths)
        model.set_weights(self.averages)
        return {"decoder": model}

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        groups = {
            "decoder": self.decoder.variables,
            "optimizer": self.optimizer.variables,
            "average": self.averages,
        }
        if self.discriminator:
            groups["discriminator"] = self.discriminator.network.variables
            groups["discriminator_optimizer"] = self.discriminator.optimizer.variables
        return {f"{name}/{i}": v for name, group in groups.items() for i, v in enumerate(group)}

    def samples(self, photos: list[np.ndarray], styles: Styles) -> list[list[np.ndarray]]:
        """Three photos, each in four styles."""
        networks = instant.TensorFlowNetworks(self.loss.loaded, self.averaged()["decoder"])
        rows = []
        for n, photo in enumerate(photos[:3]):
            side = min(*photo.shape[:2], 256) // 16 * 16
            square = photo[None, :side, :side].astype(np.float32)
            drawn = underdrawing.draw(square, underdrawing.covering(side, side), 1.0)
            (maps, own), row = networks.encode(drawn), [square[0]]
            for k in range(4):
                asked, _ = styles.draw(np.array([(4 * n + k) % len(styles)]))
                changes, style = instant.changes(own, asked), instant.style_vector(asked.moments)
                row.append(networks.decode(maps, changes, style)[0])
            rows.append(row)
        return rows


def _some_strokes(side: int, rng: np.random.Generator) -> np.ndarray:
    """A square of the underdrawing from anywhere in it, `(side, side, 1)`."""
    top, left = (rng.integers(whole - side + 1) for whole in underdrawing.FIELD)
    square = underdrawing.field()[top : top + side, left : left + side, None]
    return np.rot90(square, int(rng.integers(4)))
