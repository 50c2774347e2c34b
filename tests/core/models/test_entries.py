"""The catalogue: what ships is what it records."""

from __future__ import annotations

import hashlib

import h5py
import numpy as np
import pytest

from core import models


@pytest.mark.parametrize("entry", models.catalogue().values(), ids=models.catalogue())
def test_what_ships_is_what_is_recorded(entry: models.Entry):
    path = models.ASSETS / entry.file.name
    assert path.stat().st_size == entry.file.bytes
    assert hashlib.sha256(path.read_bytes()).hexdigest() == entry.file.sha256
    assert entry.licence
    assert entry.source
    assert (models.ASSETS / f"{entry.id}.md").read_text().count(entry.file.sha256) == 1
    with h5py.File(path) as stored:  # the bulk of it in half precision
        sizes: dict[np.dtype, int] = {}
        stored.visititems(
            lambda _, item: (
                sizes.__setitem__(item.dtype, sizes.get(item.dtype, 0) + item.size)
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
    if entry.file.bytes > 1_000_000:
        assert sizes[np.dtype("float16")] > 0.9 * sum(sizes.values())


@pytest.mark.parametrize("entry", models.classifiers(), ids=lambda entry: entry.id)
def test_every_classifier_has_its_figures(entry: models.Entry):
    for split in ("train", "val", "test"):
        assert 0 < entry.figures[split]["macro_accuracy"] <= 1
    assert entry.trained_on
    assert entry.date
    assert entry.known is not None
    assert entry.figures["speed"]["milliseconds"] > 0


def test_the_default_comes_first_and_is_small():
    default = models.classifiers()[0]
    assert default.id == models.DEFAULT
    assert default.total_bytes <= 10_000_000


def test_an_unknown_model_is_named_with_those_there_are():
    with pytest.raises(KeyError, match=r"no-such.*vgg16"):
        models.get("no-such")
