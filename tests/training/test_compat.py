"""The private names of what trainings are built on: there, and looked over with this version."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from core.settings import ROOT
from training import keras_tuner_compat, tensorboard_compat


@pytest.mark.parametrize(
    ("package", "module"),
    [("keras-tuner", keras_tuner_compat), ("tensorboard", tensorboard_compat)],
    ids=["keras-tuner", "tensorboard"],
)
def test_the_names_were_looked_over_with_the_installed_version(package, module):
    assert version(package) == module.CHECKED_WITH, (
        f"{package} was changed: look the names in {module.__name__} over, "
        "then write the new version there"
    )


def test_a_search_can_be_run_through_the_names_of_keras_tuner():
    for name in ("run_trial", "on_trial_end", "search", "save"):
        assert callable(getattr(keras_tuner_compat.BaseTuner, name))
    oracle = keras_tuner_compat.RandomSearchOracle(
        objective=keras_tuner_compat.Objective("val_loss", "min"),
        max_trials=1,
        hyperparameters=keras_tuner_compat.HyperParameters(),
    )
    assert oracle.trials == {}
    assert callable(oracle.populate_space)
    trial = keras_tuner_compat.Trial(keras_tuner_compat.HyperParameters(), trial_id="7")
    assert (trial.trial_id, trial.hyperparameters.values) == ("7", {})
    assert trial.status != "COMPLETED"
    assert issubclass(keras_tuner_compat.FailedTrialError, Exception)
    assert issubclass(keras_tuner_compat.FatalError, Exception)


def test_a_record_can_be_written_and_read_through_the_names_of_tensorboard(tmp_path):
    path = tmp_path / "record"
    with path.open("wb") as file:
        event = tensorboard_compat.Event(step=3, wall_time=1.0)
        event.summary.value.add(tag="loss", simple_value=0.5)
        tensorboard_compat.RecordWriter(file).write(event.SerializeToString())
    reader = tensorboard_compat.PyRecordReader_New(str(path))
    reader.GetNext()
    assert tensorboard_compat.Event.FromString(reader.record()) == event
    with pytest.raises(tensorboard_compat.OutOfRangeError):
        reader.GetNext()
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises((tensorboard_compat.DataLossError, tensorboard_compat.OutOfRangeError)):
        tensorboard_compat.PyRecordReader_New(str(path)).GetNext()


@pytest.mark.parametrize("module", [keras_tuner_compat, tensorboard_compat])
def test_no_other_module_imports_the_package(module):
    package = Path(module.__file__).stem.removesuffix("_compat")
    for path in (ROOT / "training").rglob("*.py"):
        if path != Path(module.__file__):
            assert not re.search(rf"(?m)^\s*(from|import) {package}\b", path.read_text()), path
