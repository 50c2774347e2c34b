"""The deception rate: whom the judges name, counted."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.pictures import deception
from core import artists, examples, images, models


def test_a_painting_is_named_as_identify_names_it():
    from core import identify

    picture = images.load(examples.catalogue()[0].read())
    for judge in deception.JUDGES:
        best = identify.identify(picture, judge, top=1).guesses[0].artist.id
        assert deception.named([picture.pixels] * 3, judge, batch=2) == [best] * 3


def test_rates_count_by_painter_and_leave_out_who_is_unknown(monkeypatch):
    known = models.get(deception.JUDGES[0]).artists[:2]
    stranger = next(each.id for each in artists.catalogue() if each.id not in known)
    for judge in deception.JUDGES:
        entry = models.get(judge)
        monkeypatch.setattr(
            deception.models, "get", lambda _, entry=entry: entry.model_copy(
                update={"artists": tuple(known)}
            )
        )  # fmt: skip
    monkeypatch.setattr(deception, "named", lambda pictures, judge: [known[0]] * len(pictures))
    pictures = [np.zeros((8, 8, 3), np.uint8)] * 5
    found = deception.rates(pictures, [known[0], known[0], known[0], known[1], stranger])
    for judge in deception.JUDGES:
        assert found[judge]["share"] == pytest.approx(3 / 4)
        assert found[judge]["n"] == 4
        assert found[judge]["by_painter"] == {known[0]: 1.0, known[1]: 0.0}
