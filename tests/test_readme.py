"""The README tells the truth: its commands are those that CI runs, its figures are measured."""

from __future__ import annotations

import json
import re
import tomllib

from core import models, monet
from core.settings import ROOT, Settings
from core.stylize import artist_styles, instant

README = (ROOT / "README.md").read_text(encoding="utf-8")


def row(entry: models.Entry) -> str:
    """A model's row of the README's table, from its evaluation."""
    test = entry.figures["test"]
    figures = [
        test["macro_accuracy"],
        test["top5_accuracy"],
        test["nine_accuracy"],
        test["nine_accuracy_among_nine"],
        test["calibration_error"],
        test["known_auroc"],
    ]
    cells = [entry.title, *(f"{value:.3f}" for value in figures)]
    cells += [f"{entry.total_bytes / 1e6:.1f} MB"]
    cells += [f"{entry.figures['speed']['milliseconds']:.0f} ms"]
    return f"| {' | '.join(cells)} |"


def test_every_figure_is_the_measured_one():
    for entry in models.classifiers():
        assert row(entry) in README, f"The README should say: {row(entry)}"


def monet_row(entry: models.Entry) -> str:
    """A generator's row of the README's other table."""
    found = entry.figures["held_out"]
    names = ("distance_closed", "cycle_l1", "content_kept", "checkerboard_ratio")
    cells = [entry.title, *(f"{found[name]:.3f}" for name in names)]
    return f"| {' | '.join(cells)} | {entry.total_bytes / 1e6:.1f} MB |"


def test_the_figures_of_the_generators_are_the_measured_ones():
    for model_id in monet.MODELS.values():
        expected = monet_row(models.get(model_id))
        assert expected in README, f"The README should say: {expected}"


def test_every_setting_is_explained():
    for name in Settings.model_fields:
        assert f"ATELIER_{name.upper()}" in README


def test_every_setting_that_is_explained_exists():
    table = README.split("## Settings")[1].split("\n## ")[0]
    named = set(re.findall(r"`ATELIER_(\w+)`", table))
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_limits_are_those_of_the_settings():
    limits = {name: Settings.model_fields[name].default for name in ("max_bytes", "max_pixels")}
    side = Settings.model_fields["max_side"].default
    words = f"{limits['max_bytes'] // 10**6} MB, {limits['max_pixels'] // 10**6} megapixels"
    assert f"| {words}, {side:,} |" in README
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["maxUploadSize"] * 10**6 == limits["max_bytes"]


def test_every_path_and_picture_it_links_to_exists():
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_two_commands_are_marked_for_ci():
    for mark in ("<!-- open -->", "<!-- test -->"):
        assert README.count(mark) == 1
    assert "requirements-dev.txt" in README.split("<!-- test -->")[1].split("```")[1]
    assert README.index("<!-- test -->") < 1500  # on the first screen


def test_what_is_said_of_the_instant_style_was_measured():
    found = models.get(instant.MODEL).figures["held_out"]
    words = (
        f"Of {found['pairs']} pairs of a photo and a painting that training never saw, it leaves "
        f"{found['loss_share']:.2f} of the loss"
    )
    assert words in " ".join(README.split()), f"The README should say: {words}"
    assert f"painters by name: {len(artist_styles.catalogue())} of them" in " ".join(README.split())


def test_what_is_said_of_similar_paintings_was_measured():
    path = models.assets() / models.DEFAULT / "similar.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["weights"] == models.get(models.DEFAULT).file.sha256
    recall, took = found["recall"], found["query_ms"]
    for words in (
        f"Of {found['looked_for']} test paintings among {found['indexed']:,}, ",
        f"{recall['mirror_image']:.3f} are found by their mirror image",
        f"{recall['crop']:.3f} by a crop",
        f"{recall['gray']:.3f} by a copy without color",
        f"{found['same_painter']:.3f} of {found['same_painter_of']:,} test paintings",
        f"the classifier names {found['classifier_accuracy']:.3f} rightly",
        f"among 100,000 takes {took['exact_100000']['processor_time']:.0f} ms of processor time",
    ):
        assert words in " ".join(README.split()), f"The README should say: {words}"


def test_what_is_said_of_estimated_accuracy_was_measured():
    path = models.assets() / models.DEFAULT / "estimated_accuracy.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["weights"] == models.get(models.DEFAULT).file.sha256
    points = {name: 100 * each["off_by"] for name, each in found.items() if isinstance(each, dict)}
    for words in (
        f"of {found['paintings']} test paintings it is off by {abs(points['as they are']):.1f}",
        f"through a phone by {abs(points['through a phone']):.1f}",
        f"without color by {abs(points['without color']):.1f}",
        f"by {points['a half of each side']:.1f} points for a half of each side",
        f"by {points['blurred']:.1f} if they are blurred",
    ):
        assert words in " ".join(README.split()), f"The README should say: {words}"
