"""The parts that trainings share: options, history, files and pictures of a run."""

from training.runs.files import (
    append_history,
    check_finite,
    check_options,
    crop,
    held_out,
    load_weights,
    pictures,
)

__all__ = [
    "append_history",
    "check_finite",
    "check_options",
    "crop",
    "held_out",
    "load_weights",
    "pictures",
]
