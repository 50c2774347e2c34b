"""Blind sheets: sides, pages, answers and what is made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta

from benchmarks.pictures import judging, sheets
from benchmarks.pictures.pairs import PairsError

KEY = {"ways": ["new", "old"], "left": {"1": "new", "2": "old", "3": "old"}}


def answers(tmp_path: Path, text: str) -> list[dict[str, str]]:
    path = tmp_path / "answers.csv"
    path.write_text(text, encoding="utf-8")
    return judging.read(path)


def test_sides_are_halves_in_an_order_of_the_seed():
    some = sheets.sides(30, seed=1)
    assert sum(some) == 15
    assert some == sheets.sides(30, seed=1)
    assert some != sheets.sides(30, seed=2)


def test_answers_are_read_with_the_key(tmp_path):
    rows = answers(tmp_path, "pair, hang, painter\n1,left,right\n2,Right,\n3,left,tie\n")
    found = judging.score(KEY, rows)
    assert (found["hang"]["won"], found["hang"]["lost"]) == (2, 1)
    assert (found["painter"]["won"], found["painter"]["lost"]) == (0, 1)
    assert found["painter"]["undecided"] == 2
    assert found["hang"]["share"] == pytest.approx(2 / 3, abs=1e-4)


def test_the_interval_is_that_of_clopper_and_pearson(tmp_path):
    rows = [{"pair": "1", "hang": "left", "painter": ""}] * 20
    rows += [{"pair": "1", "hang": "right", "painter": ""}] * 10
    found = judging.score(KEY, rows)["hang"]
    assert found["low"] == pytest.approx(beta.ppf(0.025, 20, 11), abs=1e-4)
    assert found["high"] == pytest.approx(beta.ppf(0.975, 21, 10), abs=1e-4)
    assert "share" not in judging.score(KEY, rows)["painter"]


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(PairsError, match="no pair '9'"):
        judging.score(KEY, [{"pair": "9", "hang": "left", "painter": "left"}])
    with pytest.raises(PairsError, match="no column painter"):
        answers(tmp_path, "pair,hang\n1,left\n")


def test_a_page_shows_each_painting_on_its_side():
    red, blue, gray = (
        np.full((256, 380, 3), color, np.uint8)
        for color in ([200, 0, 0], [0, 0, 200], [128, 128, 128])
    )
    row = sheets.Row("pair 1", gray, gray, left=red, right=blue)
    page = sheets.blind([row, row])
    found = [np.argwhere((page == color).all(axis=2)) for color in ([200, 0, 0], [0, 0, 200])]
    assert found[0][:, 1].max() < found[1][:, 1].min()
    assert page.shape[0] < 800


def test_a_contact_sheet_has_a_tile_for_each_picture():
    green = np.full((40, 60, 3), [0, 150, 0], np.uint8)
    page = sheets.contact([[green, green], [green]], tile=(60, 40))
    assert page.shape == (2 * 44 + 4, 2 * 64 + 4, 3)
    assert (page == [0, 150, 0]).all(axis=2).sum() == 3 * 40 * 60
