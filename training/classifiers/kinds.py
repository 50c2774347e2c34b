"""What tells photographs from paintings: fitted on validation, and measured.

Photographs and paintings go through the same hands before, made small and saved as JPEG, so that
nothing is learned of the files that they came in. Of the photographs, those that the network was
trained with are left out; of the others, half is for the fit and half for the measure.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from core import artists, identify, images, models
from core.identify import Observation, kinds, taught
from core.identify.kinds import KINDS
from core.images import Picture
from core.images.types import Floats, Pixels
from core.models import Photograph
from training.classifiers import metrics
from training.data.dataset import Painting
from training.data.files import digest
from training.data.inputs import TrainingError
from training.data.trained_on import fingerprint

log = logging.getLogger(__name__)

KNOWN, UNKNOWN, PHOTOGRAPH = range(len(KINDS))
_COPIES = 2  # of each picture, each otherwise small and otherwise saved
_PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)  # C of the logistic regression
_FOLDS = 5
_FEWEST = 40  # photographs, of which half is for the fit
_DIGITS = 5

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Looked:
    """Pictures as a model saw them.

    Attributes:
        logits: `(n, artists + 1)`.
        projections: `(n, d)`.
        kind: `(n,)` numbers of the right `KINDS`.
    """

    logits: Floats
    projections: Floats
    kind: np.ndarray


def check(paintings: Sequence[Painting], photos: Sequence[Path]) -> None:
    """Makes sure that there is enough of each kind.

    Raises:
        TrainingError: If not.
    """
    for split in ("val", "test"):
        outside = sum(each.artist is None for each in paintings if each.split == split)
        if outside < 1:
            raise TrainingError(
                f"Telling photographs takes paintings by others in the split {split}, too: there "
                "are none."
            )
    if len(photos) < _FEWEST:
        raise TrainingError(
            f"Telling photographs takes at least {_FEWEST} of them; there are {len(photos)}."
        )


def halves(photos: Sequence[Path], seen: np.ndarray) -> tuple[list[Path], list[Path]]:
    """Photographs for the fit and for the measure, by a digest of their content.

    Args:
        seen: Fingerprints of the files that the model was trained with.
    """
    parts: tuple[list[Path], list[Path]] = [], []
    for path in photos:
        if fingerprint(path) not in seen:
            parts[digest(path)[8] % 2].append(path)
    return parts


def look(
    loaded: models.Loaded,
    paintings: Sequence[Painting],
    photos: Sequence[Path],
    *,
    copies: int = _COPIES,
    on_progress: Told = lambda done, of: None,
) -> Looked:
    """Shows pictures to a model.

    Args:
        copies: How often each is shown, always made small and saved otherwise, see `alike`; 0:
            once, as it is.
    """
    known = set(loaded.entry.artists)
    paths = [(each.path, _kind(each, known)) for each in paintings]
    paths += [(each, PHOTOGRAPH) for each in photos]
    shown = [(path, kind, seed) for path, kind in paths for seed in range(max(1, copies))]

    def read(number: int) -> Picture:
        path, _, seed = shown[number]
        picture = images.load(path, enough=identify.ENOUGH)
        if not copies:
            return picture
        pixels = alike(picture.pixels, 7919 * number + seed)
        return Picture(pixels, picture.format, picture.original_size)

    found: list[Observation] = []
    with ThreadPoolExecutor(2) as pool:
        for done, picture in enumerate(pool.map(read, range(len(shown))), 1):
            seen = identify.view(picture.pixels, loaded.entry)
            found.append(identify.looked_at(loaded, picture, seen, projected=True))
            if done % 100 == 0 or done == len(shown):
                on_progress(done, len(shown))
    return Looked(
        np.stack([each.logits for each in found]),
        np.stack([each.projection for each in found if each.projection is not None]),
        np.array([kind for _, kind, _ in shown]),
    )


def alike(pixels: Pixels, seed: int) -> Pixels:
    """A picture as any hand may pass it on: small, square, and saved as JPEG."""
    rng = np.random.default_rng(seed)
    small = identify.squeeze(pixels, int(rng.integers(150, 211)))
    data = images.encode(small, "JPEG", quality=int(rng.integers(60, 96)))
    return images.load(data).pixels


def fit(seen: Looked, entry: models.Entry) -> Photograph:
    """Logistic regression of photographs against paintings; its penalty is chosen by folds.

    Known and unknown painters and photographs count alike, a third each.

    Raises:
        TrainingError: If one of the kinds is missing.
    """
    if len(np.unique(seen.kind)) < len(KINDS):
        raise TrainingError("This takes paintings by known and by unknown painters, and photos.")
    given = taught.inputs(taught.own(seen.logits, entry), seen.projections)
    scaler = StandardScaler().fit(given)
    x, photo = scaler.transform(given), seen.kind == PHOTOGRAPH
    weight = _alike(seen.kind)
    fold = np.repeat(_folds(seen.kind[::_COPIES]), _COPIES)  # copies of a picture stay together
    losses = []
    for penalty in _PENALTIES:
        z = np.empty(len(x))
        for out in range(_FOLDS):
            rest = fold != out
            found = _regression(penalty).fit(x[rest], photo[rest], sample_weight=weight[rest])
            z[~rest] = found.decision_function(x[~rest])
        losses.append(float(weight @ np.logaddexp(0, np.where(photo, -z, z)) / weight.sum()))
        log.info("C %g: log loss %.4f", penalty, losses[-1])
    best = _PENALTIES[int(np.argmin(losses))]
    found = _regression(best).fit(x, photo, sample_weight=weight)
    weights = found.coef_[0] / scaler.scale_
    return Photograph(
        weights=tuple(np.round(weights, _DIGITS).tolist()),
        intercept=round(float(found.intercept_[0] - weights @ scaler.mean_), _DIGITS),
    )


def figures(seen: Looked, entry: models.Entry) -> dict[str, Any]:
    """How well the kinds are told apart; each kind counts alike in the calibration error."""
    probability = kinds.probabilities(seen.logits, seen.projections, entry)
    kind, photo = seen.kind, seen.kind == PHOTOGRAPH
    answered = kinds.answers(probability, entry)
    weight = _alike(kind)
    found: dict[str, Any] = {
        "known": int((kind == KNOWN).sum()),
        "unknown": int((kind == UNKNOWN).sum()),
        "photographs": int(photo.sum()),
        "photograph_auroc": metrics.auroc(photo, probability[:, PHOTOGRAPH]),
        "calibration_error": _calibration_error(probability, kind, weight),
    }
    for number, name in enumerate(KINDS):
        found[f"{name}_recognized"] = (answered[kind == number] == number).mean()
    found["paintings_called_photographs"] = (answered[~photo] == PHOTOGRAPH).mean()
    return {k: v if isinstance(v, int) else round(float(v), 4) for k, v in found.items()}


def _calibration_error(probability: Floats, kind: np.ndarray, weight: np.ndarray) -> float:
    """Expected calibration error of the likeliest kind, over pictures that count as `weight`."""
    confidence, right = probability.max(axis=1), probability.argmax(axis=1) == kind
    part = np.minimum((confidence * metrics.BINS).astype(int), metrics.BINS - 1)
    gaps = np.bincount(part, weight * (confidence - right))
    return float(np.abs(gaps).sum() / weight.sum())


def _alike(kind: np.ndarray) -> np.ndarray:
    """`(n,)` weights by which each kind counts alike; their mean is 1."""
    found: np.ndarray = len(kind) / len(KINDS) / np.bincount(kind, minlength=len(KINDS))[kind]
    return found


def _regression(penalty: float) -> LogisticRegression:
    return LogisticRegression(C=penalty, max_iter=500)


def _folds(kind: np.ndarray) -> np.ndarray:
    folds = np.empty(len(kind), int)
    split = StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(kind, kind)
    for number, (_, out) in enumerate(split):
        folds[out] = number
    return folds


def _kind(painting: Painting, known: set[str]) -> int:
    artist = artists.find(painting.artist) if painting.artist else None
    return KNOWN if artist and artist.id in known else UNKNOWN
