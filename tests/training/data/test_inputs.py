"""What a training is given: checked before its first step, and told in sentences."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core import collection, identify, images, models
from core.__main__ import app as core_app
from core.errors import AtelierError
from core.files import OutputError
from core.models import entries, evaluations, loading
from core.recipes import RECIPES, with_options
from training import runs
from training.__main__ import app
from training.classifiers import teacher
from training.data import dataset, inputs, trained_on
from training.data import files as trainer_files
from training.data.dataset import Painting
from training.publishing import cards, catalogue, evaluate
from training.publishing import classifier as publish
from training.runs.history import History

SMALL = ["phases.0.epochs=1", "sizes=[[0,32]]", "batch_size=4", "architecture.units=4"]


def picture(path: Path, seed: int, hue: int = 0) -> Path:
    """A painting of large blocks, unlike any other."""
    blocks = np.random.default_rng(seed).integers(0, 130, (8, 8, 3))
    blocks[..., hue % 3] += 120
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.encode(blocks.repeat(8, 0).repeat(8, 1).astype(np.uint8)))
    return path


def invoke(*arguments: object):
    answer = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert "Traceback" not in answer.output
    assert "incident" not in answer.output
    return answer


def classifier(data: Path, run: Path, *more: str, recipe: str = "custom_cnn"):
    changes = [part for change in SMALL for part in ("--set", change)]
    return invoke("classifier", recipe, "--data", data, "--run", run, *changes, *more)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two artists with an index; nobody else."""
    root, rows = tmp_path / "data", ["file,artist,split"]
    for n in range(20):
        name = ("Titian", "Rembrandt")[n % 2]
        picture(root / name / f"{n}.png", n, n % 2)
        split = "test" if n < 4 else "val" if n < 8 else "train"
        rows.append(f"{name}/{n}.png,{name},{split}")
    (root / "index.csv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An empty directory in place of the models that ship."""
    shelf = tmp_path / "models"
    shelf.mkdir()
    (shelf / "models.json").write_text("[]")
    monkeypatch.setattr(entries, "ASSETS", shelf)
    monkeypatch.setattr(loading, "_loaded", {})
    models.catalogue.cache_clear()
    yield shelf
    models.catalogue.cache_clear()


@pytest.mark.slow
def test_from_kaggles_folders_to_a_model_that_cannot_tell_strangers(tmp_path, shelf):
    source, organised, run = tmp_path / "kaggle", tmp_path / "organised", tmp_path / "run"
    for hue, folder in enumerate(["Albrecht_DuÔòá├¬rer", "Titian"]):
        for n in range(1, 15):
            place = source / "images" / "images" / folder / f"{folder}_{n}.png"
            picture(place, 100 * hue + n, hue)
    assert invoke("dataset", "organise", source, "--to", organised).exit_code == 0
    assert invoke("dataset", "split", organised).exit_code == 0
    trained = classifier(organised, run, "--no-card")
    assert trained.exit_code == 0, trained.output
    published = invoke("publish", run, "--data", organised)
    assert published.exit_code == 0, published.output

    (entry,) = models.classifiers()
    assert entry.artists == ("albrecht-durer", "titian")
    assert entry.known is None
    assert "known_auroc" not in entry.figures["test"]
    assert "cannot tell" in (shelf / "custom_cnn.md").read_text()
    measured = invoke("evaluate", "--data", organised)
    assert measured.exit_code == 0, measured.output
    assert json.loads(measured.stdout)[0]["model"] == "custom_cnn"
    table = evaluations.table(entry, "paintings")
    assert table is not None
    assert table["known_score"].isna().all()
    path = next((organised / "Titian").glob("*.png"))
    result = identify.identify(images.load(path), "custom_cnn")
    assert result.known is None
    assert result.known_score is None
    assert sum(guess.probability for guess in result.guesses) == pytest.approx(1, abs=1e-4)
    told = CliRunner().invoke(core_app, ["identify", str(path), "--model", "custom_cnn"])
    assert identify.CANNOT_TELL in told.stdout


def test_damaged_pictures_are_all_named_before_the_first_step(data, tmp_path):
    for n in (3, 5, 9, 12):  # of test, of val, and two of train
        path = next(data.glob(f"*/{n}.png"))
        path.write_bytes(path.read_bytes()[:200])
    answer = classifier(data, tmp_path / "run")
    assert answer.exit_code == 1
    assert answer.stdout == ""
    for n in (3, 5, 9, 12):
        assert f"/{n}.png" in answer.stderr
    assert "4 pictures cannot be read" in answer.stderr
    without_test = classifier(data, tmp_path / "run", "--no-card")
    assert "3 pictures cannot be read" in without_test.stderr
    assert not list(tmp_path.glob("run/*.h5"))


def test_of_many_damaged_pictures_ten_are_named(tmp_path):
    paths = [tmp_path / f"{n:02}.png" for n in range(13)]
    for path in paths:
        path.write_bytes(b"")
    with pytest.raises(inputs.TrainingError, match=r"13 pictures .* and 3 more\. Replace"):
        inputs.check_readable(paths)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace(",Titian", ",Rembrandt"), "two artists or more: all are by Rem"),
        (lambda text: text.replace(",val", ",train"), "no paintings in the split val"),
        (lambda text: text.replace(",test", ",train"), "no paintings in the split test"),
        (lambda text: text.replace(",Titian,train", ",Titian,val"), "train with .* by Titian"),
        (lambda text: text.replace(",Titian", ",Jane Doe"), "artists.csv, has no Jane Doe"),
        (lambda text: text.replace("file,artist,split", "file,artist,part"), "no column 'split'"),
        (lambda text: text.partition("\n")[0] + "\n", "names none"),
    ],
)
def test_what_the_paintings_lack_is_told_before_the_first_step(data, tmp_path, change, said):
    index = data / "index.csv"
    index.write_text(change(index.read_text()))
    answer = classifier(data, tmp_path / "run")
    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert re.search(said, answer.stderr), answer.stderr


def test_a_set_smaller_than_a_batch_is_told_what_to_set(data, tmp_path):
    answer = classifier(data, tmp_path / "run", "--set", "batch_size=32")
    assert answer.exit_code == 1
    assert "12 paintings to train with, fewer than a batch of 32" in answer.stderr
    assert "--set batch_size=3" in answer.stderr


def test_a_teacher_of_other_artists_is_refused_before_the_first_step(data, tmp_path):
    answer = invoke(
        *("classifier", "custom_cnn_improved", "--data", data, "--run", tmp_path / "run"),
        *("--set", "batch_size=4"),
    )
    assert answer.exit_code == 1
    assert "cannot teach: it knows other artists" in answer.stderr
    assert "--set 'teacher=" in answer.stderr
    with pytest.raises(AtelierError, match="no classifier 'nobody' to teach"):
        teacher.check("nobody", ["Titian"])


@pytest.mark.parametrize(
    "change",
    [
        "epochs",
        "epochs=",
        "epochs=x",
        "batch_size=0",
        'batch_size="many"',
        "sizes=[]",
        "sizes=[[0.5, 64]]",
        "learning_rate=NaN",
        "average=1",
        'network="os"',
        'name="../../x"',
        "frozen_base=true",
        "augmentation.colour=-1",
        "phases.0.epochs=-1",
        "phases=[{}]",
        "architecture=3",
    ],
)
def test_a_recipe_does_not_take_every_value(change):
    with pytest.raises(AtelierError):
        with_options(RECIPES["custom_cnn"], [change])
    answer = invoke("classifier", "custom_cnn", "--data", "x", "--run", "y", "--set", change)
    assert answer.exit_code == 2


def test_a_network_that_cannot_be_built_is_told(data, tmp_path):
    answer = classifier(data, tmp_path / "run", "--set", "architecture.units=-3")
    assert answer.exit_code == 1
    assert "custom_cnn cannot be built with" in answer.stderr


MISSING = "/nowhere/at/all"


@pytest.mark.parametrize(
    "arguments",
    [
        ["classifier", "custom_cnn", "--data", MISSING, "--run", "{run}"],
        ["tune", "--data", MISSING, "--run", "{run}"],
        ["tune", "vgg16", "--data", MISSING, "--run", "{run}"],
        ["publish", MISSING, "--data", MISSING],
        ["publish-base", "--weights", MISSING],
        ["cyclegan", "--photos", MISSING, "--paintings", MISSING, "--run", "{run}"],
        ["cyclegan", "--photos", "{full}", "--paintings", "{full}", "--run", "{run}"],
        ["cyclegan", "--photos", "{empty}", "--paintings", "{empty}", "--run", "{run}"],
        ["evaluate", "monet", "--photos", MISSING, "--paintings", MISSING, "--weights", MISSING],
        ["publish-monet", MISSING, "--photos", "{full}", "--paintings", "{full}",
         "--weights", MISSING],
        ["evaluate", "--data", MISSING],
        ["evaluate", "attempts", MISSING],
        ["stylizer", "--photos", MISSING, "--data", MISSING, "--run", "{run}"],
        ["stylizer", "--photos", "{full}", "--data", "{empty}", "--run", "{run}"],
        ["stylizer", "search", MISSING, MISSING, "--run", "{run}"],
        ["publish-stylizer", MISSING, "--photos", "{full}", "--data", "{full}"],
        ["styles", "--data", MISSING, "--out", "{run}"],
        ["styles", "--data", "{empty}", "--out", "{run}"],
        ["classifier", "custom_cnn", "--data", "{full}", "--run", "{file}/run"],
        ["dataset", "stats", MISSING],
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_in_a_sentence(arguments, tmp_path, shelf):
    (tmp_path / "empty").mkdir()
    for n in range(3):
        picture(tmp_path / "full" / f"Titian_{n}.png", n)
    places = {name: str(tmp_path / name) for name in ("run", "full", "empty")}
    places["file"] = str(tmp_path / "full" / "Titian_0.png")
    answer = invoke(*(argument.format(**places) for argument in arguments))
    assert answer.exit_code == 1, answer.output
    assert answer.stdout == ""
    assert answer.stderr.strip().endswith((".", "'"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["cyclegan", "--photos", ".", "--paintings", ".", "--run", "r", "--set", "crop=33"],
        ["cyclegan", "--photos", ".", "--paintings", ".", "--run", "r", "--set", "stepz=3"],
        ["stylizer", "--photos", ".", "--data", ".", "--run", "r", "--set", "widths=[1]"],
        ["stylizer", "search", "a", "b", "--run", "r", "--set", "content=[0, 1]"],
        ["stylizer", "search", "a", "b", "--run", "r", "--trials", "0"],
        ["publish-monet", "r", "--photos", ".", "--paintings", ".", "--weights", ".",
         "--strength", "nan"],
        ["evaluate"],
        ["evaluate", "--data", ".", "--model", "nobody"],
    ],
)  # fmt: skip
def test_wrong_usage_has_a_status_of_its_own(arguments):
    assert invoke(*arguments).exit_code == 2


def test_what_is_no_number_is_null_in_json(capsys, tmp_path):
    from training.cli.options import report

    report({"loss": float("nan"), "parts": [float("inf"), 1.0]})
    assert json.loads(capsys.readouterr().out) == {"loss": None, "parts": [None, 1.0]}
    assert json.loads(trainer_files.json_text({"a": float("-inf")})) == {"a": None}
    with pytest.raises(FloatingPointError, match="lower learning_rate"):
        runs.check_finite({"step": 3, "loss": float("nan")})


def test_figures_of_nine_need_one_of_the_nine():
    two = {"artists": ("titian", "claude-monet"), "calibration": models.Calibration()}
    entry = models.get("vgg16").model_copy(update=two)
    split = evaluate.Predictions(np.array([[0.0, 1, 0]]), np.array([1]))
    assert "nine_accuracy" not in evaluate.figures(split, entry)
    with pytest.raises(AtelierError, match="None of the paintings"):
        evaluate.figures(evaluate.Predictions(np.zeros((1, 3)), np.array([2])), entry)


WRITERS = {
    "history.csv": lambda path: History(path.parent).append({"epoch": 1, "loss": 1.0}),
    "trials.csv": lambda path: History(path.parent, index="number", file=path.name).append(
        {"number": 1, "loss": 1.0}
    ),
    "mine.json": lambda path: evaluate.write_comparison([{"model": "m"}], path.with_suffix("")),
    "trained_on.npy": lambda path: trained_on.remember([], path),
    "state.npz": lambda path: trainer_files.save_arrays(path, {"a": np.zeros(3)}),
    "models.json": lambda path: catalogue.update(out=path.parent),
    "vgg16.md": lambda path: cards.write_card(models.get("vgg16"), path.parent),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_appears_whole_or_not_at_all(name, tmp_path, monkeypatch):
    path = tmp_path / name
    before = b"[]" if name == "models.json" else b"step,loss,epoch\n"
    path.write_bytes(before)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.files._settle", full)
    with pytest.raises(OutputError, match="No space"):
        WRITERS[name](path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.slow
def test_a_model_can_be_used_whenever_publishing_it_again_fails(data, tmp_path, shelf, monkeypatch):
    assert classifier(data, tmp_path / "one", "--no-card").exit_code == 0
    assert classifier(data, tmp_path / "two", "--no-card", "--set", "seed=2").exit_code == 0
    before = publish.publish_classifier(tmp_path / "one", data, version="1")
    card, listed = (shelf / "custom_cnn.md").read_bytes(), (shelf / "models.json").read_bytes()

    def failing(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for place in ("evaluate.record", "cards.write_card", "catalogue.update"):
        with monkeypatch.context() as patch:
            patch.setattr(f"training.publishing.{place}", failing)
            with pytest.raises(KeyboardInterrupt):
                publish.publish_classifier(tmp_path / "two", data, version="2")
        assert (shelf / "models.json").read_bytes() == listed
        assert models.checked(shelf / before.file.name, before.file.sha256)
        if place != "catalogue.update":  # nothing was put in its place yet
            assert (shelf / "custom_cnn.md").read_bytes() == card
            assert evaluations.read(before, shelf) is not None
        assert not list(shelf.glob(".publishing-*"))
    after = publish.publish_classifier(tmp_path / "two", data, version="2")
    assert after.file.sha256 != before.file.sha256
    assert [path.name for path in shelf.glob("*.h5")] == [after.file.name]
    assert evaluations.read(after, shelf) is not None


@pytest.mark.slow
def test_evaluating_names_what_it_leaves_out_and_ends_with_three(data, tmp_path, shelf):
    assert classifier(data, tmp_path / "run", "--no-card").exit_code == 0
    publish.publish_classifier(tmp_path / "run", data, version="1")
    next(data.glob("*/3.png")).write_bytes(b"no picture")
    answer = invoke("evaluate", "--data", data)
    assert answer.exit_code == 3
    assert "3.png" in answer.stderr
    assert json.loads(answer.stdout)[0]["paintings"] == 3
    for n in range(3):
        next(data.glob(f"*/{n}.png")).write_bytes(b"no picture")
    assert invoke("evaluate", "--data", data).exit_code == 1
    (shelf / "custom_cnn.weights.h5").write_bytes(b"damaged")
    picture(data / "Titian" / "0.png", 0)
    loading._loaded.clear()
    answer = invoke("evaluate", "--data", data)
    assert answer.exit_code == 1
    assert "was not measured" in answer.stderr


def test_paintings_without_strangers_need_no_folder_for_them(data):
    paintings = dataset.read(data)
    assert all(isinstance(painting, Painting) and painting.artist for painting in paintings)
    inputs.check_paintings(paintings, 4, publish=True)
    assert issubclass(collection.CollectionError, FileNotFoundError)
