"""The names of KerasTuner that its documentation does not promise, in one place.

`tests/training/test_compat.py` fails when they are gone, and whenever the version is another
than the one that they were last looked over with.
"""

from __future__ import annotations

from keras_tuner import HyperParameters, Objective
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial
from keras_tuner.errors import FailedTrialError, FatalError
from keras_tuner.oracles import RandomSearchOracle

CHECKED_WITH = "1.4.8"

__all__ = [
    "CHECKED_WITH",
    "BaseTuner",
    "FailedTrialError",
    "FatalError",
    "HyperParameters",
    "Objective",
    "RandomSearchOracle",
    "Trial",
]
