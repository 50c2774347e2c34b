"""The figures of two generators: distance closed (KID), cycle error, content similarity."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.monet.keras_network import KerasNetwork
from core.monet.tiled import Painter
from training import cyclegan, runs
from training.classifiers import pretrained
from training.cyclegan import SIDES, kernel_distance
from training.data.inputs import TrainingError, check_readable

CONTENT = "block4_conv3"  # VGG16's layer whose features stand for content, as in style transfer


def run_generators(run: Path) -> dict[str, Painter]:
    """The averaged generators of a run, as `measure` takes them."""
    options = runs.read_options(run, cyclegan.Options)
    generators: dict[str, Painter] = {}
    for side, network in cyclegan.generators(options, shipped=True).items():
        runs.load_weights(network, run / f"{side}.weights.h5")
        generators[side] = Painter(KerasNetwork(network))
    return generators


def check_measurable(photos: list[Path], paintings: list[Path]) -> None:
    """Makes sure, before anything slow, that both sides can be measured.

    Raises:
        TrainingError: If there are too few pictures, or some cannot be read.
    """
    for name, files in (("held-out photos", photos), ("paintings", paintings)):
        if len(files) < 2:
            raise TrainingError(
                f"Measuring takes two {name} or more, and there are {len(files)}: add some. "
                "One photo in ten is held out."
            )
    check_readable([*photos, *paintings])


def measure(
    generators: dict[str, Painter],
    photos: list[Path],
    paintings: list[Path],
    weights: Path | None,
    sides: tuple[str, ...] = SIDES,
) -> dict[str, dict[str, Any]]:
    """Figures of both directions.

    Args:
        generators: By the side that they paint.
        photos: Photos that were not used in training.
        paintings: The paintings to come near to.
        weights: Directory of ImageNet weights to look into first, see `core.models.weights`.
        sides: What to measure the way to.

    Returns:
        By side: `runtime`, what ran the generator; `pictures`; `distance_before` and
        `distance_after` (kernel distance to the wished-for side); `standard_error` of the latter;
        `distance_closed`
        (1 - after / before); `cycle_l1` (cycle error) and `change_l1` as shares of the range;
        `content_kept` (content similarity: cosine of VGG16's features before and after);
        `checkerboard_ratio` (energy at the frequency of pixel pairs, against that of the
        wished-for side).
    """
    check_measurable(photos, paintings)
    real = {"photo": runs.pictures(photos), "painting": runs.pictures(paintings)}
    seen = {side: kernel_distance.features(real[side], weights) for side in SIDES}
    content = _content(weights)
    found: dict[str, dict[str, Any]] = {}
    for side in sides:
        (other,) = set(SIDES) - {side}
        there = [generators[side].paint(picture) for picture in real[other]]
        back = [generators[other].paint(picture) for picture in there]
        before = kernel_distance.spread(seen[other], seen[side])
        after = kernel_distance.spread(kernel_distance.features(there, weights), seen[side])
        board, usual = (
            float(np.median([kernel_distance.checkerboard(p) for p in pictures]))
            for pictures in (there, real[side])
        )
        kept = [content(a, b) for a, b in zip(real[other], there, strict=True)]
        found[side] = {
            "runtime": generators[side].runtime,
            "pictures": len(there),
            "distance_before": round(before.value, 4),
            "distance_after": round(after.value, 4),
            "standard_error": round(after.error, 4),
            "distance_closed": round(1 - after.value / before.value, 3) if before.value else None,
            "cycle_l1": round(_mean_l1(real[other], back), 4),
            "change_l1": round(_mean_l1(real[other], there), 4),
            "content_kept": round(float(np.mean(kept)), 3),
            "checkerboard_ratio": round(board / usual, 3) if usual else None,
        }
    return found


def _content(weights: Path | None) -> Callable[[np.ndarray, np.ndarray], float]:
    """The content similarity of two pictures: cosine of their VGG16 features, place by place."""
    import keras

    base = pretrained.extractor("vgg16_base", weights)
    features = keras.Model(base.input, base.get_layer(CONTENT).output)
    features.jit_compile = False

    def similarity(a: np.ndarray, b: np.ndarray) -> float:
        maps = features.predict_on_batch(np.stack([a, b]).astype(np.float32))
        x, y = np.asarray(maps, np.float32).reshape(2, -1)
        return float(x @ y / max(float(np.linalg.norm(x) * np.linalg.norm(y)), 1e-12))

    return similarity


def _mean_l1(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """Mean absolute difference as a share of the range."""
    differences = [
        np.abs(a.astype(np.float32) - b).mean() / 255 for a, b in zip(one, other, strict=True)
    ]
    return float(np.mean(differences))
