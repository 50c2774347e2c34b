"""The parts that trainings share: options, history, checkpoint, files and loop of a run."""

from training.runs.checkpoint import ArrayCheckpoint, ModelCheckpoint, State
from training.runs.files import crop, held_out, load_weights, pictures, save_weights, write_sheet
from training.runs.history import History, Row, check_finite
from training.runs.options import check_run, is_started, read_options, settle_options
from training.runs.steps import train_steps

__all__ = [
    "ArrayCheckpoint",
    "History",
    "ModelCheckpoint",
    "Row",
    "State",
    "check_finite",
    "check_run",
    "crop",
    "held_out",
    "is_started",
    "load_weights",
    "pictures",
    "read_options",
    "save_weights",
    "settle_options",
    "train_steps",
    "write_sheet",
]
