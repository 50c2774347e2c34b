"""The training of the decoder that paints any photo in any style at once.

What refine minimises (`core.stylize.losses`) is minimised here by the weights of
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
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field

from core import images, models
from core.errors import InvalidRequest
from core.files import check_output, replacing, write
from core.hardware import compute_dtype
from core.models import architectures
from core.recipes.fields import STRICT, Count, Momentum, Number, Share, Weight
from core.stylize import extractors as perceptual
from core.stylize import instant, losses, refine
from core.stylize.instant import underdrawing
from training import runs
from training.data.files import save_arrays
from training.data.inputs import TrainingError, check_readable
from training.runs.curves import Curves

log = logging.getLogger(__name__)

STYLE_SIDE = 224  # pixels of a style picture


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
    widths: tuple[Width, Width, Width, Width] = (256, 128, 64, 32)
    average: Momentum = 0.998  # momentum of the averaged weights, which are shipped
    report_every: Count = 250  # steps: a row of history, a sample sheet, the state
    seed: Number = 1
    sketched: Share = 0.0  # share of the steps that ask for what a sketch missed, as `instant` does
    begin: str = ""  # id of a model of the catalogue whose weights it begins with


@dataclass(frozen=True)
class Styles:
    """What is known of the styles: statistics for the decoder, Gram matrices for the loss."""

    seen: instant.Statistics  # of pictures at half size; float32, one row a style
    grams: dict[str, np.ndarray]  # layer to (styles, channels, channels) float16, scaled
    scales: dict[str, np.ndarray]  # layer to (styles,) float32: what they were divided by

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
        parts = ({n: tf.constant(kept[chosen]) for n, kept in part.items()} for part in self.seen)
        return instant.Statistics(*parts), grams


class Loss:
    """Features of VGG16, and what of them is compared."""

    def __init__(self) -> None:
        row = perceptual.get("vgg16")
        self.style, self.content = row.style, row.content
        self.loaded = perceptual.load("vgg16", dtype=compute_dtype())
        self.whole = self.loaded.layers({**row.style, **row.content})
        self.seen = self.loaded.layers(instant.LAYERS)

    def maps(self, pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        """All maps of RGB 0..255 `(batch, height, width, 3)`, in float32."""
        found = self.whole(self.loaded.network.preprocessing(pictures), training=False)
        return {name: tf.cast(map_, tf.float32) for name, map_ in found.items()}

    def at_half_size(self, pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        """The maps that the decoder is given."""
        return instant.encode(self.loaded, self.seen, pictures)

    def parts(
        self, maps: dict[str, tf.Tensor], content: dict[str, tf.Tensor], grams: dict[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Means over the batch: `content` and `style` as refine measures them, and `learned`."""
        of_content, of_style, learned = [], [], []
        for n in range(next(iter(maps.values())).shape[0]):
            one = {name: map_[n] for name, map_ in maps.items()}
            target = {name: map_[n] for name, map_ in content.items()}
            of_content.append(losses.content_loss(one, target, self.content))
            distances = [
                losses.distance(losses.gram(one[name]), grams[name][n]) for name in self.style
            ]
            of_style.append(tf.add_n(distances) / len(distances))
            learned.append(tf.add_n([tf.math.log1p(d) for d in distances]) / len(distances))
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
    def look(picture: tf.Tensor) -> tuple[instant.Statistics, dict[str, tf.Tensor]]:
        maps = loss.maps(picture[None])
        grams = {name: losses.gram(maps[name][0]) for name in loss.style}
        return instant.statistics(loss.at_half_size(picture[None])), grams

    kept: tuple[dict[str, list], ...] = ({}, {}, {}, {})  # moments, correlations, Grams, scales
    for number in chosen:
        picture = images.load(paintings[number]).pixels
        if rng.random() < options.zoomed:
            height, width = picture.shape[0] // 2, picture.shape[1] // 2
            top, left = rng.integers(height + 1), rng.integers(width + 1)
            picture = picture[top : top + height, left : left + width]
        square = refine.resize(picture, STYLE_SIDE, STYLE_SIDE).clip(0, 255)
        found, grams = look(tf.constant(square))
        for part, values in zip(kept, found, strict=False):
            for name, value in values.items():
                part.setdefault(name, []).append(value[0].numpy())
        for name, value in grams.items():
            scale = float(tf.reduce_max(tf.abs(value))) + 1e-6
            kept[2].setdefault(name, []).append((value.numpy() / scale).astype(np.float16))
            kept[3].setdefault(name, []).append(np.float32(scale))
    seen, together, grams, scales = ({n: np.stack(v) for n, v in each.items()} for each in kept)
    return Styles(instant.Statistics(seen, together), grams, scales)


def train(
    options: Options,
    photos: list[Path],
    paintings: list[Path],
    run: Path,
    *,
    on_report: Callable[[dict[str, float]], None] = lambda row: None,
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
    check_output(run / "options.json")
    if options.begin:
        _check_begin(options)
    if not photos:
        runs.pictures([])  # says that there are none
    if not paintings:
        raise TrainingError("There are no paintings to serve as styles (split train): add some.")
    check_readable([*photos, *paintings])
    runs.check_options(run, options)
    session = _Session(options)
    session.resume(run)
    if session.step == options.steps:
        return run
    log.info("Extracting features of %d paintings", min(options.styles, len(paintings)))
    styles = describe(paintings, options, session.loss)
    pictures = runs.pictures(photos, options.crop)
    rng = np.random.default_rng([options.seed, 1])
    some = rng.permutation(len(paintings))[: 2 * len(photos)]
    others = runs.pictures([paintings[n] for n in some], options.crop)
    started = time.perf_counter()
    with Curves(run / "curves") as curves:
        while session.step < options.steps:
            session.run_step(pictures, others, styles)
            if session.step % options.report_every == 0 or session.step == options.steps:
                found = session.figures() | {"seconds": time.perf_counter() - started}
                row = {"step": session.step, **found}
                runs.check_finite(row)
                runs.append_history(run / "history.csv", row)
                curves.write(session.step, found)
                session.save(run)
                _sheet(session, pictures, styles, run / "samples" / f"{session.step:06}.jpg")
                on_report(row)
                started = time.perf_counter()
    return run


def _check_begin(options: Options) -> None:
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


class _Session:
    """All that changes from step to step."""

    def __init__(self, options: Options) -> None:
        self.options, self.step, self.loss = options, 0, Loss()
        keras.utils.set_random_seed(options.seed)  # not before: loading VGG16 draws, too
        self.decoder = architectures.style_decoder(widths=options.widths, dtype=compute_dtype())
        if options.begin:
            self.decoder.set_weights(models.load(options.begin).body.get_weights())
        self.optimizer = keras.optimizers.Adam(options.learning_rate, beta_2=0.99, clipnorm=1.0)
        self.optimizer.build(self.decoder.trainable_variables)
        self.averages = self.decoder.get_weights()
        self.sums: dict[str, float] = {}
        self.counted = 0
        self._update = tf.function(self._one_update)

    def _one_update(
        self,
        photos: tf.Tensor,
        under: tf.Tensor,
        asked: instant.Statistics,
        grams: dict[str, tf.Tensor],
        sketched: bool,
    ) -> dict[str, tf.Tensor]:
        eye, content = self.loss, self.loss.maps(photos)
        photos = underdrawing.draw(photos, under, 1.0)
        if sketched:  # outside the tape: the sketch is taken as it comes
            missed = instant.sketch(eye.loaded, eye.seen, self.decoder, photos, asked, 1.0)
            asked = instant.corrected(asked, *missed)
        maps = eye.at_half_size(photos)
        own = instant.statistics(maps)
        with tf.GradientTape() as tape:
            painted = instant.decode(self.decoder, maps, own, asked)
            parts = self.loss.parts(self.loss.maps(painted), content, grams)
            parts["variation"] = tf.add_n(
                [losses.total_variation(one) for one in tf.unstack(painted)]
            ) / len(photos)
            loss = parts["learned"] + self.options.content * parts["content"]
            loss += self.options.variation * parts["variation"]
        gradients = tape.gradient(loss, self.decoder.trainable_variables)
        self.optimizer.apply(gradients, self.decoder.trainable_variables)
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
        asked, grams = styles.draw(rng.integers(len(styles), size=options.batch))
        under = np.stack([_some_strokes(options.crop // 2, rng) for _ in range(options.batch)])
        rising = min(1.0, (self.step + 1) / options.warm_up)
        falling = 0.5 + 0.5 * math.cos(math.pi * self.step / options.steps)
        self.optimizer.learning_rate.assign(options.learning_rate * rising * max(falling, 0.01))
        sketched = rng.random() < options.sketched
        found = self._update(tf.constant(shown), tf.constant(under), asked, grams, sketched)
        for name, value in found.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value)
        self.counted += 1
        # Young averages forget faster, or the first attempts would linger.
        momentum = min(options.average, (self.step + 1) / (self.step + 10))
        for mean, value in zip(self.averages, self.decoder.get_weights(), strict=True):
            mean *= momentum
            mean += (1 - momentum) * value
        self.step += 1

    def figures(self) -> dict[str, float]:
        """Means of all parts of the loss since the last call."""
        found = {name: total / self.counted for name, total in self.sums.items()}
        self.sums, self.counted = {}, 0
        return found

    def save(self, run: Path) -> None:
        """Writes the averaged decoder, and last everything that `resume` needs."""
        with replacing(run / "decoder.weights.h5") as part:
            self.averaged().save_weights(part)
        arrays: dict[str, Any] = {"step": np.array(self.step)}
        for kind, values in self._state().items():
            arrays |= {f"{kind}/{i}": np.asarray(value) for i, value in enumerate(values)}
        save_arrays(run / "state.npz", arrays)

    def resume(self, run: Path) -> None:
        """Resumes from a saved state, if there is one."""
        if not (run / "state.npz").exists():
            return
        with np.load(run / "state.npz", allow_pickle=False) as state:
            for kind in ("decoder", "optimizer"):
                for i, variable in enumerate(self._state()[kind]):
                    variable.assign(state[f"{kind}/{i}"])
            self.averages = [state[f"average/{i}"] for i in range(len(self.averages))]
            self.step = int(state["step"])
        log.info("Resuming after step %d", self.step)

    def _state(self) -> dict[str, list[Any]]:
        return {
            "decoder": self.decoder.variables,
            "optimizer": self.optimizer.variables,
            "average": self.averages,
        }

    def averaged(self) -> keras.Model:
        """The decoder with its averaged weights, in float32 as it is shipped."""
        model = architectures.style_decoder(widths=self.options.widths)
        model.set_weights(self.averages)
        return model


def _some_strokes(side: int, rng: np.random.Generator) -> np.ndarray:
    """A square of the underdrawing from anywhere in it, `(side, side, 1)`."""
    top, left = (rng.integers(whole - side + 1) for whole in underdrawing.FIELD)
    square = underdrawing.field()[top : top + side, left : left + side, None]
    return np.rot90(square, int(rng.integers(4)))


def _sheet(session: _Session, photos: list[np.ndarray], styles: Styles, path: Path) -> None:
    """Three photos, each in four styles."""
    decoder, rows = session.averaged(), []
    for n, photo in enumerate(photos[:3]):
        side = min(*photo.shape[:2], 256) // 16 * 16
        square = tf.constant(photo[None, :side, :side].astype(np.float32))
        maps = session.loss.at_half_size(
            underdrawing.draw(square, underdrawing.covering(side, side), 1.0)
        )
        own, row = instant.statistics(maps), [square[0].numpy()]
        for k in range(4):
            asked, _ = styles.draw(np.array([(4 * n + k) % len(styles)]))
            row.append(instant.decode(decoder, maps, own, asked)[0].numpy())
        rows.append(np.concatenate(row, axis=1))
    width = min(row.shape[1] for row in rows)
    sheet = np.concatenate([row[:, :width] for row in rows]).clip(0, 255).astype(np.uint8)
    write(path, images.encode(sheet, "JPEG", quality=90))
