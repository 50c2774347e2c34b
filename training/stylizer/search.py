"""Random search over the settings of style transfer, as one of the reports did it.

Each trial draws the learning rate of Adam, the weights of content and style, and those of the
style layers, and paints a photo with them. What a trial minimizes depends on its weights, so
trials are compared by one measure: content and style loss with equal layers. What no other trial
beats in both (the Pareto front) is written as presets, each with its curve.

A run directory holds `options.json`, `trials.csv`, the curve of each trial in `curves/`, the
paintings, and `presets.json` in the form of `assets/styles/presets.json`. An interrupted search
resumes where it was: what a trial draws depends on seed and number alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core import images
from core.errors import InvalidRequest
from core.files import write
from core.recipes.fields import STRICT, Count, Number, Rate, Side
from core.stylize import extractors, objective, refine
from core.stylize.presets import Preset
from core.stylize.request import StylizeRequest
from training import runs
from training.data.files import csv_text, json_text
from training.data.inputs import check_readable

Range = tuple[Rate, Rate]


@dataclass(frozen=True)
class Options:
    """How a search goes; saved with the run."""

    __pydantic_config__ = STRICT

    rows: Side = 160
    steps: Count = 60
    network: str = extractors.DEFAULT
    learning_rate: Range = (1.0, 30.0)  # least and greatest, gray levels
    content: Range = (0.01, 1.0)
    style: Range = (0.3, 3.0)
    layer: Range = (0.1, 10.0)
    seed: Number = 1


@dataclass(frozen=True)
class Trial:
    """What was drawn, and what came of it."""

    number: int
    learning_rate: float
    content_weight: float
    style_weight: float
    style_layers: dict[str, float]
    content_loss: float = float("nan")
    style_loss: float = float("nan")


def draw(number: int, options: Options) -> Trial:
    """The settings of a trial; all are even on a logarithmic scale."""
    rng = np.random.default_rng([options.seed, number])

    def between(limits: tuple[float, float]) -> float:
        return float(f"{np.exp(rng.uniform(*np.log(limits))):.3g}")

    return Trial(
        number,
        learning_rate=between(options.learning_rate),
        content_weight=between(options.content),
        style_weight=between(options.style),
        style_layers={
            name: between(options.layer) for name in extractors.get(options.network).style
        },
    )


def search(
    options: Options,
    content: Path,
    style: Path,
    run: Path,
    *,
    trials: int = 20,
    on_trial: Callable[[dict[str, Any]], None] = lambda row: None,
) -> list[Trial]:
    """Runs all trials that are not there yet, and writes the presets.

    Args:
        content: The photo.
        style: How it is to be painted.
        run: Directory to write.
        trials: How many there are to be in the end.
        on_trial: Called with each row of `trials.csv`.

    Returns:
        The trials of the Pareto front, the most faithful first.

    Raises:
        InvalidRequest: If `run` was started with other options, or they name no network.
        training.data.inputs.TrainingError: If a picture cannot be read.
    """
    for limits in (options.learning_rate, options.content, options.style, options.layer):
        if limits[0] > limits[1]:
            raise InvalidRequest(f"{list(limits)} must be the least and the greatest.")
    try:
        extractors.get(options.network)
    except KeyError as error:
        raise InvalidRequest(f"network: {error.args[0]}.") from None
    runs.check_run(run)
    check_readable([content, style])
    runs.settle_options(run, options)
    photo, picture = images.load(content).pixels, images.load(style).pixels
    row = extractors.get(options.network)
    measure = objective.objective(
        options.network, "float32", tuple(row.content.items()), tuple(row.style.items())
    )
    target = measure.describe(_small(picture, options.rows))
    evaluate = measure.against(_small(photo, options.rows), target, objective.Weights(1.0, 1.0))
    history = runs.History(run, index="number", file="trials.csv")
    known = [Trial(**row) for row in history.rows]
    for number in range(len(known), trials):
        trial = draw(number, options)
        curve, pixels = _paint(trial, photo, picture, options)
        found = evaluate(pixels.astype(np.float32))
        trial = replace(
            trial, content_loss=round(found.content, 5), style_loss=round(found.style, 5)
        )
        name = f"{number:03}"
        write(run / "curves" / f"{name}.csv", csv_text(("step", "content", "style"), curve))
        write(run / f"{name}.png", images.encode(pixels))
        known.append(trial)
        on_trial(history.append(asdict(trial)))
    best = front(known)
    presets = [_preset(n, trial) for n, trial in enumerate(best, start=1)]
    write(run / "presets.json", json_text(presets))
    return best


def front(trials: list[Trial]) -> list[Trial]:
    """Those that no other trial beats in both losses, by rising content loss."""
    kept: list[Trial] = []
    for trial in sorted(trials, key=lambda t: (t.content_loss, t.style_loss)):
        if not kept or trial.style_loss < kept[-1].style_loss:
            kept.append(trial)
    return kept


def _paint(
    trial: Trial, photo: np.ndarray, style: np.ndarray, options: Options
) -> tuple[list[tuple[int, float, float]], np.ndarray]:
    request = StylizeRequest(
        network=options.network,
        rows=options.rows,
        steps=options.steps,
        optimizer="adam",
        learning_rate=trial.learning_rate,
        content_weight=trial.content_weight,
        style_weight=trial.style_weight,
        style_layers=trial.style_layers,
        forms=0.0,  # trials are judged by texture
    )
    curve = []
    for step in refine.refine(photo, [style], request):
        curve.append((step.step, round(step.content_loss, 5), round(step.style_loss, 5)))
    return curve, step.pixels()


def _preset(place: int, trial: Trial) -> dict[str, Any]:
    preset = Preset(
        id=f"found-{trial.number:03}",
        title=f"Found {place}",
        words=f"Content loss {trial.content_loss:.2f}, style loss {trial.style_loss:.3f}.",
        content_weight=trial.content_weight,
        style_weight=trial.style_weight,
        style_layers=trial.style_layers,
        forms=0.0,
        optimizer="adam",
        learning_rate=trial.learning_rate,
    )
    return preset.model_dump(exclude_defaults=True, by_alias=True)


def _small(picture: np.ndarray, rows: int) -> np.ndarray:
    return refine.resize(picture, *refine.size(picture, rows)).clip(0, 255)
