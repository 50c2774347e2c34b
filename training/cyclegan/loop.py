"""The training of a CycleGAN between two sets of pictures (Zhu et al., arXiv 1703.10593).

Two generators learn to turn photos into paintings and paintings into photos; of two
discriminators each tells the real pictures of its side from the painted ones. A
discriminator sees patches of pixels, as in the paper, and, if wanted, the maps of a feature
extractor, a frozen VGG16, so that it tells apart from the first step (Projected GANs, Sauer
et al., arXiv 2111.01007). Both update steps are ordinary Keras models with a loss of
their own, so that any Keras backend trains them.

A run directory holds `options.json`, `history.csv`, curves for TensorBoard, sample sheets,
and a state from which an interrupted run resumes exactly: what a step draws depends on
seed and step alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
from keras import ops
from pydantic import Field

from core import images
from core.errors import InvalidRequest
from core.files import check_output, replacing, write
from core.hardware import compute_dtype
from core.models import architectures
from core.recipes.fields import STRICT, Count, Momentum, Number, Side, Weight, checked
from training import runs
from training.classifiers import pretrained
from training.classifiers.layers import instance_normalisation
from training.data.files import save_arrays
from training.data.inputs import check_readable, read_json
from training.runs.curves import Curves

log = logging.getLogger(__name__)

SIDES = ("photo", "painting")
_FEATURES = ("block2_conv2", "block3_conv3", "block4_conv3")  # layers of the feature extractor


Filters = Annotated[int, Field(ge=1, le=1024)]
Blocks = Annotated[int, Field(ge=0, le=64)]


@dataclass(frozen=True)
class Options:
    """How a CycleGAN is trained; saved with the run. The defaults fit two cores."""

    __pydantic_config__ = STRICT

    steps: Count = 30_000
    # side of what the networks see, pixels
    crop: Annotated[int, Field(ge=32, le=4096, multiple_of=8)] = 128
    batch: Count = 1
    filters: Filters = 32  # of the generators' first layer
    blocks: Blocks = 6
    judge_filters: Filters = 48
    features: bool = True  # judges see VGG16's features, too
    window: Side = 80  # side of the part of a crop that VGG16 looks at, pixels
    learning_rate: Weight = 2e-4  # kept for the first half, then linearly to zero
    cycle: Weight = 5.0  # weight of photo -> painting -> photo, L1 on -1..1
    identity: Weight = 2.5  # weight of painting -> painting, on a quarter of the crop
    feature_weight: Weight = 1.0  # of the connoisseur's opinion against that of the patch judge
    pool: Number = 50  # earlier paintings that the judges see again (Shrivastava et al.)
    average: Momentum = 0.999  # momentum of the averaged generators, which are shipped
    report_every: Count = 500  # steps: a row of history, a sample sheet, the state
    seed: Number = 1


def generators(options: Options, *, shipped: bool = False) -> dict[str, keras.Model]:
    """The two generators by the side that they paint: `painting` turns photos into paintings.

    Args:
        shipped: As they are saved and used: in float32, of built-in layers only. Otherwise as
            they are trained, in the faster precision. Both have the same variables.
    """
    return {
        side: architectures.monet_generator(
            filters=options.filters,
            blocks=options.blocks,
            dtype="float32" if shipped else compute_dtype(),
            name=f"to_{side}",
            normalisation=None if shipped else instance_normalisation,
        )
        for side in SIDES
    }


def patch_judge(filters: int, dtype: str = "float32") -> keras.Model:
    """The PatchGAN discriminator: a logit for each receptive field of 70 x 70 pixels.

    Returns:
        RGB -1..1 `(batch, height, width, 3)` to logits `(batch, height / 8, width / 8, 1)`.
    """
    from keras import Input, Model, layers

    inputs = x = Input((None, None, 3))
    for number, stride in enumerate((2, 2, 2, 1)):
        x = layers.Conv2D(
            filters * 2**number, 4, stride, padding="same", use_bias=number == 0, dtype=dtype
        )(x)
        if number:
            x = instance_normalisation(dtype=dtype)(x)
        x = layers.LeakyReLU(0.2, dtype=dtype)(x)
    x = layers.Conv2D(1, 4, padding="same", dtype="float32")(x)
    return Model(inputs, x, name="patch_judge")


def feature_judge(channels: int, scale: float, width: int = 64) -> keras.Model:
    """A discriminator's head on one feature map: logits of the same height and width."""
    from keras import Input, Model, layers

    inputs = Input((None, None, channels))
    x = layers.Rescaling(scale)(inputs)
    x = layers.SpectralNormalization(layers.Conv2D(width, 1))(x)
    x = layers.LeakyReLU(0.2)(x)
    x = layers.SpectralNormalization(layers.Conv2D(width, 3, padding="same"))(x)
    x = layers.LeakyReLU(0.2)(x)
    return Model(inputs, layers.Conv2D(1, 1)(x), name="feature_judge")


class Judge(keras.Model):
    """The discriminator of one side: from pictures to a list of logit maps."""

    def __init__(self, options: Options, connoisseur: keras.Model | None) -> None:
        super().__init__()
        self.options = options
        self.patches = patch_judge(options.judge_filters, compute_dtype())
        self.connoisseur = connoisseur
        self.heads = []
        if connoisseur is not None:
            # VGG's activations grow from layer to layer; about 1 suits a discriminator.
            scales = (1 / 200, 1 / 400, 1 / 400)
            for output, scale in zip(connoisseur.outputs, scales, strict=True):
                self.heads.append(feature_judge(output.shape[-1], scale))

    def call(self, pictures: Any, corner: Any, training: bool | None = None) -> list[Any]:
        """Logit maps of RGB -1..1 `(batch, height, width, 3)`.

        `corner`, `(2,)`, is the top and left of the window that VGG16 sees: it is the
        costliest of all, and a part will do.
        """
        opinions = [self.patches(pictures, training=training)]
        if self.connoisseur is not None:
            start = ops.pad(corner, [[1, 1]])  # of batch, rows, columns, channels
            shape = (self.options.batch, self.options.window, self.options.window, 3)
            seen = ops.slice(pictures, start, shape)
            features = self.connoisseur((seen + 1) * 127.5, training=False)
            for head, seen in zip(self.heads, features, strict=True):
                opinions.append(head(ops.cast(seen, "float32"), training=training))
        return opinions

    @property
    def learned(self) -> list[keras.Model]:
        """Its parts that learn."""
        return [self.patches, *self.heads]


def connoisseur(weights: Path | None) -> keras.Model:
    """VGG16 up to the last layer of `_FEATURES`, frozen; RGB 0..255 to a list of maps."""
    base = architectures.vgg16_base(dtype=compute_dtype())
    pretrained.load_vgg16(base, pretrained.find(pretrained.VGG16, weights).parent)
    base.trainable = False
    return keras.Model(base.input, [base.get_layer(name).output for name in _FEATURES])


def least_squares(opinions: list[Any], wanted: float, weights: list[float]) -> Any:
    """The adversarial loss of LSGAN (Mao et al., arXiv 1611.04076): mean of `(logit - wanted)^2`.

    Each map counts by its weight; the weights are scaled to sum to 1.
    """
    total = sum(weights)
    losses = [
        weight / total * ops.mean(ops.square(opinion - wanted))
        for weight, opinion in zip(weights, opinions, strict=True)
    ]
    return sum(losses)


class _Step(keras.Model):
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

    def opinion_weights(self, judge: Judge) -> list[float]:
        return [1.0] + [self.options.feature_weight / len(judge.heads) for _ in judge.heads]

    def keep(self, name: str, value: Any) -> Any:
        """Adds up a term of the loss for the history."""
        self.terms[name].update_state(value)
        return value


class Painters(_Step):
    """The update of both generators: adversarial, cycle and identity loss."""

    def __init__(
        self, options: Options, painters: dict[str, keras.Model], judges: dict[str, Judge]
    ) -> None:
        super().__init__(options, list(painters.values()))
        self.painters, self.judges = painters, judges
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

        `corner` of the dictionary is that of `Judge`.
        """
        results: dict[str, Any] = {}
        half = self.options.crop // 2
        for side, other in (("painting", "photo"), ("photo", "painting")):
            fake = self.painters[side](pictures[other], training=training)
            self.latest[side].assign(fake)
            results[f"fake_{side}"] = fake
            results[f"opinion_{side}"] = self.judges[side](fake, pictures["corner"], training=False)
            # A quarter of the picture says as much about the identity, for a quarter of the work.
            quarter = pictures[side][:, :half, :half]
            results[f"same_{side}"] = self.painters[side](quarter, training=training)
        for side, other in (("painting", "photo"), ("photo", "painting")):
            back = (results[f"fake_{other}"] + 1) * 127.5
            results[f"back_{side}"] = self.painters[side](back, training=training)
        return results

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The sum over both sides of fool + cycle + identity."""
        loss = 0.0
        for side in SIDES:
            real = x[side] / 127.5 - 1
            weights = self.opinion_weights(self.judges[side])
            fool = least_squares(y_pred[f"opinion_{side}"], 1.0, weights)
            cycle = ops.mean(ops.abs(y_pred[f"back_{side}"] - real))
            half = self.options.crop // 2
            same = ops.mean(ops.abs(y_pred[f"same_{side}"] - real[:, :half, :half]))
            loss += self.keep(f"fool_{side}", fool)
            loss += self.options.cycle * self.keep(f"cycle_{side}", cycle)
            loss += self.options.identity * self.keep(f"identity_{side}", same)
        return loss


class Judges(_Step):
    """The update of both discriminators: real pictures are to get 1, painted ones 0."""

    def __init__(self, options: Options, judges: dict[str, Judge]) -> None:
        super().__init__(options, [part for judge in judges.values() for part in judge.learned])
        self.judges = judges
        for side in SIDES:
            self.terms[f"judge_{side}"] = keras.metrics.Mean(name=f"judge_{side}")

    def call(self, pictures: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        """Logit maps of `real_SIDE` and `fake_SIDE`, RGB -1..1; `corner` is that of `Judge`."""
        opinions = {}
        for side in SIDES:
            for kind in ("real", "fake"):
                picture = pictures[f"{kind}_{side}"]
                opinions[f"{kind}_{side}"] = self.judges[side](
                    picture, pictures["corner"], training=training
                )
        return opinions

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Half the sum of the errors on real and on painted pictures, over both sides."""
        loss = 0.0
        for side in SIDES:
            weights = self.opinion_weights(self.judges[side])
            real = least_squares(y_pred[f"real_{side}"], 1.0, weights)
            fake = least_squares(y_pred[f"fake_{side}"], 0.0, weights)
            loss += self.keep(f"judge_{side}", (real + fake) / 2)
        return loss


class Pool:
    """Earlier paintings, shown to a discriminator again in half of the cases (arXiv 1612.07828)."""

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        self.pictures = np.zeros((size, *shape), np.float32)
        self.filled = 0

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


def train(
    options: Options,
    photos: list[Path],
    paintings: list[Path],
    weights: Path | None,
    run: Path,
    *,
    on_report: Callable[[dict[str, float]], None] = lambda row: None,
) -> Path:
    """Trains to the last step; resumes if `run` exists.

    Args:
        photos, paintings: Files of both sides; pictures smaller than a crop are enlarged.
        weights: Directory of VGG16's ImageNet weights; only needed for `options.features`.
        run: Directory to write.
        on_report: Called with each row of the history.

    Returns:
        The run directory; `painting.weights.h5` and `photo.weights.h5` in it are the
        averaged generators, float32.

    Raises:
        InvalidRequest: If `run` was started with other options, or these do not go together.
        training.data.inputs.TrainingError: If a side has no pictures, or some cannot be read.
        FileNotFoundError: If the weights of VGG16 are not there.
        DivergedError: If a loss is no number any more.
    """
    if options.features:
        if options.window > options.crop:
            raise InvalidRequest(
                f"The window of {options.window} pixels is larger than the crop of {options.crop}."
            )
        pretrained.find(pretrained.VGG16, weights)
    check_output(run / "options.json")
    check_readable([*photos, *paintings])
    files = {"photo": photos, "painting": paintings}
    if not all(files.values()):
        runs.pictures([])  # says that there are none
    runs.check_options(run, options)
    keras.utils.set_random_seed(options.seed)
    pictures = {side: runs.pictures(files[side], options.crop) for side in SIDES}
    session = _Session(options, weights)
    session.resume(run)
    started = time.perf_counter()
    with Curves(run / "curves") as curves:
        for step in range(session.step, options.steps):
            session.run_step(step, pictures)
            if (step + 1) % options.report_every == 0 or step + 1 == options.steps:
                losses = session.losses()
                losses["seconds"] = time.perf_counter() - started
                row = {"step": step + 1, **losses}
                runs.check_finite(row)
                runs.append_history(run / "history.csv", row)
                curves.write(step + 1, losses)
                session.save(run, step + 1)
                _sheet(session, pictures, run / "samples" / f"{step + 1:06}.jpg")
                on_report(row)
                started = time.perf_counter()
    return run


class _Session:
    """All that changes from step to step."""

    def __init__(self, options: Options, weights: Path | None) -> None:
        self.options, self.step = options, 0
        self.painters = generators(options)
        looker = None
        if options.features:
            looker = connoisseur(weights)
        self.judges = {side: Judge(options, looker) for side in SIDES}
        shape = (options.crop, options.crop, 3)
        self.pools = {side: Pool(options.pool, shape) for side in SIDES}
        self.painting = Painters(options, self.painters, self.judges)
        self.judging = Judges(options, self.judges)
        for model in (self.painting, self.judging):
            rate = _Late(options.learning_rate, options.steps // 2, options.steps)
            model.compile(keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.999), jit_compile=False)
        blank = np.zeros((options.batch, *shape), np.float32)
        corner = {"corner": np.zeros(2, np.int32)}
        self.painting(dict.fromkeys(SIDES, blank) | corner)
        blanks = {f"{kind}_{side}": blank for kind in ("real", "fake") for side in SIDES}
        self.judging(blanks | corner)
        for model in (self.painting, self.judging):
            model.optimizer.build(model.trainable_variables)
        # The averages start where the generators do.
        self.averages = {side: self.painters[side].get_weights() for side in SIDES}

    def run_step(self, step: int, pictures: dict[str, list[np.ndarray]]) -> None:
        """One update of the generators, then one of the discriminators."""
        options, rng = self.options, np.random.default_rng([self.options.seed, step])
        drawn = {
            side: np.stack(
                [runs.crop(pictures[side], options.crop, rng) for _ in range(options.batch)]
            )
            for side in SIDES
        }
        corner = rng.integers(0, options.crop - options.window + 1, 2, np.int32)
        self.painting.train_on_batch(drawn | {"corner": corner})
        shown: dict[str, Any] = {"corner": corner}
        shown |= {f"real_{side}": drawn[side] / 127.5 - 1 for side in SIDES}
        for side in SIDES:
            fake = ops.convert_to_numpy(self.painting.latest[side])
            shown[f"fake_{side}"] = self.pools[side].swap(fake, rng)
        self.judging.train_on_batch(shown)
        self._average(step)
        self.step = step + 1

    def losses(self) -> dict[str, float]:
        """Means of all terms since the last call."""
        found: dict[str, float] = {}
        for model in (self.painting, self.judging):
            found |= {name: float(term.result()) for name, term in model.terms.items()}
            model.reset_metrics()
        return found

    def save(self, run: Path, step: int) -> None:
        """Writes the averaged generators, and everything that `resume` needs.

        The state comes last: a run that is killed between goes on from the one before, and
        writes the generators again.
        """
        for side in SIDES:
            with replacing(run / f"{side}.weights.h5") as part:
                self.averaged(side).save_weights(part)
        arrays: dict[str, Any] = {"step": np.array(step)}
        for name, variables in self._variables().items():
            for i, variable in enumerate(variables):
                arrays[f"{name}/{i}"] = ops.convert_to_numpy(variable)
        for side in SIDES:
            arrays[f"pool_{side}"] = self.pools[side].pictures
            arrays[f"filled_{side}"] = np.array(self.pools[side].filled)
            for i, value in enumerate(self.averages[side]):
                arrays[f"average_{side}/{i}"] = value
        save_arrays(run / "state.npz", arrays)

    def resume(self, run: Path) -> None:
        """Resumes from a saved state, if there is one."""
        if not (run / "state.npz").exists():
            return
        with np.load(run / "state.npz", allow_pickle=False) as state:
            for name, variables in self._variables().items():
                for i, variable in enumerate(variables):
                    variable.assign(state[f"{name}/{i}"])
            for side in SIDES:
                self.pools[side].pictures = state[f"pool_{side}"]
                self.pools[side].filled = int(state[f"filled_{side}"])
                self.averages[side] = [
                    state[f"average_{side}/{i}"] for i in range(len(self.averages[side]))
                ]
            self.step = int(state["step"])
        log.info("Resuming after step %d", self.step)

    def averaged(self, side: str) -> keras.Model:
        """The generator of a side with its averaged weights."""
        model = generators(self.options, shipped=True)[side]
        model.set_weights(self.averages[side])
        return model

    def _variables(self) -> dict[str, list[Any]]:
        return {
            **{f"painter_{side}": self.painters[side].variables for side in SIDES},
            **{
                f"judge_{side}": [v for part in self.judges[side].learned for v in part.variables]
                for side in SIDES
            },
            "painting_optimizer": self.painting.optimizer.variables,
            "judging_optimizer": self.judging.optimizer.variables,
        }

    def _average(self, step: int) -> None:
        # Young averages forget faster, or the first paintings would linger.
        momentum = min(self.options.average, (step + 1) / (step + 10))
        for side in SIDES:
            for mean, value in zip(
                self.averages[side], self.painters[side].get_weights(), strict=True
            ):
                mean *= momentum
                mean += (1 - momentum) * value


class _Late(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that is kept until `start`, and then falls linearly to zero at `end`."""

    def __init__(self, rate: float, start: int, end: int) -> None:
        self.rate, self.start, self.end = rate, start, end

    def __call__(self, step: Any) -> Any:
        left = (self.end - ops.cast(step, "float32")) / (self.end - self.start)
        return self.rate * ops.clip(left, 0.0, 1.0)

    def get_config(self) -> dict[str, float]:
        return {"rate": self.rate, "start": self.start, "end": self.end}


def _sheet(session: _Session, pictures: dict[str, list[np.ndarray]], path: Path) -> None:
    """Three photos, painted and back; three paintings, photographed and back."""
    rows = []
    models = {side: session.averaged(side) for side in SIDES}
    for side, other in (("photo", "painting"), ("painting", "photo")):
        for picture in pictures[side][:3]:
            square = picture[:256, :256][: len(picture) // 4 * 4, :, :]
            height, width = (n // 4 * 4 for n in square.shape[:2])
            real = square[None, :height, :width].astype(np.float32)
            there = ops.convert_to_numpy(models[other](real))
            back = ops.convert_to_numpy(models[side]((there + 1) * 127.5))
            row = [real[0], *((view[0] + 1) * 127.5 for view in (there, back))]
            rows.append(np.concatenate(row, axis=1))
    width = min(row.shape[1] for row in rows)
    sheet = np.concatenate([row[:, :width] for row in rows]).clip(0, 255).astype(np.uint8)
    write(path, images.encode(sheet, "JPEG", quality=90))


def read_options(run: Path) -> Options:
    """The options that a run was started with."""
    return checked(Options, read_json(run / "options.json"))
