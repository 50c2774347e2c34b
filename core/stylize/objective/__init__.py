"""The loss of a picture and its gradient: terms, sums of them over layers, whole or in tiles."""

from core.stylize.objective.evaluation import Evaluation, Weights
from core.stylize.objective.forms import Forms
from core.stylize.objective.objective_function import Objective, objective

__all__ = ["Evaluation", "Forms", "Objective", "Weights", "objective"]
