"""The page Laboratory as a script, through Streamlit's AppTest."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import artists, examples, images, models, settings
from core.identify import Guess, Identification
from core.models import evaluations, loading
from core.recipes import RECIPES
from core.settings import ROOT
from pages.components.laboratory import calibration, gallery, recipe, training
from pages.components.laboratory.comparison import agreement
from tests.pages.conftest import alts, words

LABORATORY = str(ROOT / "pages" / "laboratory.py")
LITE = models.get("efficientnet_lite0")
VIEWS = ("Training", "Confusions", "Artists", "Calibration", "Errors")


def open_page(view: str = "All models", of_model: str = "Training", model: str = "") -> AppTest:
    app = AppTest.from_file(LABORATORY, default_timeout=120).run()
    if view != "All models":
        app.segmented_control(key="lab-view").set_value(view).run()
    if model:
        app.selectbox(key="lab-model").set_value(model).run()
    if of_model != "Training":
        app.segmented_control(key="lab-model-view").set_value(of_model).run()
    assert not app.exception
    return app


def chart(app: AppTest, key: str) -> dict:
    (found,) = [c for c in app.get("plotly_chart") if c.proto.id.endswith(key)]
    return json.loads(found.proto.spec)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What lies beside the models, as a copy that a test may damage; the page reads it."""
    place = tmp_path / "models"
    for entry in models.classifiers():
        shutil.copytree(models.ASSETS / entry.id, place / entry.id)
    table, recipe = evaluations.table, evaluations.recipe
    monkeypatch.setattr(evaluations, "table", lambda entry, name: table(entry, name, place))
    monkeypatch.setattr(evaluations, "recipe", lambda entry: recipe(entry, place))
    return place


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> models.Entry:
    """A model whose file is not the one that was measured."""
    digests = evaluations.digests
    monkeypatch.setattr(
        evaluations,
        "digests",
        lambda entry, directory: (
            {"another": "file"} if entry.id == LITE.id else digests(entry, directory)
        ),
    )
    return LITE


@pytest.fixture
def paintings(tmp_path: Path, make_picture, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """A directory with the first three errors of five painters; the rows of these errors."""
    errors = evaluations.errors(evaluations.table(LITE, "paintings"))
    some = ["alfred-sisley", "camille-pissarro", "pablo-picasso", "claude-monet", "salvador-dali"]
    rows = errors[errors["artist"].isin(some)].groupby("artist").head(3)
    for number, file in enumerate(rows["file"]):
        path = tmp_path / "paintings" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.encode(make_picture(90, 120, seed=number), "JPEG"))
    monkeypatch.setenv("ATELIER_COLLECTION", str(tmp_path / "paintings"))
    settings.settings.cache_clear()
    return rows


def test_the_table_is_that_of_the_evaluation_files():
    app = open_page()
    table = app.dataframe[0].value.set_index("title")
    assert len(table) == len(models.classifiers())
    assert table["test"].is_monotonic_decreasing
    for entry in models.classifiers():
        row = table.loc[entry.title]
        written = json.loads((models.ASSETS / entry.id / "evaluation.json").read_text())
        for split in evaluations.SPLITS:
            if split in written["splits"]:
                assert row[split] == written["splits"][split]["figures"]["accuracy"]
            else:
                assert np.isnan(row[split])
        for name in ("macro_accuracy", "macro_f1", "top5_accuracy", "calibration_error"):
            assert row[name] == written["splits"]["test"]["figures"][name]
        assert row["milliseconds"] == written["milliseconds"]
        assert row["megabytes"] == pytest.approx(entry.total_bytes / 1e6, abs=0.05)
        assert (row["trained_on"], row["trained"]) == (entry.trained_on, entry.date)
        assert ("default" in row["remarks"]) == (entry.id == models.DEFAULT)
    assert "best" in table.iloc[0]["remarks"]
    assert "not evaluated" not in words(app).casefold()


def test_chart_and_table_can_be_downloaded():
    app = open_page()
    assert [b.proto.label for b in app.get("download_button")] == ["Data", "Download as CSV"]
    assert chart_ids(app)[-1] == evaluations.overview(models.classifiers())["model"][0]


def chart_ids(app: AppTest) -> list[str]:
    """Ids of the models in the chart of all, the best last."""
    titles = {entry.title: entry.id for entry in models.classifiers()}
    spec = chart(app, "chart-models")
    return [titles[title] for title in spec["layout"]["yaxis"]["ticktext"]]


def test_what_the_reports_recipes_reached_stands_below(monkeypatch: pytest.MonkeyPatch):
    measured = evaluations.read(LITE)
    attempt = evaluations.Attempt(
        recipe="resnet50",
        title="ResNet50, one phase",
        reported=0.55,
        epochs=3,
        seconds=600,
        megabytes=44.4,
        changes={"sizes": [[0.0, 112]]},
        evaluation=measured,
    )
    monkeypatch.setattr(evaluations, "attempts", lambda: [attempt])
    table = open_page().dataframe[1].value
    assert len(table) == 1
    row = table.iloc[0]
    figures = measured.splits["test"].figures
    assert row["macro_accuracy"] == figures["macro_accuracy"]
    assert row["nine"] == figures["nine_accuracy_among_nine"]
    assert (row["reported"], row["minutes"], row["changes"]) == (0.55, 10, "sizes=[[0.0, 112]]")

    monkeypatch.setattr(evaluations, "attempts", list)
    assert len(open_page().dataframe) == 1


def test_a_model_whose_file_has_changed_is_not_evaluated(unmeasured: models.Entry):
    app = open_page()
    row = app.dataframe[0].value.set_index("title").loc[unmeasured.title]
    assert row["remarks"] == "not evaluated"
    assert row[["train", "val", "test", "macro_f1", "milliseconds"]].isna().all()
    assert app.dataframe[0].value["title"].iloc[-1] == unmeasured.title
    assert "its file has changed since" in words(app)
    assert unmeasured.id not in chart_ids(app)
    for view in VIEWS[1:]:
        app = open_page("One model", view, unmeasured.id)
        assert "is not evaluated on test paintings" in words(app)
        assert f"--model {unmeasured.id}" in app.code[0].value
        assert not app.get("plotly_chart")
    app = open_page("One model", "Training", unmeasured.id)
    assert app.get("plotly_chart")  # how it was trained is still known


def test_without_any_evaluation_the_page_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(evaluations, "read", lambda *args: None)
    app = open_page()
    assert "No model has been measured yet" in words(app)
    assert "python -m training evaluate" in app.code[0].value
    assert len(app.dataframe[0].value) == len(models.classifiers())
    assert not app.get("plotly_chart")


def test_tables_of_test_do_not_count_for_a_model_measured_on_another_split_only(
    monkeypatch: pytest.MonkeyPatch,
):
    found = evaluations.read(LITE)
    test = found.splits["test"]
    only = found.model_copy(update={"splits": {"val": test}})
    monkeypatch.setattr(evaluations, "read", lambda *args: only)
    app = open_page()
    assert app.dataframe[0].value["test"].isna().all()
    assert set(app.dataframe[0].value["val"]) == {test.figures["accuracy"]}
    assert "Top-1 accuracy of each model" in words(app)
    app = open_page("One model", "Artists", LITE.id)
    assert "is not evaluated on test paintings" in words(app)


@pytest.mark.parametrize("models_there", [0, 1])
def test_few_models(monkeypatch: pytest.MonkeyPatch, models_there: int):
    few = models.classifiers()[:models_there]
    monkeypatch.setattr(models, "classifiers", lambda: few)
    app = open_page()
    if not few:
        assert "There is no model" in words(app)
        assert "There is no model" in words(open_page("One model"))
    else:
        assert app.dataframe[0].value["remarks"].tolist() == ["default"]
    assert "It takes two models" in words(open_page("Two models"))


@pytest.mark.parametrize("entry", models.classifiers(), ids=lambda entry: entry.id)
def test_every_view_of_every_model_draws(entry: models.Entry):
    app = open_page("One model", model=entry.id)
    test = evaluations.read(entry).splits["test"].figures
    assert f"{test['accuracy']:.0%}".rstrip("%") + " %" in words(app)
    curves = chart(app, "curve-right")["data"]
    history = evaluations.table(entry, "history")
    assert len(curves[0]["x"]["bdata"] if isinstance(curves[0]["x"], dict) else curves[0]["x"])
    assert f"{len(history)} epochs" in words(app)
    assert "**Source**" in words(app)
    expected = {"Confusions": 2, "Artists": 1, "Calibration": 1, "Errors": 0}
    for view, charts in expected.items():
        app.segmented_control(key="lab-model-view").set_value(view).run()
        assert not app.exception, view
        assert len(app.get("plotly_chart")) == charts, view


def test_confusions_show_the_most_frequent_pair_and_any_other():
    app = open_page("One model", "Confusions", LITE.id)
    confusion = evaluations.table(LITE, "confusion").set_index("artist")
    first = evaluations.confused_pairs(confusion.reset_index()).iloc[0]
    assert app.selectbox(key="lab-painter").value == first["artist"]
    assert f": {first['times']} of {first['paintings']} paintings" in words(app)
    app.selectbox(key="lab-painter").set_value("claude-monet")
    app.selectbox(key="lab-named").set_value("claude-monet").run()
    right, of = confusion.loc["claude-monet", "claude-monet"], confusion.loc["claude-monet"].sum()
    assert f"named rightly: {right} of {of} paintings" in words(app)
    spec = chart(app, "lab-matrix")
    names = spec["data"][0]["y"]
    born = [artists.find(name).born for name in names]
    assert born == sorted(born)
    assert len(spec["data"][2]["x"]) == len(names) ** 2
    app.selectbox(key="lab-named").set_value("titian").run()
    assert "The other way round" in words(app)


def test_another_model_begins_with_its_own_confusion():
    app = open_page("One model", "Confusions", LITE.id)
    app.selectbox(key="lab-painter").set_value("titian").run()
    app.selectbox(key="lab-model").set_value("vgg16").run()
    pairs = evaluations.confused_pairs(evaluations.table(models.get("vgg16"), "confusion"))
    assert app.selectbox(key="lab-painter").value == pairs["artist"][0]


def test_artists_can_be_sorted():
    app = open_page("One model", "Artists", LITE.id)
    table = evaluations.table(LITE, "per_artist")
    found = chart(app, "per-artist")["data"][2]
    assert found["y"][0] == table.loc[table["recall"].idxmin(), "name"]
    app.segmented_control(key="lab-artist-order").set_value("Name").run()
    assert chart(app, "per-artist")["data"][2]["y"] == sorted(table["name"], reverse=True)


def test_calibration_says_what_the_figures_say():
    text = words(open_page("One model", "Calibration", LITE.id))
    test = evaluations.read(LITE).splits["test"].figures
    assert f"off by **{100 * test['calibration_error']:.1f} points**" in text
    assert f"Of {test['others']} paintings by others" in text
    table = pd.DataFrame(
        {
            "from": [0.5, 0.9],
            "to": [0.6, 1.0],
            "paintings": [10, 1000],
            "confidence": [0.55, 0.95],
            "accuracy": [0.3, 0.9],
        }
    )
    assert "1,000 paintings of which it said 95 %" in calibration.furthest_off(table)
    assert "surer than it should" in calibration.furthest_off(table)


def test_errors_without_a_directory_are_a_table():
    app = open_page("One model", "Errors", LITE.id)
    errors = evaluations.errors(evaluations.table(LITE, "paintings"))
    table = app.dataframe[0].value
    assert len(table) == len(errors)
    assert table["probability"].is_monotonic_decreasing
    assert table["painter"][0] == artists.get(errors["artist"][0]).name
    data = evaluations.read(LITE).splits["test"].data
    assert f"Name the directory that was measured, *{data}*" in words(app)
    assert alts(app) == []


def test_errors_are_shown_where_the_paintings_are(paintings: pd.DataFrame):
    app = open_page("One model", "Errors", LITE.id)
    free = paintings["artist"].isin(["alfred-sisley", "camille-pissarro", "claude-monet"])
    assert len(alts(app)) == free.sum()
    assert not any("Picasso, taken" in alt or "Dalí, taken" in alt for alt in alts(app))
    first = paintings[free].iloc[0]
    assert alts(app)[0].startswith(f"A painting: {artists.get(first['artist']).name}, taken for ")
    text = words(app)
    assert f"{(~free).sum()} not shown: the painter died less than 70 years ago" in text
    errors = evaluations.errors(evaluations.table(LITE, "paintings"))
    assert f"{len(errors) - len(paintings)} not in this directory" in text


def test_who_holds_the_rights_sees_all(paintings: pd.DataFrame, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ATELIER_SHOW_ALL", "true")
    settings.settings.cache_clear()
    app = open_page("One model", "Errors", LITE.id)
    assert len(alts(app)) == len(paintings)
    assert "not shown" not in words(app)


def test_a_pair_shows_its_paintings(paintings: pd.DataFrame):
    app = open_page("One model", "Confusions", LITE.id)
    first = paintings[paintings["artist"] == "camille-pissarro"].iloc[0]
    app.selectbox(key="lab-painter").set_value(first["artist"])
    app.selectbox(key="lab-named").set_value(first["named"]).run()
    assert not app.exception
    name = artists.get(first["named"]).name
    assert any(
        alt.startswith(f"A painting: Camille Pissarro, taken for {name}") for alt in alts(app)
    )


def test_a_painting_that_cannot_be_read_is_named(paintings: pd.DataFrame):
    free = paintings[paintings["artist"] == "alfred-sisley"]
    (settings.settings().collection / free["file"].iloc[0]).write_bytes(b"not a picture")
    app = open_page("One model", "Errors", LITE.id)
    assert f"{free['file'].iloc[0]}: " in words(app)


def test_a_table_cannot_lead_out_of_the_directory_nor_lend_another_name(
    paintings: pd.DataFrame, tmp_path: Path, make_picture
):
    (tmp_path / "secret.jpg").write_bytes(images.encode(make_picture(), "JPEG"))
    picasso = paintings[paintings["artist"] == "pablo-picasso"]["file"].iloc[0]
    files = ["../secret.jpg", str(tmp_path / "secret.jpg"), picasso]
    rows = pd.DataFrame({"file": files, "artist": ["claude-monet"] * 3})
    found = gallery.showable(settings.settings().collection, rows)
    assert found.rows.empty
    assert (found.hidden, found.missing) == (0, 3)


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_missing_and_damaged_tables_are_said(shelf: Path, damage: str):
    for name in evaluations.TABLES:
        if damage == "missing":
            (shelf / LITE.id / f"{name}.csv").unlink(missing_ok=True)
        else:
            (shelf / LITE.id / f"{name}.csv").write_bytes(b"\x00\xff,\n1")
    (shelf / LITE.id / "options.json").write_text("{" if damage == "damaged" else "{}")
    said = {
        "Training": "How this model learned was not kept",
        "Confusions": "The table of confusions is missing or damaged",
        "Artists": "The table of artists is missing or damaged",
        "Calibration": "The table behind this is missing or damaged",
        "Errors": "The list of paintings is missing or damaged",
    }
    for view, sentence in said.items():
        app = open_page("One model", view, LITE.id)
        assert sentence in words(app), view
        assert not app.get("plotly_chart")


def test_a_model_without_any_error(shelf: Path):
    paintings = evaluations.table(LITE, "paintings")
    paintings.assign(named=paintings["artist"].fillna("titian")).to_csv(
        shelf / LITE.id / "paintings.csv", index=False
    )
    confusion = evaluations.table(LITE, "confusion")
    ids = confusion["artist"]
    perfect = pd.DataFrame(np.eye(len(ids), dtype=int), columns=ids)
    perfect.insert(0, "artist", ids)
    perfect.to_csv(shelf / LITE.id / "confusion.csv", index=False)
    assert "were named rightly" in words(open_page("One model", "Errors", LITE.id))
    assert "every painting was named rightly" in words(
        open_page("One model", "Confusions", LITE.id)
    )


@pytest.mark.parametrize(
    "history",
    [
        "epoch,loss\n1,2.5\n",
        "epoch,val_macro\n1,0.5\n2,\n3,0.25\n",
        "epoch,phase,size,loss,val_loss,val_macro\n1,1,144,3,2,0.1\n2,2,144,2,,0.2\n3,2,176,1,1,0.3\n",
        "epoch,loss,seconds\n1,high,long\n2,low,short\n",
        "epoch,loss,val_macro\n1,,\n2,,\n",
        "epoch\n1\n",
    ],
)
def test_histories_of_any_columns(shelf: Path, history: str):
    (shelf / LITE.id / "history.csv").write_text(history)
    open_page("One model", "Training", LITE.id)


def test_what_was_tried_at_random_is_shown(shelf: Path):
    (shelf / LITE.id / "search.csv").write_text(
        "trial,units,learning_rate,val_macro\n1,128,0.002,0.42\n0,384,0.0001,0.31\n"
    )
    app = open_page("One model", "Training", LITE.id)
    assert chart(app, "search")["data"][0]["text"] == ["384", "128"]  # by their rates
    assert "macro accuracy 42 % at a learning rate of 0.002 with 128 dense" in words(app)


def test_phases_and_sizes_are_marked():
    history = pd.DataFrame(
        {"epoch": [1, 2, 3, 4], "phase": [1, 2, 2, 2], "size": [144, 144, 176, 176]}
    )
    marks = [(mark.epoch, mark.text) for mark in training.stretches(history)]
    assert marks == [(1, "144 px"), (3, "176 px"), (2, "phase 2")]
    assert training.stretches(history[["epoch"]]) == []
    assert training.duration(5500) == "1 h 32 min"


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_said_in_words(name: str):
    options = json.loads(json.dumps(dataclasses.asdict(RECIPES[name])))
    lines = recipe.in_words(options | {"published": {"side": 256, "soup": True}})
    assert lines["Seed"] == "1"
    phases = [line for line in lines if line.startswith(("Phase", "Course"))]
    assert len(phases) == len(RECIPES[name].stages)
    assert all("learning rate" in lines[phase] for phase in phases)
    assert ("Augmentation" in lines) != RECIPES[name].frozen_base
    taught = ["the opinion of EfficientNet-Lite0" in lines[phase] for phase in phases]
    assert taught == [stage.taught > 0 for stage in RECIPES[name].stages]
    assert "256 × 256" in lines["Checkpoint"]


def test_a_recipe_of_another_version_is_no_reason_to_fail(shelf: Path):
    for text in ('{"network": "x"}', '{"sizes": 3, "augmentation": 1}'):
        (shelf / LITE.id / "options.json").write_text(text)
        assert "this version does not know" in words(open_page("One model", "Training", LITE.id))


def two(example: int | None = None) -> AppTest:
    app = open_page("Two models")
    if example is not None:
        app.button(key=f"lab-example-{example}").click().run()
        assert not app.exception
    return app


def test_two_models_see_the_same_example():
    app = two(0)
    text = words(app)
    assert "Both say Vincent van Gogh" in text
    assert text.count('<p class="name">Vincent van Gogh</p>') == 2
    assert len(app.get("plotly_chart")) == 2
    assert text.count(" ms</p>") == 2
    app.toggle(key="lab-heat").set_value(True).run()
    assert not app.exception
    assert alts(app).count("What spoke for Vincent van Gogh is lit, the rest is in shade") == 2


def test_a_dropped_painting_takes_the_place_of_the_example():
    app = two(0)
    wave = examples.catalogue()[2].read()
    app.file_uploader(key="lab-upload").set_value([("wave.jpg", wave, "image/jpeg")]).run()
    assert not app.exception
    assert "Your picture wave.jpg" in alts(app)
    assert "Katsushika Hokusai" in words(app)
    assert not [button for button in app.button if button.key.startswith("lab-example")]


def test_a_broken_file_gets_a_sentence():
    app = two()
    app.file_uploader(key="lab-upload").set_value([("x.txt", b"Dear Theo", "text/plain")]).run()
    assert not app.exception
    assert "**x.txt**: This is not a picture" in app.warning[0].value


def test_a_file_name_cannot_bring_markup(make_picture):
    app = two()
    name = "<img src=x onerror=alert(1)>.jpg"
    app.file_uploader(key="lab-upload").set_value(
        [(name, images.encode(make_picture()), "image/jpeg")]
    ).run()
    assert not app.exception
    assert not any("<img" in h.proto.body for h in app.get("html"))


def test_the_two_models_are_never_the_same():
    app = two()
    second = app.selectbox(key="lab-second").value
    app.selectbox(key="lab-first").set_value(second).run()
    assert not app.exception
    assert app.selectbox(key="lab-second").value != second


def test_weights_that_cannot_be_loaded_are_said_and_the_other_model_still_speaks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / LITE.file.name).write_bytes(b"damaged")
    monkeypatch.setenv("ATELIER_WEIGHTS", str(tmp_path))
    settings.settings.cache_clear()
    monkeypatch.setattr(loading, "_loaded", {})
    app = two(2)
    assert "damaged or not the published one" in app.error[0].value
    assert "Katsushika Hokusai" in words(app)
    assert len(app.get("plotly_chart")) == 1


def test_agreement_in_words():
    def said(artist: str, known: bool | None) -> Identification:
        return Identification(
            "m", "0123456789ab", (Guess(artists.get(artist), 0.5),), known, 0.5, 0.1
        )

    monet, titian = said("claude-monet", True), said("titian", True)
    stranger, unsure = said("titian", False), said("claude-monet", None)
    assert agreement(monet, monet) == "Both say Claude Monet"
    assert agreement(monet, titian) == "They disagree"
    assert agreement(monet, unsure) == "Both say Claude Monet"
    assert agreement(unsure, titian) == "They disagree"
    assert agreement(stranger, monet) == "One says Claude Monet, the other does not know this hand"
    assert agreement(stranger, stranger) == "Neither knows this hand"
