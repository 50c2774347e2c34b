"""The optimizers, L-BFGS and Adam, for losses that cost far more than arithmetic does.

Each `descend` is a generator: it evaluates the loss once, gives the best picture so far, and
waits to be asked for more, so that whoever asks decides when to stop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Protocol

import numpy as np

from core.images.types import Canvas
from core.jobs.checkpoint import Checkpoint
from core.stylize.objective.evaluation import Evaluate, Evaluation

Filter = Callable[[Canvas], Canvas]

LIMITS = np.float32(0), np.float32(255)
"""Least and greatest value of a picture. Without limits it seeks contrast beyond black and
white, which is lost when it is made into pixels, and with it much of what was gained."""

_KEPT_BYTES = 256_000_000  # of moves in a checkpoint: all of them up to half a megapixel


class Optimizer(Protocol):
    """Goes downhill, and may remember between one size of a picture and the next."""

    def descend(self, x: Canvas, evaluate: Evaluate) -> Iterator[tuple[Canvas, Evaluation]]:
        """Starts at x, `(height, width, 3)` float32.

        Yields:
            After each evaluation the best picture so far, within `LIMITS`, and its evaluation.
            It ends by itself only where nothing is left to gain.
        """

    def enlarge(self, resize: Filter) -> None:
        """Brings what is remembered to another size, before the next `descend`."""

    def checkpoint(self) -> Checkpoint:
        """What it takes to go on from what `descend` has yielded last, before it goes on itself."""

    def restore(self, checkpoint: Checkpoint) -> None:
        """Has the next `descend` go on from there: it yields that once more, whatever x it gets."""


@dataclass(frozen=True)
class _Move:
    """What one step has taught about the curvature."""

    move: Canvas
    change: Canvas  # of the gradient
    product: float
    name: str  # which no other has

    @property
    def bytes(self) -> int:
        return self.move.nbytes + self.change.nbytes


@dataclass(frozen=True)
class _Place:
    """Where L-BFGS stands between two evaluations.

    Attributes:
        size: Of the move to try next, by the direction from here; None before the first try.
    """

    x: Canvas
    now: Evaluation
    size: float | None = None


class Lbfgs:
    """Limited-memory BFGS (Liu & Nocedal 1989), projected into the limits, with backtracking."""

    def __init__(self, precondition: Filter, *, memory: int = 20, first_move: float = 4.0) -> None:
        """Remembers nothing yet.

        Args:
            precondition: A symmetric positive filter that stands for the inverse of the
                curvature where nothing is known of it.
            memory: How many moves are remembered.
            first_move: Root mean square of a move of which nothing is known, in gray levels.
        """
        self._precondition, self._first_move = precondition, first_move
        self._moves: deque[_Move] = deque(maxlen=memory)
        self._named = 0
        self._place: _Place | None = None
        self._restored = False

    def descend(self, x: Canvas, evaluate: Evaluate) -> Iterator[tuple[Canvas, Evaluation]]:
        """See `Optimizer`."""
        if self._place is None or not self._restored:
            x = np.asarray(np.clip(x, *LIMITS))
            self._place = _Place(x, evaluate(x))
        self._restored = False
        x, now, tried = self._place.x, self._place.now, self._place.size
        yield x, now
        while True:
            direction = -self._uncurve(_inward(x, now.gradient))
            length = float(np.sqrt(np.mean(np.square(direction)))) + 1e-30
            size = 1.0 if self._moves else self._first_move / length
            if tried is not None:
                size, tried = tried, None
            while True:
                there: Canvas = np.clip(x + np.float32(size) * direction, *LIMITS)
                move = there - x
                slope = _dot(move, now.gradient)
                if not slope < 0:  # what is remembered is spoilt, or this is the bottom
                    break
                then = evaluate(there)
                if then.loss <= now.loss + 1e-4 * slope:
                    break
                # The lowest point of the parabola through both losses and the slope.
                curvature = then.loss - now.loss - slope
                lowest = -slope / (2 * curvature) if np.isfinite(curvature) else 0.0
                size *= float(np.clip(lowest, 0.1, 0.5))
                self._place = _Place(x, now, size)
                yield x, now
            if not slope < 0:
                if not self._moves:
                    return
                self._moves.clear()
                continue
            self._remember(move, then.gradient - now.gradient)
            x, now = there, then
            self._place = _Place(x, now)
            yield x, now

    def checkpoint(self) -> Checkpoint:
        """See `Optimizer`. Of a large picture, only the latest moves are kept."""
        assert self._place is not None, "descend has been called"
        room, moves = _KEPT_BYTES, list[_Move]()
        for known in reversed(self._moves):
            room -= known.bytes
            if room < 0:
                break
            moves.insert(0, known)
        state = {
            **_losses(self._place.now),
            "size": self._place.size,
            "moves": [[known.name, known.product] for known in moves],
            "named": self._named,
        }
        arrays = {"x": self._place.x, "gradient": self._place.now.gradient}
        pieces = {known.name: {"move": known.move, "change": known.change} for known in moves}
        return Checkpoint(state, arrays, pieces)

    def restore(self, checkpoint: Checkpoint) -> None:
        """See `Optimizer`."""
        state, arrays = checkpoint.state, checkpoint.arrays
        self._moves.clear()
        for name, product in state["moves"]:
            self._moves.append(_Move(**checkpoint.pieces[name], product=product, name=name))
        self._named, self._restored = state["named"], True
        self._place = _Place(arrays["x"], _evaluation(state, arrays["gradient"]), state["size"])

    def enlarge(self, resize: Filter) -> None:
        """Keeps the moves of the smaller picture.

        Its pixels stand for several each, which share the gradient among them.
        """
        moves = list(self._moves)
        self._moves.clear()
        for old in moves[-10:]:  # earlier ones say too little of fine strokes to be worth it
            move, change = resize(old.move), resize(old.change)
            self._remember(move, change * np.float32(old.move.size / move.size))

    def _remember(self, move: Canvas, change: Canvas) -> None:
        product = _dot(move, change)
        if product > 1e-8 * np.sqrt(_dot(move, move) * _dot(change, change)):
            self._moves.append(_Move(move, change, product, f"move-{self._named}"))
            self._named += 1

    def _uncurve(self, gradient: Canvas) -> Canvas:
        """The inverse Hessian that the moves imply, times the gradient (Nocedal 1980)."""
        result, shares = gradient.copy(), []
        for known in reversed(self._moves):
            share = _dot(known.move, result) / known.product
            result -= np.float32(share) * known.change
            shares.append(share)
        result = self._precondition(result)
        if self._moves:
            last = self._moves[-1]
            result *= np.float32(last.product / _dot(last.change, self._precondition(last.change)))
        for known, share in zip(self._moves, reversed(shares), strict=True):
            share -= _dot(known.change, result) / known.product
            result += np.float32(share) * known.move
        return result


class Adam:
    """Adam (Kingma & Ba, arXiv 1412.6980), on the preconditioned gradient."""

    def __init__(
        self, precondition: Filter, *, rate: float = 8.0, decay: tuple[float, float] = (0.9, 0.99)
    ) -> None:
        """Sets the pace.

        Args:
            precondition: A filter of the gradient.
            rate: About the length of a move, in gray levels.
            decay: Of the means of gradient and squared gradient.
        """
        self._precondition, self._rate, self._decay = precondition, rate, decay
        self._checkpoint: Callable[[], Checkpoint] | None = None
        self._restored: Checkpoint | None = None

    def descend(self, x: Canvas, evaluate: Evaluate) -> Iterator[tuple[Canvas, Evaluation]]:
        """See `Optimizer`."""
        if (begun := self._restored) is None:
            x = np.clip(x, *LIMITS)
            best = x, evaluate(x)
            now, steps = best[1], 0
            first, second = np.zeros_like(x), np.zeros_like(x)
        else:
            x, first, second = (begun.arrays[name].copy() for name in ("x", "first", "second"))
            now = _evaluation(begun.state["now"], begun.arrays["gradient"])
            of_best = begun.arrays["best"], begun.arrays["best_gradient"]
            best = of_best[0], _evaluation(begun.state["best"], of_best[1])
            steps, self._restored = begun.state["steps"], None
        while True:
            self._checkpoint = partial(_of_adam, x, first, second, best, now, steps)
            yield best
            steps += 1
            gradient = self._precondition(now.gradient)
            first += np.float32(1 - self._decay[0]) * (gradient - first)
            second += np.float32(1 - self._decay[1]) * (np.square(gradient) - second)
            ahead = first / np.float32(1 - self._decay[0] ** steps)
            spread = np.sqrt(second / np.float32(1 - self._decay[1] ** steps))
            x = np.clip(x - np.float32(self._rate) * ahead / (spread + 1e-12), *LIMITS)
            now = evaluate(x)
            if now.loss < best[1].loss:
                best = x, now

    def checkpoint(self) -> Checkpoint:
        """See `Optimizer`."""
        assert self._checkpoint is not None, "descend has been called"
        return self._checkpoint()

    def restore(self, checkpoint: Checkpoint) -> None:
        """See `Optimizer`."""
        self._restored = checkpoint

    def enlarge(self, resize: Filter) -> None:
        """Nothing is kept: its means are found anew within a few steps."""


def _of_adam(
    x: Canvas,
    first: Canvas,
    second: Canvas,
    best: tuple[Canvas, Evaluation],
    now: Evaluation,
    steps: int,
) -> Checkpoint:
    return Checkpoint(
        {"steps": steps, "now": _losses(now), "best": _losses(best[1])},
        {
            "x": x,
            "first": first.copy(),  # which the next step changes
            "second": second.copy(),
            "gradient": now.gradient,
            "best": best[0],
            "best_gradient": best[1].gradient,
        },
    )


def _losses(found: Evaluation) -> dict[str, float]:
    """All of an evaluation but its gradient."""
    names = [each.name for each in fields(found) if each.name != "gradient"]
    return {name: float(getattr(found, name)) for name in names}


def _evaluation(state: Mapping[str, Any], gradient: Canvas) -> Evaluation:
    """What `_losses` was given."""
    names = [each.name for each in fields(Evaluation) if each.name != "gradient"]
    return Evaluation(gradient=gradient, **{name: state[name] for name in names})


def _inward(x: Canvas, gradient: Canvas) -> Canvas:
    """A gradient without what would push x out of its limits."""
    low, high = LIMITS
    stuck = ((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0))
    return np.where(stuck, np.float32(0), gradient)


def _dot(a: Canvas, b: Canvas) -> float:
    return float(np.dot(a.ravel(), b.ravel()))


def make(name: str, precondition: Filter, rate: float | None = None) -> Optimizer:
    """An optimizer that remembers nothing yet: `lbfgs` or `adam`, for which the rate is."""
    if name == "lbfgs":
        return Lbfgs(precondition)
    return Adam(precondition) if rate is None else Adam(precondition, rate=rate)
