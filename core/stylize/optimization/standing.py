"""The standing of a painting after a step: all it takes to go on from there, in any process."""

from __future__ import annotations

from dataclasses import dataclass

from core.images.types import Canvas
from core.jobs.checkpoint import Checkpoint
from core.stylize.optimization.optimizers import Optimizer


@dataclass(frozen=True)
class Standing:
    """Where a painting stands after a step, and before the next one is drawn.

    Attributes:
        scale: The number of the present scale in the schedule.
        taken: Steps of this scale before this one.
        step: Steps in all before this one.
        done: Share of the work before it, 0..1.
        seconds: Since the start.
        begun: The canvas with which this scale began, float32.
    """

    scale: int
    taken: int
    step: int
    done: float
    seconds: float
    begun: Canvas

    def checkpoint(self, optimizer: Optimizer) -> Checkpoint:
        """This, and what the optimizer remembers."""
        inner = optimizer.checkpoint()
        return Checkpoint(
            {
                "scale": self.scale,
                "taken": self.taken,
                "step": self.step,
                "done": self.done,
                "seconds": self.seconds,
                "optimizer": inner.state,
            },
            inner.arrays,
            # The optimizer of the next scale may be another one, with names of its own.
            {f"{self.scale}/{name}": arrays for name, arrays in inner.pieces.items()}
            | {f"{self.scale}/begun": {"canvas": self.begun}},
        )

    @classmethod
    def of(cls, found: Checkpoint) -> tuple[Standing, Checkpoint]:
        """What `checkpoint` was made of: the standing, and the checkpoint of the optimizer."""
        prefix = f"{found.state['scale']}/"
        pieces = {name.removeprefix(prefix): each for name, each in found.pieces.items()}
        own = ("scale", "taken", "step", "done", "seconds")
        standing = cls(
            **{name: found.state[name] for name in own}, begun=pieces.pop("begun")["canvas"]
        )
        return standing, Checkpoint(found.state["optimizer"], found.arrays, pieces)
