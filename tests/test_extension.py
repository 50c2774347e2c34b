"""A classifier from outside the tree, from its training to its first answer."""

from __future__ import annotations

import csv
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core import artists, extensions, images, models, recipes
from core.__main__ import app as core_app
from core.models import entries, evaluations, loading, registry
from core.recipes import registry as recipe_registry
from core.registry import Registry
from core.settings import settings
from training.__main__ import app as training_app

MODULE = "atelier_toy_extension"
SOURCE = '''
"""A toy classifier, with its recipe."""

import keras

from core import recipes
from core.models.registry import register


@register("identify", "toy", summary="A toy.", source="Trained in a test", licence="MIT")
def toy(outputs, *, channels=4, normalisation=None, dtype="float32"):
    """Logits of the mean of one convolution."""
    layers = keras.layers
    inputs = keras.Input((None, None, 3), name="rgb")
    x = layers.Rescaling(1 / 128, offset=-1, name="normalise")(inputs)
    bias = normalisation is None
    x = layers.Conv2D(channels, 5, 4, use_bias=bias, dtype=dtype, name="stem_conv")(x)
    x = x if normalisation is None else normalisation("stem_bn")(x)
    x = layers.ReLU(dtype=dtype, name="features")(x)
    x = layers.GlobalAveragePooling2D(dtype="float32", name="pool")(x)
    return keras.Model(inputs, layers.Dense(outputs, dtype="float32", name="logits")(x))


recipes.register(
    recipes.Recipe(
        network="toy",
        name="toy_of_colours",
        epochs=12,
        batch_size=8,
        sizes=((0.0, 64),),
        shown=64,
        learning_rate=0.03,
        average=0.5,
        patience=12,
        augmentation=recipes.RECIPES["vgg16"].augmentation,
        architecture={"channels": 8},
    ),
    title="Toy of colours",
)
'''
NAMES = ("Claude Monet", "Rembrandt", "Titian")


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory of Python modules with the toy; nothing of it is left afterwards."""
    tables: list[Registry] = [
        *registry._BUILDERS.values(),
        recipe_registry.RECIPES,
        recipe_registry._TITLES,
        recipe_registry._REPORTED,
    ]
    for table in tables:
        len(table)  # what ships
        monkeypatch.setattr(table, "_rows", dict(table._rows))
        monkeypatch.setattr(table, "_origins", dict(table._origins))
    monkeypatch.setattr(extensions, "_loaded", set())
    directory = tmp_path / "outside"
    directory.mkdir()
    (directory / f"{MODULE}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(directory)
    yield directory
    sys.modules.pop(MODULE, None)
    importlib.invalidate_caches()


@pytest.fixture
def extended(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_EXTENSIONS", f" {MODULE},")
    settings.cache_clear()


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory in place of `assets/models`."""
    out = tmp_path / "assets"
    monkeypatch.setattr(entries, "ASSETS", out)
    monkeypatch.setattr(loading, "_loaded", {})
    models.catalogue.cache_clear()
    yield out
    models.catalogue.cache_clear()


@pytest.fixture
def paintings(tmp_path: Path) -> Path:
    """Three artists who paint in red, green or blue, and others; an index.csv."""
    root, rng, rows = tmp_path / "paintings", np.random.default_rng(0), []
    for a, name in enumerate((*NAMES, "_other")):
        folder = root / name.replace(" ", "_")
        folder.mkdir(parents=True)
        for n in range(12):
            pixels = rng.integers(0, 90, (48, 48, 3))
            pixels[..., a % 3] += 150 if a < 3 else 0
            (folder / f"{n}.png").write_bytes(images.encode(pixels.astype(np.uint8)))
            split = "test" if n < 3 else "val" if n < 6 and a < 3 else "train"
            artist = name if a < 3 else f"_other:Painter {n}"
            rows.append({"file": f"{folder.name}/{n}.png", "artist": artist, "split": split})
    with (root / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return root


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_classifier_from_outside_is_trained_published_and_asked(
    extended, assets, paintings, tmp_path
):
    run, data = str(tmp_path / "run"), ["--data", str(paintings)]
    trained = CliRunner().invoke(
        training_app, ["classifier", "toy_of_colours", *data, "--run", run, "--no-card"]
    )
    assert trained.exit_code == 0, trained.output
    rows = [json.loads(line) for line in trained.stdout.splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, 13))

    published = CliRunner().invoke(training_app, ["publish", run, *data, "--version", "3"])
    assert published.exit_code == 0, published.output
    assert json.loads(published.stdout)["test"]["macro_accuracy"] > 0.6  # chance: 0.33
    entry = models.get("toy_of_colours")
    assert (entry.title, entry.network, entry.version) == ("Toy of colours", "toy", "3")
    assert (entry.summary, entry.source, entry.licence) == ("A toy.", "Trained in a test", "MIT")
    assert entry.arguments == {"channels": 8}
    assert "# Toy of colours" in (assets / "toy_of_colours.md").read_text()
    (row,) = evaluations.overview(models.classifiers()).to_dict("records")  # the Laboratory's
    assert (row["model"], row["evaluated"]) == ("toy_of_colours", True)
    assert recipes.from_options(evaluations.recipe(entry)) == recipes.RECIPES["toy_of_colours"]

    right = 0
    for name in NAMES:
        picture = str(paintings / name.replace(" ", "_") / "0.png")
        heat = ["--explain", str(tmp_path / "heat")]
        asked = CliRunner().invoke(
            core_app, ["identify", picture, "--model", "toy_of_colours", "--json", *heat]
        )
        assert asked.exit_code == 0, asked.output
        answer = json.loads(asked.stdout)
        assert answer["model"] == "toy_of_colours"
        assert {artist["name"] for artist in answer["artists"]} <= {
            artists.get(artist).name for artist in entry.artists
        }
        right += answer["artists"][0]["name"] == artists.get(entry.artists[NAMES.index(name)]).name
    assert right >= 2
    assert images.load(tmp_path / "heat" / "0.png").pixels.shape == (48, 48, 3)


def test_without_the_setting_nobody_knows_it(outside, tmp_path):
    asked = ["classifier", "toy_of_colours", "--data", str(tmp_path), "--run", str(tmp_path)]
    answer = CliRunner().invoke(training_app, asked)
    assert answer.exit_code == 2
    words = " ".join(answer.stderr.replace("│", " ").split())
    assert "there is no recipe 'toy_of_colours'; there are custom_cnn, custom_cnn_tuned" in words
    assert MODULE not in sys.modules


def test_an_extension_that_cannot_be_imported_is_said_and_what_ships_still_works(
    outside, monkeypatch, tmp_path
):
    (outside / f"{MODULE}.py").write_text("import no_such_module_anywhere\n")
    monkeypatch.setenv("ATELIER_EXTENSIONS", MODULE)
    settings.cache_clear()
    sentence = f"The module {MODULE} that ATELIER_EXTENSIONS names cannot be imported: .*no_such"
    for _ in range(2):  # it is not forgotten
        with pytest.raises(extensions.ExtensionError, match=sentence):
            registry.builders("identify")["toy"]
    with pytest.raises(extensions.ExtensionError, match=sentence):
        list(recipes.RECIPES)
    entry = models.get("vgg16").model_copy(update={"network": "toy"})
    with pytest.raises(models.WeightsError, match=sentence):
        models.build(entry, tmp_path / "any.weights.h5")
    asked = ["classifier", "toy_of_colours", "--data", str(tmp_path), "--run", str(tmp_path)]
    answer = CliRunner().invoke(training_app, asked)
    assert answer.exit_code == 2
    assert "cannot be imported" in " ".join(answer.stderr.replace("│", " ").split())
    assert recipes.RECIPES["vgg16"].network == "vgg16"
    assert registry.builders("identify")["vgg16"].base == "vgg16_base"


def test_no_name_is_taken_twice(outside):
    table = registry.builders("identify")
    ours = table["vgg16"]
    with pytest.raises(ValueError, match="'vgg16' already"):

        @registry.register("identify", "vgg16")
        def other(outputs):
            raise AssertionError

    registry.register("identify", "vgg16", base=ours.base)(ours.build)  # imported once more
    assert table["vgg16"].base == "vgg16_base"
    with pytest.raises(KeyError, match=r"'vgg17'; there are: .*vgg16"):
        table["vgg17"]
    with pytest.raises(ValueError, match="'vgg16' already"):
        recipes.register(recipes.Recipe(network="vgg16"))
