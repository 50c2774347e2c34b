"""Photo to Monet and back: sizes, strengths, the cycle, and what the shipped generators do."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core import examples, images, models, monet
from core.monet import DIRECTIONS, MODELS
from core.monet.tiled import Stopped

MEADOW = images.load(examples.photos()[1].read()).pixels


def small(side: int = 96) -> np.ndarray:
    return images.preview(MEADOW, side)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_picture_comes_back_changed_at_its_own_size(direction: monet.Direction):
    given = small(150)
    result = monet.paint(given, direction)
    assert result.after.shape == result.before.shape == given.shape
    assert (result.before == given).all()
    change = np.abs(result.after.astype(float) - given).mean()
    assert 2 < change < 60  # neither the same nor another picture
    assert result.seconds > 0


def test_a_large_photo_is_painted_on_a_canvas_and_keeps_its_size():
    result = monet.paint(MEADOW, brush="broad")
    assert MEADOW.shape == (799, 1200, 3)
    assert result.after.shape == MEADOW.shape
    # Forms stay: at a tenth of the size the pictures are alike.
    a, b = (images.preview(p, 120).astype(float).mean(axis=2) for p in (MEADOW, result.after))
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.9


def test_more_than_2048_pixels_are_reduced():
    result = monet.paint(np.kron(small(700), np.ones((1, 4, 1), np.uint8)))
    assert max(result.before.shape) == max(result.after.shape) == 2048


def test_a_broader_brush_leaves_fewer_details_of_the_photo():
    """Of what is finer than the canvas, only part is kept."""
    fine, broad = (monet.paint(MEADOW, brush=brush).after for brush in ("fine", "broad"))
    assert np.abs(fine.astype(float) - broad).mean() > 1


def test_blending_goes_from_one_picture_to_the_other():
    a, b = np.zeros((2, 3, 3), np.uint8), np.full((2, 3, 3), 200, np.uint8)
    assert (monet.blend(a, b, 0) == a).all()
    assert (monet.blend(a, b, 1) == b).all()
    assert (monet.blend(a, b, 0.25) == 50).all()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_cycle_comes_back_near_its_start(direction: monet.Direction):
    found = monet.cycle(small(128), direction)
    assert found.start.shape == found.there.shape == found.back.shape
    expected = np.abs(found.back.astype(float) - found.start).mean() / 255
    assert found.error == pytest.approx(expected, abs=1e-6)
    assert found.error < 0.12
    # It is the two directions one after the other.
    other = next(way for way in DIRECTIONS if way != direction)
    assert (monet.paint(small(128), direction).after == found.there).all()
    assert (monet.paint(found.there, other).after == found.back).all()


def test_it_can_be_stopped():
    with pytest.raises(Stopped):
        monet.paint(small(), stopping=lambda: True)


def test_ten_at_once_get_their_own_pictures():
    given = [small(48 + 4 * i) for i in range(10)]
    alone = [monet.paint(picture).after for picture in given]
    with ThreadPoolExecutor(10) as pool:
        for expected, found in zip(alone, pool.map(monet.paint, given), strict=True):
            assert (found.after == expected).all()


def test_the_shipped_generators_are_small_and_have_their_papers():
    for direction in DIRECTIONS:
        entry = models.get(MODELS[direction])
        assert entry.task == "paint"
        assert entry.file.bytes < 12e6
        assert (models.ASSETS / f"{entry.id}.md").exists()
        directory = models.ASSETS / entry.id
        evaluation = json.loads((directory / "evaluation.json").read_text())
        assert entry.figures["held_out"] == evaluation
        card = (models.ASSETS / f"{entry.id}.md").read_text()
        for name, value in evaluation.items():
            assert f"| {name} | {value} |" in card
        steps = (directory / "history.csv").read_text().splitlines()[-1].split(",")[0]
        assert int(steps) <= json.loads((directory / "options.json").read_text())["steps"]


def test_damaged_generators_are_refused(tmp_path, monkeypatch):
    from core.settings import settings

    name = models.get("photo_to_monet").file.name
    (tmp_path / name).write_bytes((models.ASSETS / name).read_bytes()[:-1] + b"x")
    monkeypatch.setenv("ATELIER_WEIGHTS", str(tmp_path))
    settings.cache_clear()
    with pytest.raises(models.WeightsError, match="damaged"):
        models.resolve(models.get("photo_to_monet"))


def test_by_default_the_brush_follows_the_size_of_the_picture():
    """A small one is painted as it is, a large one on a small canvas."""
    sides = {side: monet.canvas_side("auto", MEADOW[:side]) for side in (96, 352, 353, 799)}
    assert sides == {96: 352, 352: 352, 353: 224, 799: 224}
    assert monet.canvas_side("fine", MEADOW) == 640
    given = MEADOW[300:556, 400:656]
    by_default = monet.paint(given).after
    assert (by_default == monet.paint(given, brush="fine").after).all()
    assert (by_default != monet.paint(given, brush="broad").after).any()
