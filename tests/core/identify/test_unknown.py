"""What tells painters that a model knows from others."""

from __future__ import annotations

import numpy as np

from core import examples, identify, images, models
from core.models import entries


def test_known_features_are_other_odds_largest_and_energy():
    features = identify.known_features(np.array([[1.0, 3.0, 2.0]]))
    energy = np.log(np.exp(1.0) + np.exp(3.0))
    np.testing.assert_allclose(features, [[2.0 - energy, 3.0, energy]])


def test_known_features_survive_extreme_logits():
    assert np.isfinite(identify.known_features(np.array([[1e4, -1e4, 1e4]]))).all()


def test_a_model_without_a_known_score_says_that_it_cannot_tell(monkeypatch):
    unsure = models.get(models.DEFAULT).model_copy(update={"known": None})
    catalogue = models.catalogue() | {models.DEFAULT: unsure}
    monkeypatch.setattr(entries, "catalogue", lambda: catalogue)
    picture = images.load(examples.catalogue()[0].read(), enough=identify.ENOUGH)
    result = identify.identify(picture)
    assert (result.known, result.known_score) == (None, None)
    assert result.guesses[0].artist.id == "vincent-van-gogh"
