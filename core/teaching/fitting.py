"""The fit of one more logit beside those of a network that stays as it is.

Logistic regression in the softmax of all logits, of which only the new one is free: paintings by
the new hand against the validation paintings by all others, which the version's reference keeps.
The new ones are few, so each of them weighs more: as much as the others bear, if that names more of
them rightly by fits without them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from core.identify.calibration import calibrated
from core.images.types import Floats
from core.models import Calibration

WEIGHTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # of one new painting against one of the others
BEARABLE = 0.005  # of the others' accuracy at most, on validation paintings, which are in the fit
_PENALTY = 200.0  # on the squares of the weights of standardized inputs
_STEPS = 50
_SHORTEST = 1e-3  # share of a step
_ENOUGH = 1e-4  # of the loss
_FOLDS = 20  # so few paintings are left out one by one


@dataclass(frozen=True)
class Others:
    """Validation paintings of those who are known already, and of strangers.

    Attributes:
        inputs: `(n, d)`, see `core.identify.taught.inputs`.
        logits: `(n, artists + 1)` before the lesson.
        painters: `(n,)` numbers of the right artists; -1 for strangers.
    """

    inputs: Floats
    logits: Floats
    painters: npt.NDArray[np.int16]


@dataclass(frozen=True)
class Row:
    """One logit: `inputs @ weights + intercept`, in the unit of the network's."""

    weights: npt.NDArray[np.float64]
    intercept: float

    def __call__(self, inputs: Floats) -> npt.NDArray[np.float64]:
        """`(n,)` logits."""
        found: npt.NDArray[np.float64] = inputs @ self.weights + self.intercept
        return found


@dataclass(frozen=True)
class Fit:
    """The fit that was chosen.

    Attributes:
        row: The new logit.
        left_out: `(n,)` logit of each new painting from a fit without it, or of more than
            `_FOLDS` without as many others.
        weight: Of `WEIGHTS`.
    """

    row: Row
    left_out: npt.NDArray[np.float64]
    weight: float


def fit(inputs: Floats, logits: Floats, others: Others, calibration: Calibration) -> Fit:
    """Fits the logit of a new hand.

    Args:
        inputs: `(n, d)` of its paintings.
        logits: `(n, artists + 1)` of them, before the lesson.
        calibration: Of the version before the lesson.
    """
    # Threads would wait for each other longer than such small matrices take.
    with threadpool_limits(1):
        return _best(_Problem(inputs, logits, others, calibration))


def _best(problem: _Problem) -> Fit:
    best = _tried(problem, WEIGHTS[0])
    for weight in WEIGHTS[1:]:
        tried = _tried(problem, weight)
        if problem.lost(tried.row) > BEARABLE:
            break
        if problem.recognized(tried.left_out).sum() > problem.recognized(best.left_out).sum():
            best = tried
    return best


def names(
    logits: Floats, new: npt.NDArray[np.float64], calibration: Calibration
) -> npt.NDArray[np.intp]:
    """`(n,)` numbers of the most probable artists; the new one comes after all others.

    Args:
        logits: `(n, artists + 1)` before the lesson.
        new: `(n,)` logits of the new artist.
    """
    found: npt.NDArray[np.intp] = calibrated(
        beside(logits, new), with_one_more(calibration)
    ).argmax(axis=1)
    return found


def beside(logits: Floats, new: npt.NDArray[np.float64]) -> Floats:
    """`(n, artists + 2)`: the logits of a new artist in their place, before "somebody else"."""
    found: Floats = np.insert(logits, logits.shape[1] - 1, new, axis=1)
    return found


def with_one_more(calibration: Calibration) -> Calibration:
    """The calibration with an artist more, whose logit is fitted to be right as it is."""
    bias = (*calibration.bias, 0.0) if calibration.bias else ()
    return calibration.model_copy(update={"bias": bias})


class _Problem:
    """The paintings of a fit, their inputs standardized by the others'."""

    def __init__(
        self, inputs: Floats, logits: Floats, others: Others, calibration: Calibration
    ) -> None:
        self.mean = others.inputs.mean(axis=0, dtype=np.float64)
        self.scale = np.maximum(others.inputs.std(axis=0, dtype=np.float64), 1e-6)
        self.new = (inputs - self.mean) / self.scale
        self.old = (others.inputs - self.mean) / self.scale
        self.logits, self.others, self.calibration = logits, others, calibration
        self.against_new = _together(logits, calibration)
        self.against_old = _together(others.logits, calibration)
        self.inputs = inputs

    def row(self, weight: float, keep: npt.NDArray[np.bool_], start: Row | None = None) -> Row:
        """The fit to some of the new paintings, by Newton's method.

        Args:
            start: A fit that is near, so that a few steps do.
        """
        x = np.concatenate([self.new[keep], self.old])
        x = np.append(x, np.ones((len(x), 1)), axis=1)
        against = np.concatenate([self.against_new[keep], self.against_old])
        sign = np.where(np.arange(len(x)) < keep.sum(), 1.0, -1.0)
        importance = np.where(sign > 0, weight, 1.0)
        penalty = np.append(np.full(x.shape[1] - 1, _PENALTY), 1e-6)

        def loss(at: npt.NDArray[np.float64]) -> float:
            margin = sign * (x @ at - against)
            return float(importance @ np.logaddexp(0, -margin) + penalty @ at**2 / 2)

        at = np.zeros(x.shape[1]) if start is None else self._standardized(start)
        value = loss(at)
        for _ in range(_STEPS):
            wrong = np.exp(-np.logaddexp(0, sign * (x @ at - against)))  # probability of the other
            slope = x.T @ (-importance * sign * wrong) + penalty * at
            curvature = (x.T * (importance * wrong * (1 - wrong))) @ x + np.diag(penalty)
            step, share = np.linalg.solve(curvature, slope), 1.0
            while (tried := loss(at - share * step)) > value and share > _SHORTEST:
                share /= 2
            if value - tried < _ENOUGH:
                break
            at, value = at - share * step, tried
        return self._raw(at)

    def _raw(self, at: npt.NDArray[np.float64]) -> Row:
        """Back to inputs as they come, and to logits before the temperature."""
        weights, temperature = at[:-1] / self.scale, self.calibration.temperature
        return Row(weights * temperature, float(at[-1] - weights @ self.mean) * temperature)

    def _standardized(self, row: Row) -> npt.NDArray[np.float64]:
        temperature = self.calibration.temperature
        weights = row.weights / temperature
        intercept = row.intercept / temperature + weights @ self.mean
        return np.append(weights * self.scale, intercept)

    def lost(self, row: Row) -> float:
        """By how much the others' accuracy falls, on validation."""
        known = self.others.painters >= 0
        logits, painters = self.others.logits[known], self.others.painters[known]
        before = calibrated(logits, self.calibration).argmax(axis=1) == painters
        after = names(logits, row(self.others.inputs[known]), self.calibration) == painters
        return float(before.mean() - after.mean()) if known.any() else 0.0

    def recognized(self, new: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which of the new paintings are named rightly by these logits."""
        found: npt.NDArray[np.bool_] = (
            names(self.logits, new, self.calibration) == self.logits.shape[1] - 1
        )
        return found


def _tried(problem: _Problem, weight: float) -> Fit:
    whole = problem.row(weight, np.ones(len(problem.new), bool))
    fold = np.arange(len(problem.new)) % _FOLDS
    left_out = np.empty(len(fold))
    for out in np.unique(fold):
        row = problem.row(weight, fold != out, whole)
        left_out[fold == out] = row(problem.inputs[fold == out])
    return Fit(whole, left_out, weight)


def _together(logits: Floats, calibration: Calibration) -> npt.NDArray[np.float64]:
    """`(n,)`: what the logit of a new artist has against it, the log of the sum of all others."""
    scaled = logits.astype(np.float64) / calibration.temperature
    if calibration.bias:
        scaled[:, :-1] += np.array(calibration.bias)
    largest = scaled.max(axis=1)
    found: npt.NDArray[np.float64] = largest + np.log(np.exp(scaled - largest[:, None]).sum(axis=1))
    return found
