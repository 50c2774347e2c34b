"""CycleGAN: losses against NumPy, gradients where they belong, exact resume."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from core import images, models, monet
from core.hardware import compute_dtype
from core.models import architectures, loading
from core.models import entries as catalogue
from training import cyclegan, runs
from training.__main__ import app
from training.classifiers import pretrained
from training.cyclegan import SIDES, Options, kernel_distance, loop
from training.cyclegan.session import Session
from training.cyclegan.updates import LinearDecay
from training.publishing import monet as publish_monet

TINY = Options(
    steps=4,
    crop=32,
    filters=4,
    blocks=1,
    judge_filters=4,
    features=False,
    report_every=2,
    pool=2,
)


def picture(seed: int, side: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[list[Path], list[Path]]:
    """Three photos and three paintings on disk."""
    files: dict[str, list[Path]] = {}
    for kind, side in enumerate(SIDES):
        files[side] = []
        for i in range(3):
            path = tmp_path / f"{side}{i}.png"
            path.write_bytes(images.encode(picture(10 * kind + i)))
            files[side].append(path)
    return files["photo"], files["painting"]


@pytest.fixture
def vgg16_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A VGG16 with made-up weights, small enough not to explode; any directory will do for it."""

    def made_up(model_id: str, directory: Path | None) -> keras.Model:
        assert (model_id, directory) == ("vgg16_base", tmp_path)
        rng = np.random.default_rng(0)
        base = architectures.vgg16_base(dtype=compute_dtype())
        for layer in base.layers:
            if layer.name.startswith("block") and layer.weights:
                kernel, bias = layer.get_weights()
                layer.set_weights([rng.normal(0, 0.02, kernel.shape), np.zeros_like(bias)])
        return base

    monkeypatch.setattr(pretrained, "extractor", made_up)
    return tmp_path


@pytest.fixture
def untraced() -> Iterator[None]:
    """A few steps take less time than the graphs that are made for thousands."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def drawn(seed: int, side: int = 32) -> dict[str, np.ndarray]:
    found = {s: picture(seed + i, side)[None].astype(np.float32) for i, s in enumerate(SIDES)}
    return found | {"corner": np.array([3, 5], np.int32)}


def weights_of(networks: list[keras.Model]) -> list[np.ndarray]:
    return [np.array(w) for network in networks for w in network.get_weights()]


def changed(before: list[np.ndarray], after: list[np.ndarray]) -> bool:
    return any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_generator_keeps_the_size_and_starts_as_the_identity():
    model = architectures.monet_generator(filters=4, blocks=2)
    x = picture(1, 48)[None, :, :36].astype(np.float32)
    painted = np.asarray(model(x))
    assert painted.shape == (1, 48, 36, 3)
    np.testing.assert_allclose(painted, x / 127.5 - 1, atol=1e-5)
    assert np.abs(np.asarray(model(x, training=True)) - painted).max() == 0


def test_a_shipped_generator_is_small():
    count = architectures.monet_generator().count_params()
    assert 2 * count < 12e6  # bytes in float16


def test_the_patch_discriminator_gives_a_logit_for_each_receptive_field():
    discriminator = cyclegan.patch_discriminator(4)
    assert discriminator(np.zeros((2, 64, 96, 3), np.float32)).shape == (2, 8, 12, 1)
    # Its patches are 70 pixels wide: a change further away does not reach a logit. Instance
    # normalisation sees everything, so the reach is that of the convolutions alone.
    reach, stride = 1, 1
    for layer in reversed([x for x in discriminator.layers if isinstance(x, keras.layers.Conv2D)]):
        reach = (reach - 1) * layer.strides[0] + layer.kernel_size[0]
        stride *= layer.strides[0]
    assert (reach, stride) == (70, 8)


def test_the_adversarial_loss_is_that_of_the_paper():
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(2, 5, 5, 1)), rng.normal(size=(2, 3, 3, 1))]
    expected = 0.75 * np.mean((maps[0] - 1) ** 2) + 0.25 * np.mean((maps[1] - 1) ** 2)
    found = cyclegan.least_squares([keras.ops.convert_to_tensor(m) for m in maps], 1.0, [3, 1])
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_the_losses_are_those_of_the_paper_in_numpy():
    options = dataclasses.replace(TINY, cycle=7.0, identity=3.0)
    keras.utils.set_random_seed(1)  # bfloat16 is more exact with some weights than others
    session = Session(options, None)
    _disturb(session)
    x = drawn(5)

    def paint(side: str, rgb: np.ndarray) -> np.ndarray:
        return np.asarray(session.generators[side](rgb))

    def opinion(side: str, view: np.ndarray) -> np.ndarray:
        return np.asarray(session.discriminators[side].patches(view))

    def rgb(view: np.ndarray) -> np.ndarray:
        return (view + 1) * 127.5

    real = {side: x[side] / 127.5 - 1 for side in SIDES}
    fake = {"painting": paint("painting", x["photo"]), "photo": paint("photo", x["painting"])}
    expected = 0.0
    for side, other in (("photo", "painting"), ("painting", "photo")):
        expected += np.mean((opinion(side, fake[side]) - 1) ** 2)
        expected += 7.0 * np.mean(np.abs(paint(side, rgb(fake[other])) - real[side]))
        expected += 3.0 * np.mean(np.abs(paint(side, x[side]) - real[side]))
    found = session.generation.compute_loss(x=x, y_pred=session.generation(x))
    assert float(found) == pytest.approx(expected, rel=2e-2)  # parts run in bfloat16

    judged = {f"real_{side}": real[side] for side in SIDES}
    judged |= {f"fake_{side}": fake[side] for side in SIDES} | {"corner": x["corner"]}
    expected = sum(
        (np.mean((opinion(side, real[side]) - 1) ** 2) + np.mean(opinion(side, fake[side]) ** 2))
        / 2
        for side in SIDES
    )
    found = session.discrimination.compute_loss(x=judged, y_pred=session.discrimination(judged))
    assert float(found) == pytest.approx(expected, rel=2e-2)


def test_each_step_changes_its_own_networks_and_no_other(vgg16_weights: Path, untraced):
    session = Session(dataclasses.replace(TINY, features=True, window=16), vgg16_weights)
    generators = list(session.generators.values())
    discriminators = [part for each in session.discriminators.values() for part in each.learned]
    extractor = [session.discriminators["photo"].extractor]
    groups = (generators, discriminators, extractor)
    before = [weights_of(group) for group in groups]
    session.generation.train_on_batch(drawn(1))
    after = [weights_of(group) for group in groups]
    assert [changed(b, a) for b, a in zip(before, after, strict=True)] == [True, False, False]

    views = {
        f"{kind}_{side}": drawn(2)[side] / 127.5 - 1 for kind in ("real", "fake") for side in SIDES
    }
    views["corner"] = np.array([0, 16], np.int32)
    before = after
    session.discrimination.train_on_batch(views)
    after = [weights_of(group) for group in groups]
    assert [changed(b, a) for b, a in zip(before, after, strict=True)] == [False, True, False]
    # Every part of both discriminators learns, those on features too.
    for part in discriminators:
        assert part.trainable_variables


def test_the_pool_gives_old_pictures_back_in_about_half_of_the_cases():
    pool, rng = cyclegan.Pool(5, (1,)), np.random.default_rng(0)
    for i in range(5):
        assert pool.swap(np.array([[i]], np.float32), rng) == [[i]]
    old = sum(
        pool.swap(np.array([[100.0 + i]], np.float32), rng)[0, 0] != 100 + i for i in range(200)
    )
    assert 70 < old < 130
    none = cyclegan.Pool(0, (1,))
    assert none.swap(np.array([[3.0]], np.float32), rng) == [[3]]


def test_the_rate_is_kept_and_then_falls_to_zero():
    rate = LinearDecay(2e-4, 10, 20)
    assert [round(float(rate(s)) / 2e-4, 3) for s in (0, 9, 10, 15, 20, 25)] == [1, 1, 1, 0.5, 0, 0]


@pytest.mark.slow
def test_training_resumes_to_the_same_losses(folders, untraced, tmp_path: Path, monkeypatch):
    photos, paintings = folders
    whole: list[dict] = []
    cyclegan.train(TINY, photos, paintings, None, tmp_path / "whole", on_report=whole.append)

    class Killed(Exception):
        pass

    class Deadly(Session):
        def run_step(self, pictures):
            if self.step == 3:
                raise Killed
            super().run_step(pictures)

    parts: list[dict] = []
    with monkeypatch.context() as patch:
        patch.setattr(loop, "Session", Deadly)
        with pytest.raises(Killed):
            cyclegan.train(TINY, photos, paintings, None, tmp_path / "run", on_report=parts.append)
    cyclegan.train(TINY, photos, paintings, None, tmp_path / "run", on_report=parts.append)
    assert [row["step"] for row in parts] == [row["step"] for row in whole] == [2, 4]
    for a, b in zip(whole, parts, strict=True):
        for name in a.keys() - {"seconds"}:
            assert a[name] == pytest.approx(b[name], rel=1e-5), name
    for side in SIDES:
        one, other = (
            np.load(tmp_path / run / "state.npz")[f"average_{side}/0"] for run in ("whole", "run")
        )
        np.testing.assert_allclose(one, other, atol=1e-7)
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 3
    assert list((tmp_path / "run" / "curves").iterdir())
    sheet = images.load(tmp_path / "run" / "samples" / "000004.jpg").pixels
    assert sheet.shape[1] == 3 * 40
    with pytest.raises(ValueError, match="other options"):
        cyclegan.train(
            dataclasses.replace(TINY, crop=16), photos, paintings, None, tmp_path / "run"
        )


def test_the_averaged_generators_can_be_loaded(folders, untraced, tmp_path: Path):
    run = cyclegan.train(TINY, *folders, None, tmp_path / "run")
    model = architectures.monet_generator(filters=4, blocks=1)
    model.load_weights(run / "painting.weights.h5")
    with np.load(run / "state.npz") as state:
        np.testing.assert_array_equal(model.get_weights()[0], state["average_painting/0"])


def _disturb(session: Session) -> None:
    """Away from the identity, where several losses are zero."""
    rng = np.random.default_rng(3)
    for network in session.generators.values():
        network.set_weights([w + rng.normal(0, 0.05, w.shape) for w in network.get_weights()])


def colours(pictures: list[np.ndarray], weights: Path) -> np.ndarray:
    """In place of a network's features: the mean colours of columns."""
    return np.stack([(picture.mean(axis=0) / 64)[:200].reshape(-1) for picture in pictures])


def test_without_a_directory_discriminators_see_through_the_vgg16_that_ships():
    made = Session(dataclasses.replace(TINY, features=True, window=16), None)
    shipped = models.load_keras("vgg16_base").body
    for discriminator in made.discriminators.values():
        for name in ("block1_conv1", "block4_conv2"):
            np.testing.assert_array_equal(
                discriminator.extractor.get_layer(name).get_weights()[0],
                shipped.get_layer(name).get_weights()[0],
            )
        assert not discriminator.extractor.trainable_variables
    assert shipped.trainable_variables  # a copy of its own was frozen


@pytest.mark.slow
def test_a_run_is_trained_measured_and_published(tmp_path: Path, vgg16_weights, monkeypatch):
    """With a rate of zero the generators stay the identity, which closes no distance."""
    monkeypatch.setattr(kernel_distance, "features", colours)
    for side in SIDES:
        (tmp_path / side).mkdir()
        for i in range(12 if side == "photo" else 6):  # of photos only those held out are measured
            pixels = picture(50 + i, 230) // (1 if side == "photo" else 2)
            (tmp_path / side / f"{i}.png").write_bytes(images.encode(pixels))
    given = ["--photos", str(tmp_path / "photo"), "--paintings", str(tmp_path / "painting")]
    # Narrower ones would be smaller than what a graph holds besides their weights.
    changes = dataclasses.asdict(TINY) | {"filters": 8, "learning_rate": 0.0, "steps": 2}
    options = [part for k, v in changes.items() for part in ("--set", f"{k}={json.dumps(v)}")]
    run = tmp_path / "run"
    done = CliRunner().invoke(app, ["cyclegan", *given, "--run", str(run), *options])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[-1])["step"] == 2
    held = runs.held_out(sorted((tmp_path / "photo").iterdir()))[1]
    assert 0 < len(held) < 6
    weights = ["--weights", str(vgg16_weights)]
    done = CliRunner().invoke(app, ["evaluate", "monet", "--run", str(run), *given, *weights])
    assert done.exit_code == 0, done.output
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert evaluation == json.loads(done.stdout)
    figures = evaluation["painting"]
    assert figures["pictures"] == len(held)
    assert figures["distance_closed"] == pytest.approx(0, abs=0.01)
    assert figures["distance_before"] == pytest.approx(figures["distance_after"], rel=0.01)
    assert figures["cycle_l1"] < 0.004
    assert figures["change_l1"] < 0.004
    assert figures["content_kept"] == pytest.approx(1, abs=0.001)

    # Published, the same generators give the same figures from the exported files.
    shipped = tmp_path / "models"
    monkeypatch.setattr(catalogue, "ASSETS", shipped)
    monkeypatch.setattr(loading, "_loaded", {})
    models.catalogue.cache_clear()
    try:
        entries = publish_monet.publish_monet(
            run,
            held,
            sorted((tmp_path / "painting").iterdir()),
            vgg16_weights,
            version="7",
            out=shipped,
        )
        assert {e.id for e in entries} == set(models.catalogue()) == set(monet.MODELS.values())
        published = dict(entries[0].figures["held_out"])
        assert published.pop("runtime").startswith("LiteRT")
        assert figures.pop("runtime").startswith("TensorFlow")
        assert published == figures
        assert set(entries[0].graphs.difference) == {"whole", "moments", "tile"}
        assert (shipped / entries[0].graphs.file.name).stat().st_size < 100_000
        assert models.catalogue()[entries[0].id] == entries[0]
        assert "distance_closed" in (shipped / f"{entries[0].id}.md").read_text()
        assert (shipped / entries[0].id / "history.csv").read_bytes() == (
            run / "history.csv"
        ).read_bytes()
    finally:
        models.catalogue.cache_clear()
