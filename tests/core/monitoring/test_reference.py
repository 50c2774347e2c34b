"""References: kept whole, and only for the weights that they were measured of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core import models
from core.monitoring import reference

ENTRY = models.get(models.DEFAULT)


def test_what_is_saved_comes_back(drawn, tmp_path):
    saved = replace(drawn(40), painters=np.arange(-1, 39).astype(np.int16))
    reference.save(saved, ENTRY, tmp_path)
    found = reference.load(ENTRY, tmp_path)
    assert found is not None
    np.testing.assert_array_equal(found.painters, saved.painters)
    np.testing.assert_allclose(found.logits, saved.logits, atol=0.01)
    np.testing.assert_allclose(found.sample.confidence, saved.sample.confidence, atol=0.01)
    np.testing.assert_array_equal(found.sample.side, saved.sample.side)
    assert len(found.of_known) == 39


def test_another_version_of_the_weights_reads_it_in_its_own_way(drawn, tmp_path):
    reference.save(drawn(40), ENTRY, tmp_path)
    calibration = ENTRY.calibration.model_copy(update={"temperature": 10.0})
    found = reference.load(ENTRY.model_copy(update={"calibration": calibration}), tmp_path)
    assert found is not None
    assert found.sample.confidence.max() < 0.5


def test_that_of_other_weights_and_a_damaged_one_do_not_count(drawn, tmp_path):
    path = reference.save(drawn(40), ENTRY, tmp_path)
    file = ENTRY.file.model_copy(update={"sha256": "0" * 64})
    assert reference.load(ENTRY.model_copy(update={"file": file}), tmp_path) is None
    path.write_bytes(path.read_bytes()[:500])
    assert reference.load(ENTRY, tmp_path) is None
    path.unlink()
    assert reference.load(ENTRY, tmp_path) is None


def test_the_confusion_counts(drawn):
    found = drawn(50)
    painters = np.where(np.arange(50) % 5 == 0, -1, found.sample.named).astype(np.int16)
    confusion = replace(found, painters=painters).confusion
    assert confusion.sum() == np.trace(confusion) == 40
    confusion = replace(found, painters=np.full(50, 3, np.int16)).confusion
    assert confusion.sum() == confusion[3].sum() == 50


def test_the_default_model_ships_its_reference():
    """Without it the Monitor has nothing to compare with."""
    found = reference.load(models.get(models.DEFAULT))
    assert found is not None
    right = np.trace(found.confusion) / found.confusion.sum()
    test = models.get(models.DEFAULT).figures["test"]["accuracy"]
    assert abs(right - test) < 0.03
