"""The cycle of a model: new paintings checked, trained with, compared, and tried out or refused."""

from operations.cycle.state import CycleError
from operations.cycle.steps import Asked, Outcome, cycle

__all__ = ["Asked", "CycleError", "Outcome", "cycle"]
