"""Training: exact resume, honest splits, a tiny run that really learns and is published."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from core import artists, identify, images, models
from core.errors import AtelierError
from core.models import entries, evaluations, loading, registry, versions
from core.recipes import RECIPES, Phase, Recipe, from_options, with_options
from core.recipes.augmentation import Augmentation, mix, random_view
from core.settings import settings
from training import classifiers
from training.__main__ import app
from training.classifiers import loop, pretrained, teacher
from training.classifiers.batches import Batches
from training.data import dataset
from training.data.dataset import Painting
from training.data.inputs import TrainingError
from training.publishing import classifier
from training.runs.curves import read

NAMES = ("Claude Monet", "Rembrandt", "Titian")


@pytest.fixture
def paintings(tmp_path: Path) -> Path:
    """Three 'artists' that differ in colour and texture, and others; an index.csv."""
    return painted(tmp_path / "paintings")


def painted(root: Path) -> Path:
    """Writes the same paintings each time."""
    rng = np.random.default_rng(0)
    rows = []
    for a, name in enumerate((*NAMES, "_other")):
        folder = root / name.replace(" ", "_")
        folder.mkdir(parents=True)
        for n in range(16):
            pixels = rng.integers(0, 90, (64, 64, 3))
            pixels[..., a % 3] += 150 if a < 3 else 0
            if a % 2:
                pixels[::8] = 255
            split = "test" if n < 4 else "val" if n < 8 and a < 3 else "train"
            (folder / f"{n}.png").write_bytes(images.encode(pixels.astype(np.uint8)))
            artist = name if a < 3 else f"_other:Painter {n}"
            rows.append({"file": f"{folder.name}/{n}.png", "artist": artist, "split": split})
    with (root / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return root


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """A recipe of seconds: a small network without ImageNet weights."""
    return shrunk(monkeypatch)


def shrunk(patch: pytest.MonkeyPatch) -> Recipe:
    """Puts a small network in the place of EfficientNet-Lite0, and gives its recipe."""

    def small(
        outputs: int, *, normalisation=None, dtype: str = "float32", **_: float
    ) -> keras.Model:
        inputs = keras.Input((None, None, 3), name="rgb")
        x = keras.layers.Rescaling(1 / 128, offset=-1, name="normalise")(inputs)
        bias = normalisation is None
        x = keras.layers.Conv2D(8, 5, strides=4, use_bias=bias, dtype=dtype, name="stem_conv")(x)
        x = x if normalisation is None else normalisation("stem_bn")(x)
        x = keras.layers.ReLU(name="features")(x)
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        x = keras.layers.Dropout(0.1, name="dropout")(x)
        return keras.Model(inputs, keras.layers.Dense(outputs, name="logits")(x))

    builders = registry.builders("identify")
    changed = dataclasses.replace(builders["efficientnet_lite0"], build=small)
    patch.setitem(builders._rows, "efficientnet_lite0", changed)
    patch.setattr(pretrained, "load", lambda network, model, directory: None)
    return Recipe(
        network="efficientnet_lite0",
        epochs=4,
        batch_size=8,
        sizes=((0.0, 48), (0.5, 64)),
        learning_rate=0.01,
        average=0.9,
        augmentation=Augmentation(min_area=0.5, colour=0.1, jpeg=0.3, mixup=0.3, cutmix=0.3),
    )


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one epoch, `first` and `second`, and `assets` that they are published in."""
    place = tmp_path_factory.mktemp("once")
    with pytest.MonkeyPatch.context() as patch:
        recipe, data = dataclasses.replace(shrunk(patch), epochs=1), painted(place / "paintings")
        for name in ("first", "second"):
            classifiers.train(recipe, data, place, place / name)
            classifier.publish_classifier(
                place / name, data, version="1", name=name, title=name, out=place / "assets"
            )
    return place


@pytest.fixture
def a_run(trained_once: Path, tiny: Recipe, tmp_path: Path) -> Path:
    """A finished run of one epoch."""
    return Path(shutil.copytree(trained_once / "first", tmp_path / "run"))


def same_history(run: Path, other: Path) -> None:
    for row, again in zip(history(run), history(other), strict=True):
        for name in row:
            assert float(row[name]) == pytest.approx(float(again[name]), abs=1e-4), name


def history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_same_losses(paintings, tiny, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    classifiers.train(tiny, paintings, tmp_path, whole)

    def stop(row: dict[str, float]) -> None:
        if row["epoch"] == 2:
            raise KeyboardInterrupt  # after the history is written, before the state is

    with pytest.raises(KeyboardInterrupt):
        classifiers.train(tiny, paintings, tmp_path, broken, on_epoch=stop)
    classifiers.train(tiny, paintings, tmp_path, broken)
    assert [int(row["epoch"]) for row in history(broken)] == [1, 2, 3, 4]
    same_history(whole, broken)


@pytest.mark.slow
def test_a_tiny_run_learns_and_is_published(paintings, tiny, tmp_path):
    run, out = tmp_path / "run", tmp_path / "assets"
    recipe = dataclasses.replace(tiny, epochs=10)
    classifiers.train(recipe, paintings, tmp_path, run)
    search = tmp_path / "search"
    search.mkdir()
    (search / "results.csv").write_text("trial,units,learning_rate,val_macro\n0,64,0.001,0.5\n")
    entry = classifier.publish_classifier(run, paintings, version="9", search=search, out=out)

    assert evaluations.table(entry, "search", out)["units"].tolist() == [64]
    assert entry.artists == ("claude-monet", "rembrandt", "titian")
    test = entry.figures["test"]
    assert test["paintings"] == 12
    assert test["others"] == 4
    assert test["macro_accuracy"] > 0.6  # chance: 0.33
    assert entry.figures["val"]["paintings"] == 12
    (listed,) = json.loads((out / "models.json").read_text())
    assert models.Entry.model_validate(listed) == entry
    for name in ("per_artist.csv", "confusion.csv", "reliability.csv", "history.csv"):
        assert (out / "efficientnet_lite0" / name).read_text().count("\n") >= 2
    confusion = np.loadtxt(
        out / "efficientnet_lite0" / "confusion.csv", delimiter=",", skiprows=1, usecols=(1, 2, 3)
    )
    assert confusion.sum() == 12
    assert np.trace(confusion) / 12 == pytest.approx(test["accuracy"], abs=1e-3)
    measured = evaluations.read(entry, out)
    assert measured is not None
    assert {split: one.figures for split, one in measured.splits.items()} == entry.figures
    listed_paintings = evaluations.table(entry, "paintings", out)
    assert listed_paintings is not None
    by_known = listed_paintings[listed_paintings.artist.notna()]
    assert (by_known.artist == by_known.named).mean() == pytest.approx(test["accuracy"], abs=1e-3)
    card = (out / "efficientnet_lite0.md").read_text()
    assert entry.file.sha256 in card
    assert str(test["macro_accuracy"]) in card
    again = classifier.publish_classifier(run, paintings, version="10", out=out)
    assert evaluations.table(again, "search", out) is not None
    with (run / "history.csv").open("a") as file:
        file.write(file.name)  # as if it was another training
    last = classifier.publish_classifier(run, paintings, version="11", out=out)
    assert evaluations.table(last, "search", out) is None


def test_a_soup_is_the_mean_of_best_and_last_and_sees_larger_pictures(
    paintings, tiny, a_run, tmp_path
):
    run, out = a_run, tmp_path / "assets"
    build = classifiers.build(tiny, 4)
    logits = {}
    for name in ("best", "last"):
        build.load_weights(run / f"{name}.weights.h5")
        logits[name] = build.get_layer("logits").get_weights()[0]
    logits["last"] = logits["last"] + 1.0  # told from the best for certain
    build.get_layer("logits").set_weights([logits["last"], build.get_layer("logits").bias])
    build.save_weights(run / "last.weights.h5")
    entry = classifier.publish_classifier(run, paintings, version="9", side=256, soup=True, out=out)
    assert entry.side == 256
    shipped = classifiers.build_shipped(tiny, 4)
    shipped.load_weights(out / entry.file.name)
    np.testing.assert_allclose(
        shipped.get_layer("logits").get_weights()[0],
        (logits["best"] + logits["last"]) / 2,
        atol=2e-3,
    )
    recorded = json.loads((out / "efficientnet_lite0" / "options.json").read_text())
    assert recorded["published"] == {"side": 256, "soup": True}
    assert "resized to 256×256" in (out / "efficientnet_lite0.md").read_text()


def test_a_model_is_validated_and_ships_with_pictures_of_the_size_that_its_recipe_names(
    paintings, tiny, tmp_path, monkeypatch
):
    run, out, seen = tmp_path / "run", tmp_path / "assets", []
    predict = classifiers.predict

    def looking(model, x, *rest):
        seen.append(x.shape[1:3])
        return predict(model, x, *rest)

    monkeypatch.setattr(loop, "predict", looking)
    recipe = dataclasses.replace(tiny, epochs=1, shown=80)
    classifiers.train(recipe, paintings, tmp_path, run)
    assert seen == [(80, 80)]
    entry = classifier.publish_classifier(run, paintings, version="9", out=out)
    assert entry.side == 80
    recorded = json.loads((out / "efficientnet_lite0" / "options.json").read_text())
    assert recorded["published"] == {"side": 80, "soup": False}


def test_a_version_is_published_beside_what_ships(paintings, a_run):
    before = (entries.ASSETS / "models.json").read_bytes()
    command = ["publish", str(a_run), "--data", str(paintings), "--version", "9", "--beside"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert (entries.ASSETS / "models.json").read_bytes() == before
    ships, made = versions.listed("efficientnet_lite0")
    assert f"Version {made.id} of efficientnet_lite0" in done.stderr
    assert (ships.directory, made.directory) == (None, settings().versions / made.id)
    assert (ships.entry.version, made.entry.version) == ("2", "9")
    assert [path.name for path in settings().versions.iterdir()] == [made.id]
    versions.check(made)
    assert evaluations.read(made.entry, made.directory) is not None
    pixels = np.zeros((64, 64, 3), np.uint8)
    found = identify.identify(images.Picture(pixels, "PNG", (64, 64)), version=made.id)
    assert {guess.artist.name for guess in found.guesses} == set(NAMES)


def test_a_version_of_nobody_is_refused_before_the_work(paintings, a_run):
    command = ["publish", str(a_run), "--data", str(paintings), "--name", "mine", "--beside"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code != 0
    assert "'mine'" in done.output
    assert list(settings().versions.glob("*")) == []


def test_it_is_published_with_what_tells_photographs(paintings, a_run, tmp_path, make_picture):
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(60):
        data = images.encode(make_picture(64, 80, seed=seed), "JPEG")
        (photos / f"{seed}.jpg").write_bytes(data)
    command = ["publish", str(a_run), "--data", str(paintings), "--version", "9", "--beside"]
    done = CliRunner().invoke(app, [*command, "--photos", str(photos)])
    assert done.exit_code == 0, done.output
    _, made = versions.listed("efficientnet_lite0")
    assert made.entry.photograph is not None
    measured = made.entry.figures["kinds"]["as_they_are"]
    assert 0 <= measured["calibration_error"] <= 1
    assert "photograph" in (made.directory / "efficientnet_lite0.md").read_text()


def test_a_run_cannot_go_on_with_other_options(paintings, tiny, a_run, tmp_path):
    other = dataclasses.replace(tiny, epochs=1, seed=2)
    with pytest.raises(ValueError, match="other options"):
        classifiers.train(other, paintings, tmp_path, a_run)


def test_a_run_knows_its_paintings_however_they_are_divided_since(paintings, tiny, a_run, tmp_path):
    def publish(run: Path) -> models.Entry:
        return classifier.publish_classifier(run, paintings, version="9", out=tmp_path / "assets")

    kept = (a_run / "trained_on.npy").read_bytes()
    assert len(np.load(a_run / "trained_on.npy")) == sum(
        painting.split == "train" for painting in dataset.read(paintings)
    )
    index = paintings / "index.csv"
    before = index.read_text()
    tiny = dataclasses.replace(tiny, epochs=1)
    # One painting less to train with: it can be measured as before, but not gone on with.
    index.write_text(before.replace("Titian/12.png,Titian,train\n", ""))
    assert len(index.read_text().splitlines()) < len(before.splitlines())
    with pytest.raises(TrainingError, match="otherwise since: choose another directory"):
        classifiers.train(tiny, paintings, tmp_path, a_run)
    own = tmp_path / "assets" / publish(a_run).id / "trained_on.npy"
    assert own.read_bytes() == kept
    # It changes places with one of the split test.
    index.write_text(
        before.replace("12.png,Titian,train", "12.png,Titian,test").replace(
            "0.png,Titian,test", "0.png,Titian,train"
        )
    )
    with pytest.raises(TrainingError, match=r"1 are now .* \(.*Titian/12\.png is the first"):
        publish(a_run)
    (a_run / "trained_on.npy").unlink()  # as runs were before they kept it
    classifiers.train(tiny, paintings, tmp_path, a_run)
    publish(a_run)
    assert own.read_bytes() != kept
    assert not (a_run / "trained_on.npy").exists()


def test_a_painting_to_train_and_to_test_with_is_refused_before_the_work(paintings, tiny, tmp_path):
    shutil.copy(paintings / "Titian" / "12.png", paintings / "Titian" / "0.png")
    with pytest.raises(TrainingError, match=r"lie there twice"):
        classifiers.train(tiny, paintings, tmp_path, tmp_path / "run", publish=True)
    assert not (tmp_path / "run").exists()
    with pytest.raises(TrainingError, match=r"lie there twice"):  # it may be published later
        classifiers.train(tiny, paintings, tmp_path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_batches_depend_on_seed_epoch_and_number_alone(tiny):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (40, 64, 64, 3), np.uint8)
    y = np.arange(40) % 4
    one, other = Batches(tiny, x, y), Batches(tiny, x, y)
    other.start(3)
    one.start(3)
    for a, b in zip(one[2], other[2], strict=True):
        np.testing.assert_array_equal(a, b)
    one.start(1)
    assert not np.array_equal(one[2][0], other[2][0])
    assert one[0][0].shape[1] == 48
    assert other[0][0].shape[1] == 64


def test_a_teacher_speaks_for_its_share_of_the_same_views(tiny):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 64, 64, 3), np.uint8), np.arange(40) % 4
    seen = []

    def think(pictures: np.ndarray) -> np.ndarray:
        seen.append(pictures)
        return np.tile(np.array([0.7, 0.1, 0.1, 0.1], np.float32), (len(pictures), 1))

    alone, taught = Batches(tiny, x, y), Batches(tiny, x, y, think)
    taught.start(0, 0.25)
    (pictures, labels, _), (same, blended, weight) = alone[1], taught[1]
    np.testing.assert_array_equal(pictures, same)
    np.testing.assert_array_equal(seen[0], same)
    np.testing.assert_allclose(blended, 0.75 * labels + 0.25 * think(same), rtol=1e-6)
    np.testing.assert_allclose(weight, blended @ taught.class_weight, rtol=1e-6)
    taught.start(0)  # a phase without lessons
    np.testing.assert_array_equal(taught[1][1], labels)


def test_a_teacher_thinks_as_the_model_that_ships_and_knows_the_same_artists():
    entry = models.get("efficientnet_lite0")
    names = [artists.get(artist).name for artist in entry.artists]
    think = teacher.predictor(entry.id, names)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), np.uint8)
    both_views = np.concatenate([pictures, pictures[:, :, ::-1]]).astype(np.float32)
    logits = np.log(think(both_views))  # but for one number a picture
    logits = (logits[:2] + logits[2:]) / 2
    shipped = models.load(entry.id).logits(pictures)
    np.testing.assert_allclose(
        logits - logits.mean(1, keepdims=True), shipped - shipped.mean(1, keepdims=True), atol=1e-3
    )
    with pytest.raises(ValueError, match="knows other artists"):
        teacher.predictor(entry.id, names[::-1])
    with pytest.raises(ValueError, match="knows other artists"):
        teacher.predictor(entry.id, [*names[:-1], "Nobody"])


def test_class_weights_average_to_one_and_favour_the_rare(tiny):
    y = np.array([0] * 80 + [1] * 20 + [2] * 5)
    batches = Batches(tiny, np.zeros((105, 8, 8, 3), np.uint8), y)
    assert batches.class_weight[y].mean() == pytest.approx(1)
    assert batches.class_weight[1] / batches.class_weight[0] == pytest.approx(2)


def test_labels_put_painters_outside_last():
    rows = [dataset.Painting(Path("x"), name, "train") for name in ("Titian", None, "Rembrandt")]
    assert classifiers.labels(rows, ["Rembrandt", "Titian"]).tolist() == [1, 2, 0]


def test_validation_ignores_others_for_accuracy_and_uses_them_for_auroc():
    logits = np.array([[5.0, 0, 0], [0, 5.0, 0], [0, 5.0, 0], [0, 0, 5.0]])
    figures = classifiers.validate(np.pad(logits, ((0, 0), (0, 5)))[:, [0, 1, 3, 4, 5, 6, 7, 2]],
                                   np.array([0, 1, 0, 7]))  # fmt: skip
    assert figures["val_macro"] == pytest.approx((0.5 + 1) / 2)
    assert figures["val_auroc"] == 1


def test_recipes_can_be_changed_field_by_field_and_written_down():
    changed = with_options(RECIPES["efficientnet_lite0"], ["epochs=3", "augmentation.colour=0.5"])
    assert (changed.epochs, changed.augmentation.colour) == (3, 0.5)
    assert from_options(json.loads(json.dumps(dataclasses.asdict(changed)))) == changed
    with pytest.raises(ValueError, match="no 'epoch'"):
        with_options(changed, ["epoch=3"])


def test_others_without_validation_split_are_held_out_by_painter(paintings):
    rows = dataset.read(paintings)
    others = [p for p in rows if p.artist is None]
    assert {p.split for p in others} == {"train", "val", "test"}
    assert dataset.artists(rows) == sorted(NAMES)


def test_folders_without_an_index_are_split_by_name_for_good(tmp_path):
    for folder in ("Claude_Monet", "_other"):
        (tmp_path / folder).mkdir()
        for n in range(200):
            (tmp_path / folder / f"{n}.jpg").touch()
    rows = dataset.read(tmp_path)
    assert dataset.artists(rows) == ["Claude Monet"]
    shares = {s: sum(p.split == s for p in rows) / len(rows) for s in ("train", "val", "test")}
    assert shares["train"] == pytest.approx(0.8, abs=0.06)
    (tmp_path / "Claude_Monet" / "new.jpg").touch()
    before = {p.path: p.split for p in rows}
    assert all(before.get(p.path, p.split) == p.split for p in dataset.read(tmp_path))


def test_an_index_that_a_spreadsheet_has_saved_is_read_as_the_one_before(paintings):
    before = dataset.read(paintings)
    index = paintings / "index.csv"
    text = index.read_text().replace(",", ";").replace("file;artist;split", "File;Artist;Split")
    index.write_text(text.replace("\n", "\r\n"), encoding="utf-8-sig", newline="")
    assert dataset.read(paintings) == before


def test_several_spellings_of_one_artist_in_an_index_are_one_artist(tmp_path):
    (tmp_path / "index.csv").write_text(
        "file,artist,split\na.png,Albrecht Dürer,train\nb.png,Albrecht_Du╠Érer,train\n"
        "c.png,Nobody,train\n"
    )
    assert dataset.artists(dataset.read(tmp_path)) == ["Albrecht Dürer", "Nobody"]


def test_an_index_that_does_not_name_a_painter_is_refused(tmp_path):
    (tmp_path / "index.csv").write_text("file,artist,split\na.png,,train\n")
    with pytest.raises(AtelierError, match=r"who painted a\.png"):
        dataset.read(tmp_path)


def test_an_empty_directory_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="artist folders"):
        dataset.read(tmp_path)


def test_a_view_without_augmentation_is_the_painting_or_its_mirror(make_picture):
    pixels = make_picture(64, 64)
    views = [random_view(pixels, 64, Augmentation(), np.random.default_rng(s)) for s in range(20)]
    same = [np.array_equal(view, pixels) for view in views]
    mirrored = [np.array_equal(view, pixels[:, ::-1]) for view in views]
    assert all(a or b for a, b in zip(same, mirrored, strict=True))
    assert any(same)
    assert any(mirrored)


def test_views_have_the_asked_size_whatever_the_painting(make_picture):
    how = Augmentation(min_area=0.2, colour=0.2, jpeg=1.0)
    for seed in range(20):
        view = random_view(make_picture(50, 90), 40, how, np.random.default_rng(seed))
        assert view.shape == (40, 40, 3)
        assert view.dtype == np.uint8


@pytest.mark.parametrize("how", [Augmentation(mixup=1), Augmentation(cutmix=1)])
def test_mixing_keeps_the_share_of_each_painting(how):
    x = np.zeros((2, 60, 60, 3), np.float32)
    x[1] = 1
    y = np.eye(2, dtype=np.float32)
    for seed in range(20):
        mixed, target = mix(x, y, how, np.random.default_rng(seed))
        assert mixed.mean((1, 2, 3)) == pytest.approx(target[:, 1], abs=1e-3)
        assert target.sum(1) == pytest.approx(1)
    untouched, _ = mix(x, y, Augmentation(), np.random.default_rng(0))
    np.testing.assert_array_equal(untouched, x)


@pytest.fixture
def phased(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """The report's custom CNN, small, in two phases of which the second trains the head."""
    monkeypatch.setenv("ATELIER_PRECISION", "float32")
    settings.cache_clear()
    return dataclasses.replace(
        RECIPES["custom_cnn"],
        batch_size=8,
        sizes=((0.0, 32),),
        average=0.9,
        augmentation=Augmentation(min_area=0.5),
        phases=(
            Phase(epochs=2, learning_rate=3e-3, schedule="plateau"),
            Phase(epochs=2, learning_rate=1e-2, layers="head", schedule="cosine"),
        ),
        architecture={"units": 16, "dropout": 0.5},
    )


@pytest.mark.slow
def test_a_run_in_phases_goes_on_to_the_same_losses_wherever_it_was_killed(
    paintings, phased, tmp_path
):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    after_first: list[np.ndarray] = []

    def look(row: dict[str, float]) -> None:
        if row["epoch"] == 3:  # the state after the first phase is still there
            model = classifiers.build(phased, 4)
            model.load_weights(whole / "state-0002.weights.h5")
            after_first.extend(model.get_weights())

    classifiers.train(phased, paintings, None, whole, on_epoch=look)

    for last in (2, 3):  # at the end of a phase and at the beginning of one

        def stop(row: dict[str, float], last: int = last) -> None:
            if row["epoch"] == last:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            classifiers.train(phased, paintings, None, broken, on_epoch=stop)
    classifiers.train(phased, paintings, None, broken)

    assert [int(row["phase"]) for row in history(broken)] == [1, 1, 2, 2]
    same_history(whole, broken)
    curves = read(broken / "curves")
    assert list(curves["loss"]) == [1, 2, 3, 4]
    for row in history(broken):
        assert curves["loss"][int(row["epoch"])] == pytest.approx(float(row["loss"]), rel=1e-5)

    ends = {}
    for name in ("best", "last"):
        model = classifiers.build(phased, 4)
        model.load_weights(whole / f"{name}.weights.h5")
        ends[name] = model.get_weights()
    for one, other, first in zip(ends["best"], ends["last"], after_first, strict=True):
        np.testing.assert_array_equal(one, other)  # the best were put back
        if one.ndim == 4:
            np.testing.assert_array_equal(one, first)  # the second phase left them alone


def test_a_loss_that_is_no_number_ends_the_run(paintings, phased, tmp_path):
    phases = (Phase(epochs=1, learning_rate=1e30, schedule="constant"),)
    with pytest.raises(FloatingPointError, match="lower learning rate"):
        classifiers.train(
            dataclasses.replace(phased, phases=phases), paintings, None, tmp_path / "run"
        )


def test_a_run_keeps_to_the_network_that_it_started_with(tmp_path):
    """Even when the file that it could not have is there in the meantime."""
    asked = RECIPES["resnet50"]
    settled = loop._settle(tmp_path, asked, ["A"], "data", None)
    assert settled.network == "resnet50_v2"
    (tmp_path / pretrained.keras_resnet50().name).touch()
    assert loop._settle(tmp_path, asked, ["A"], "data", tmp_path) == settled
    with pytest.raises(ValueError, match="other options"):
        loop._settle(tmp_path, RECIPES["resnet50_two_phase"], ["A"], "data", None)


def test_the_head_of_vgg16_learns_from_the_features_of_the_one_that_ships(paintings, tmp_path):
    """Without any directory of weights."""
    recipe = dataclasses.replace(RECIPES["vgg16"], epochs=2)
    rows = [row for row in dataset.read(paintings) if row.path.name in ("0.png", "12.png")]
    features = loop.inputs(recipe, rows, None, tmp_path)
    base = models.load_keras("vgg16_base").body
    maps = np.asarray(base.predict(dataset.load_pixels(rows, 224), verbose=0), np.float32)
    distance = np.linalg.norm(features - maps.mean(axis=(1, 2)))
    assert distance < 0.02 * np.linalg.norm(features)  # they are means of bfloat16, perhaps

    kept = loop.inputs(recipe, rows, tmp_path / "nowhere", tmp_path)  # looks at nothing again
    np.testing.assert_array_equal(kept, features)
    assert classifiers.build(recipe, 4).input_shape == (None, features.shape[1])


def test_features_go_by_what_a_file_holds_not_by_its_name(tmp_path, monkeypatch):
    def brightness(model: keras.Model, pixels: np.ndarray, batch: int) -> np.ndarray:
        return pixels.mean((1, 2, 3)).reshape(-1, 1).astype(np.float32)

    rows = []
    for part, gray in (("train", 40), ("val", 200)):
        path = tmp_path / part / "Claude_Monet" / "1.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(images.encode(np.full((32, 32, 3), gray, np.uint8)))
        rows.append(Painting(path, "Claude Monet", part))
    monkeypatch.setattr(loop, "predict", brightness)
    for _ in range(2):  # found, and kept
        found = loop.inputs(RECIPES["vgg16"], rows, None, tmp_path)
        np.testing.assert_allclose(found[:, 0], [40, 200], atol=1)
    rows[0].path.write_bytes(images.encode(np.full((32, 32, 3), 90, np.uint8)))
    changed = loop.inputs(RECIPES["vgg16"], rows, None, tmp_path)
    np.testing.assert_allclose(changed[:, 0], [90, 200], atol=1)


def test_features_that_were_found_before_a_kill_are_kept(paintings, tmp_path, monkeypatch):
    rows = [row for row in dataset.read(paintings) if row.path.name in ("0.png", "12.png")]
    monkeypatch.setattr(loop, "_PART", 1)
    asked = []

    def predict(model: keras.Model, pixels: np.ndarray, batch: int) -> np.ndarray:
        asked.append(len(pixels))
        if len(asked) == 2:
            raise KeyboardInterrupt
        return np.full((len(pixels), 3), len(asked), np.float32)

    monkeypatch.setattr(loop, "predict", predict)
    with pytest.raises(KeyboardInterrupt):
        loop.inputs(RECIPES["vgg16"], rows, None, tmp_path)
    features = loop.inputs(RECIPES["vgg16"], rows, None, tmp_path)
    assert features[0].tolist() == [1, 1, 1]
    assert len(asked) == 1 + len(rows)


def test_a_base_can_only_be_frozen_where_there_is_one():
    with pytest.raises(ValueError, match="custom_cnn has no base"):
        classifiers.build(dataclasses.replace(RECIPES["custom_cnn"], frozen_base=True), 4)
    with pytest.raises(ValueError, match="vgg16 has a base"):
        classifiers.build(dataclasses.replace(RECIPES["vgg16"], frozen_base=False), 4)


def test_every_recipe_can_be_given_on_the_command_line_and_written_down():
    assert [*RECIPES] == [recipe.id for recipe in RECIPES.values()]
    for recipe in RECIPES.values():
        assert from_options(json.loads(json.dumps(dataclasses.asdict(recipe)))) == recipe


@pytest.mark.parametrize("model", [entry.id for entry in models.classifiers()])
def test_published_options_are_those_of_the_recipe(model):
    recorded = json.loads((models.ASSETS / model / "options.json").read_text())
    if "together" in recorded:  # see training.accelerator: its views and rates are its own
        found, recipe = from_options(recorded), RECIPES[model]
        assert (found.network, found.architecture) == (recipe.network, recipe.architecture)
    else:
        assert from_options(recorded) == RECIPES[model]


def test_phases_and_the_architecture_can_be_changed_part_by_part():
    changed = with_options(
        RECIPES["resnet50_two_phase"],
        ["phases.1.epochs=3", "architecture.dense=[8]", "sizes=[[0, 64]]", "shown=96"],
    )
    assert [phase.epochs for phase in changed.phases] == [10, 3]
    assert changed.architecture["dense"] == [8]
    assert (changed.side, changed.total_epochs) == (64, 13)
    assert with_options(changed, ["flatten=false"]).side == 96
    for wrong in ("phases.2.epochs=3", "phases.x=1", "architecture.unit=3"):
        with pytest.raises(ValueError, match="no '"):
            with_options(changed, [wrong])
    with pytest.raises(ValueError, match=r"set phases\.0\.epochs"):
        with_options(changed, ["epochs=3"])


def test_the_architecture_is_an_argument_or_an_option(monkeypatch, tmp_path):
    asked: list[Recipe] = []
    monkeypatch.setattr(classifiers, "train", lambda recipe, *rest, on_epoch: asked.append(recipe))
    common = ["classifier", "--no-card", "--data", str(tmp_path), "--run", str(tmp_path)]
    for given in (["vgg16"], ["--arch", "vgg16"], ["--arch=resnet50", "--set", "seed=2"]):
        assert CliRunner().invoke(app, [*common, *given]).exit_code == 0
    assert asked[:2] == [RECIPES["vgg16"]] * 2
    assert asked[2] == dataclasses.replace(RECIPES["resnet50"], seed=2)
    for wrong in ([], ["vgg16", "--arch", "vgg16"], ["vgg17"], ["vgg16", "--set", "sed=2"]):
        assert CliRunner().invoke(app, [*common, *wrong]).exit_code == 2
    assert len(asked) == 3


@pytest.mark.slow
def test_one_command_trains_measures_and_writes_the_card(paintings, tmp_path):
    run = tmp_path / "run"
    small = ["phases.0.epochs=2", "sizes=[[0,32]]", "batch_size=8", "architecture.units=8"]
    command = ["classifier", "custom_cnn", "--data", str(paintings), "--run", str(run)]
    for change in small:
        command += ["--set", change]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 0, answer.output
    *epochs, last = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [row["epoch"] for row in epochs] == [1, 2]
    assert len(history(run)) == 2
    test = last["figures"]["test"]
    assert test["paintings"] == 12
    assert f"| {test['macro_accuracy']} |" in (run / "model" / "custom_cnn.md").read_text()
    (entry,) = json.loads((run / "model" / "models.json").read_text())
    assert entry["figures"] == last["figures"]
    again = CliRunner().invoke(app, command)  # has nothing left to train
    assert [json.loads(line) for line in again.stdout.splitlines()] == [last]


@pytest.fixture
def published(trained_once: Path, tiny: Recipe, tmp_path: Path, monkeypatch) -> Iterator[Path]:
    """Assets with two classifiers; they stand for what ships."""
    out = Path(shutil.copytree(trained_once / "assets", tmp_path / "assets"))
    monkeypatch.setattr(entries, "ASSETS", out)
    monkeypatch.setattr(loading, "_loaded", {})
    models.catalogue.cache_clear()
    yield out
    models.catalogue.cache_clear()


def test_all_classifiers_are_measured_in_one_way(paintings, published):
    def evaluate(*arguments: object):
        return CliRunner().invoke(app, ["evaluate", "--data", str(paintings), *map(str, arguments)])

    done = evaluate()
    assert done.exit_code == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["accuracy"] for row in rows] == sorted(
        (row["accuracy"] for row in rows), reverse=True
    )
    assert json.loads((published / "comparison-test.json").read_text()) == rows
    with (published / "comparison-test.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["model"] for row in table] == [row["model"] for row in rows]
    for row, line in zip(rows, table, strict=True):
        entry = models.get(row["model"])
        assert row["weights"] == entry.file.sha256
        assert float(line["accuracy"]) == row["accuracy"] == entry.figures["test"]["accuracy"]
        measured = evaluations.read(entry, published)
        assert measured.splits["test"].figures["accuracy"] == row["accuracy"]
        assert set(measured.splits) == {"train", "val", "test"}  # of publication; they stay
        assert {s: one.figures for s, one in measured.splits.items()} == entry.figures
        assert str(row["calibration_error"]) in (published / f"{entry.id}.md").read_text()

    one = evaluate("--model", "second", "--split", "val", "--out", published / "mine")
    assert [row["model"] for row in json.loads((published / "mine.json").read_text())] == ["second"]
    assert one.exit_code == 0
    assert evaluate("--model", "third").exit_code == 2

    # One alone takes its own place in the comparison, where the other's row stays ...
    alone = evaluate("--model", "second")
    assert [row["model"] for row in json.loads(alone.stdout)] == ["second"]
    kept = {
        row["model"]: row for row in json.loads((published / "comparison-test.json").read_text())
    }
    assert set(kept) == {"first", "second"}
    assert kept["first"] == next(row for row in rows if row["model"] == "first")
    # ... while it is of weights that ship, and of the same data.
    changed = [row | {"weights": "0"} if row["model"] == "first" else row for row in rows]
    (published / "comparison-test.json").write_text(json.dumps(changed))
    assert evaluate("--model", "second").exit_code == 0
    (left,) = json.loads((published / "comparison-test.json").read_text())
    assert left["model"] == "second"


def test_what_was_trained_with_is_not_tested_with(paintings, published, tmp_path):
    index = (paintings / "index.csv").read_text()
    leaked = tmp_path / "leaked"
    (leaked / "Titian").mkdir(parents=True)
    source = paintings / "Titian"
    (leaked / "Titian" / "a.png").write_bytes((source / "0.png").read_bytes())  # of test
    (leaked / "Titian" / "b.png").write_bytes((source / "12.png").read_bytes())  # of train
    assert "Titian/12.png,Titian,train" in index
    (leaked / "index.csv").write_text(
        "file,artist,split\nTitian/a.png,Titian,test\nTitian/b.png,Titian,test\n"
    )
    done = CliRunner().invoke(app, ["evaluate", "--data", str(leaked)])
    assert done.exit_code == 1
    assert "trained with 1 of these 2 pictures (b.png is the first)" in done.stderr
    assert not (published / "comparison-test.json").exists()

    (published / "first" / "trained_on.npy").unlink()
    done = CliRunner().invoke(app, ["evaluate", "--data", str(paintings), "--model", "first"])
    assert done.exit_code == 1
    assert "does not say which pictures" in done.stderr


def test_figures_do_not_outlive_the_file_that_they_are_of(published):
    entry = models.get("first")
    assert evaluations.read(entry, published) is not None
    path = published / entry.file.name
    path.write_bytes(path.read_bytes() + b"\0")
    assert evaluations.read(entry, published) is None
    path.unlink()  # it would be downloaded, and checked
    assert evaluations.read(entry, published) is not None
    assert evaluations.read(models.get("second"), published) is not None
    (published / "second" / "evaluation.json").write_text("{")
    assert evaluations.read(models.get("second"), published) is None


def test_a_user_sees_their_own_model_beside_the_others(published):
    assert {entry.id for entry in models.classifiers()} == {"first", "second"}
