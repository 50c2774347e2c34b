"""Training of the instant network: tiny, exact resume, losses, publication."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from core import images, models
from core.stylize import refine
from core.stylize.objective.terms import STYLE
from training import stylizer
from training.publishing import stylizer as publish_stylizer

TINY = stylizer.Options(
    steps=4, crop=32, batch=2, styles=3, widths=(8, 8, 8, 8), warm_up=2, report_every=2, seed=3
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six pictures of waves, of different lengths and colours."""
    folder = tmp_path_factory.mktemp("pictures")
    rows, columns = np.indices((72, 80))
    for n in range(6):
        wave = np.sin(rows * (0.2 + 0.1 * n)) * np.cos(columns * (0.5 - 0.06 * n))
        colour = np.array([200 - 25 * n, 90, 60 + 30 * n])
        picture = (110 + 70 * wave[..., None] * colour / 128).clip(0, 255).astype(np.uint8)
        (folder / f"{n}.png").write_bytes(images.encode(picture))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def whole(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    run = tmp_path_factory.mktemp("whole")
    return stylizer.train(TINY, pictures[:3], pictures[3:], run)


@pytest.fixture
def untraced() -> Iterator[None]:
    """A single step takes less time than the graph that is made for thousands."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_same_weights(pictures, whole, tmp_path):
    broken = tmp_path / "broken"

    def stop(row: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stylizer.train(TINY, pictures[:3], pictures[3:], broken, on_report=stop)
    assert [row["step"] for row in history(broken)] == ["2"]
    stylizer.train(TINY, pictures[:3], pictures[3:], broken)
    assert [row["step"] for row in history(broken)] == ["2", "4"]
    for row, again in zip(history(whole), history(broken), strict=True):
        for name in row:
            assert float(row[name]) == pytest.approx(float(again[name]), rel=1e-3), name
    with np.load(whole / "state.npz") as one, np.load(broken / "state.npz") as other:
        assert sorted(one) == sorted(other)
        for name in one:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-3, atol=1e-5)
    sheets = sorted(path.name for path in (broken / "samples").iterdir())
    assert sheets == ["000002.jpg", "000004.jpg"]


@pytest.mark.slow
def test_it_learns(pictures, tmp_path):
    options = dataclasses.replace(TINY, steps=30, crop=48, report_every=10, learning_rate=3e-3)
    stylizer.train(options, pictures[:3], pictures[3:], tmp_path)
    found = history(tmp_path)
    assert float(found[-1]["learned"]) < 0.6 * float(found[0]["learned"])


@pytest.mark.slow
def test_a_run_may_begin_with_the_shipped_weights_and_ask_for_what_a_sketch_misses(
    pictures, untraced, tmp_path
):
    whole, asked = [], {"widths": stylizer.Options().widths, "begin": "instant_style"}
    for sketched in (0.0, 1.0):
        options = dataclasses.replace(TINY, steps=1, crop=64, sketched=sketched, **asked)
        run = tmp_path / str(sketched)
        stylizer.train(options, pictures[:3], pictures[3:], run)
        whole.append(float(history(run)[0]["style"]))
    random = dataclasses.replace(TINY, steps=1, crop=64)
    stylizer.train(random, pictures[:3], pictures[3:], tmp_path / "random")
    assert max(whole) < float(history(tmp_path / "random")[0]["style"])
    assert whole[0] != whole[1]


@pytest.mark.slow
def test_a_discriminator_takes_part_and_goes_on_with_the_run(pictures, untraced, tmp_path):
    options = dataclasses.replace(TINY, steps=2, report_every=1, adversarial=0.5)

    def stop(row: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stylizer.train(options, pictures[:3], pictures[3:], tmp_path / "broken", on_report=stop)
    for run in ("broken", "whole"):
        stylizer.train(options, pictures[:3], pictures[3:], tmp_path / run)
    broken, whole = history(tmp_path / "broken"), history(tmp_path / "whole")
    assert [row.keys() for row in broken] == [row.keys() for row in whole]
    for row, again in zip(whole, broken, strict=True):
        for name in ("learned", "fooled", "discriminator"):
            assert float(row[name]) == pytest.approx(float(again[name]), rel=1e-3, abs=1e-5), name
    without = dataclasses.replace(options, adversarial=0.0)
    stylizer.train(without, pictures[:3], pictures[3:], tmp_path / "without")
    first, second = history(tmp_path / "without")
    assert float(first["learned"]) == pytest.approx(float(whole[0]["learned"]), rel=1e-3)
    assert second["learned"] != whole[1]["learned"]
    assert "fooled" not in first


@pytest.mark.slow
def test_a_run_is_published(pictures, whole, tmp_path):
    out = tmp_path / "assets"
    entry = publish_stylizer.publish_stylizer(
        whole, pictures[:3], pictures[3:], version="7", out=out
    )
    figures = entry.figures["held_out"]
    assert figures["pairs"] == 3
    assert figures["style_loss_of_photo"] > 0
    (listed,) = json.loads((out / "models.json").read_text())
    assert models.Entry.model_validate(listed) == entry
    assert models.checked(out / entry.file.name, entry.file.sha256).stat().st_size < 8e6
    assert "Oxford VGG, CC BY 4.0" in (out / "instant_style.md").read_text()
    recorded = json.loads((out / "instant_style" / "options.json").read_text())
    assert recorded["seed"] == 3
    assert entry.graphs is not None
    assert entry.graphs.pictures == 3
    assert models.checked(out / entry.graphs.file.name, entry.graphs.file.sha256).is_file()


def test_the_parts_of_the_loss_are_those_that_refine_minimises():
    loss = stylizer.Loss()
    rng = np.random.default_rng(0)
    maps, photo = (
        {
            n: rng.gamma(1, 5, (2, 4, 4, 3)).astype(np.float32)
            for n in {**loss.style, **loss.content}
        }
        for _ in range(2)
    )
    grams = {n: rng.normal(0, 50, (2, 3, 3)).astype(np.float32) for n in loss.style}
    found = loss.parts(maps, photo, grams)
    style, learned, content = [], [], []
    for n in range(2):
        far = []
        for name in loss.style:
            flat = maps[name][n].reshape(-1, 3)
            gram = flat.T @ flat / len(flat)
            far.append(np.sum((gram - grams[name][n]) ** 2) / np.sum(grams[name][n] ** 2))
        style.append(np.mean(far))
        learned.append(np.mean(np.log1p(far)))
        away = [
            np.sum((maps[name][n] - photo[name][n]) ** 2) / np.sum(photo[name][n] ** 2)
            for name in loss.content
        ]
        content.append(np.mean(away))
    for name, values in (("style", style), ("learned", learned), ("content", content)):
        assert float(found[name]) == pytest.approx(np.mean(values), rel=1e-4), name


def test_styles_keep_their_gram_matrices(pictures):
    loss = stylizer.Loss()
    known = stylizer.describe(pictures, dataclasses.replace(TINY, zoomed=0.0, styles=6), loss)
    order = np.random.default_rng([TINY.seed, 0]).choice(6, 6, replace=False)
    picture = images.load(pictures[order[2]]).pixels
    square = refine.resize(picture, stylizer.STYLE_SIDE, stylizer.STYLE_SIDE).clip(0, 255)
    maps = loss.maps(square[None])
    _, grams = known.draw(np.array([2]))
    for name in loss.style:
        expected = np.asarray(STYLE["grams"].accumulate(maps[name][0]))
        assert np.abs(grams[name][0] - expected).max() < 1e-2 * np.abs(expected).max()
