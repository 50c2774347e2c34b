"""Tests for `training.classifiers.kinds`."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from core import images, models
from core.identify import kinds as telling
from training.classifiers import kinds
from training.classifiers.kinds import PHOTOGRAPH, Looked
from training.data.inputs import TrainingError

ENTRY = models.get(models.DEFAULT)


def looked(seed: int, count: int = 60) -> Looked:
    """Pictures in pairs, of which photographs lie elsewhere in one of the projections."""
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.tile([0, 1, 2], count // 3), 2)
    projections = rng.normal(size=(len(kind), 64))
    projections[:, 5] += 6 * (kind == PHOTOGRAPH)
    return Looked(rng.normal(size=(len(kind), ENTRY.outputs)), projections, kind)


def test_what_sets_photographs_apart_is_learned_and_measured():
    head = kinds.fit(looked(0), ENTRY)
    entry = ENTRY.model_copy(update={"photograph": head})
    found = kinds.figures(looked(1), entry)
    assert found["photograph_auroc"] > 0.97
    assert found["photograph_recognized"] > 0.5
    assert (found["known"], found["unknown"], found["photographs"]) == (40, 40, 40)
    chance = kinds.figures(
        looked(1),
        ENTRY.model_copy(
            update={"photograph": models.Photograph(weights=(0.0,) * 115, intercept=0.0)}
        ),
    )
    assert chance["photograph_auroc"] == pytest.approx(0.5)


def test_it_takes_all_three_kinds():
    seen = looked(0)
    some = seen.kind != 1
    with pytest.raises(TrainingError, match="unknown painters"):
        kinds.fit(Looked(seen.logits[some], seen.projections[some], seen.kind[some]), ENTRY)


def test_photos_are_halved_by_content_without_those_that_were_trained_with(tmp_path, make_picture):
    paths = []
    for seed in range(24):
        paths.append(tmp_path / f"{seed}.png")
        paths[-1].write_bytes(images.encode(make_picture(32, 32, seed), "PNG"))
    first, second = kinds.halves(paths, np.empty(0, np.uint64))
    assert sorted(first + second) == sorted(paths)
    assert min(len(first), len(second)) >= 4
    (copy := tmp_path / "copy.png").write_bytes(first[0].read_bytes())
    assert kinds.halves([copy], np.empty(0, np.uint64)) == ([copy], [])
    trained = int.from_bytes(hashlib.sha256(first[0].read_bytes()).digest()[:8], "big")
    assert first[0] not in kinds.halves(paths, np.array([trained], np.uint64))[0]


def test_pictures_of_any_file_come_out_alike(make_picture):
    small = kinds.alike(make_picture(300, 200), 0)
    assert small.shape[0] == small.shape[1]
    assert 150 <= len(small) <= 210
    np.testing.assert_array_equal(small, kinds.alike(make_picture(300, 200), 0))
    assert telling.KINDS[PHOTOGRAPH] == "photograph"
