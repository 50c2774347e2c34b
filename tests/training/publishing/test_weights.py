"""Publishing what needs no training: the convolutions that all share."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from core import models
from core.models import entries
from training.publishing import catalogue, weights


def test_the_base_is_stored_again_from_the_one_that_ships(tmp_path: Path):
    before = models.get("vgg16_base")
    entry = weights.publish_vgg16_base(None, out=tmp_path)
    path = tmp_path / entry.file.name
    assert entry.file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    changed = {"file": before.file, "date": before.date}
    assert entry.model_copy(update=changed) == before
    again = models.build(entry, path, dtype="float32").body
    shipped = models.build(before, models.resolve(before), dtype="float32").body
    for one, other in zip(again.get_weights(), shipped.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert entry.file.sha256 in (tmp_path / "vgg16_base.md").read_text()


def test_weights_of_a_directory_that_are_not_the_published_ones_are_refused(tmp_path: Path):
    file = models.get("vgg16_base").keras_file
    assert file is not None
    (tmp_path / file.name).write_bytes(b"damaged")
    with pytest.raises(models.WeightsError, match="damaged or not the published one"):
        weights.publish_vgg16_base(tmp_path, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_catalogue_that_ships_is_the_one_written_to_by_default(tmp_path: Path, monkeypatch):
    entry = models.get("vgg16_base")
    monkeypatch.setattr(entries, "ASSETS", tmp_path)
    catalogue.update(entry)
    (listed,) = json.loads((tmp_path / "models.json").read_text())
    assert models.Entry.model_validate(listed) == entry
    assert list(models.catalogue()) == ["vgg16_base"]
    monkeypatch.undo()
    models.catalogue.cache_clear()
