"""`python -m core stylize` in all its ways: at once, step by step, folders, artists, blends."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from core import examples, images
from core.__main__ import app
from core.stylize import artist_styles, refine


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "lake.png"
    pixels = images.preview(images.load(examples.photos()[0].read()).pixels, 160)
    path.write_bytes(images.encode(pixels))
    return path


@pytest.fixture(scope="module")
def painting(photo: Path) -> Path:
    path = photo.parent.parent / "painting.png"
    pixels = images.preview(images.load(examples.catalogue()[0].read()).pixels, 160)
    path.write_bytes(images.encode(pixels))
    return path


def settings(path: Path) -> dict[str, object]:
    with Image.open(path) as picture:
        return json.loads(picture.text["atelier"])


def test_at_once_and_by_name_of_an_artist(photo, painting, tmp_path):
    """The picture remembers how it was made; other styles give other pictures."""
    made = []
    for number, given in enumerate(
        ([painting], ["vincent-van-gogh"], [painting, "vincent-van-gogh"])
    ):
        out = tmp_path / f"{number}.png"
        done = run("stylize", photo, *given, "-o", out, "--mode", "instant", "--rows", 80, "--json")
        assert done.exit_code == 0, done.stderr
        (line,) = map(json.loads, done.stdout.splitlines())
        picture = images.load(out).pixels
        assert line["size"] == [picture.shape[1], picture.shape[0]]
        assert picture.shape[0] == 80
        recorded = settings(out)
        assert recorded["mode"] == "instant"
        assert recorded["content"] == "lake.png"
        assert recorded["styles"] == [Path(name).name for name in given]
        made.append(picture.astype(int))
    assert np.abs(made[0] - made[1]).mean() > 2
    assert np.abs(made[0] - made[2]).mean() > 1
    assert np.abs(made[1] - made[2]).mean() > 1


@pytest.mark.tensorflow
def test_refining_may_start_from_the_instant_picture(photo, painting, tmp_path):
    lines = {}
    for start in ("photo", "instant"):
        out = tmp_path / f"{start}.png"
        done = run(
            "stylize",
            photo,
            painting,
            "-o",
            out,
            "--rows",
            64,
            "--steps",
            3,
            "--start",
            start,
            "--json",
        )
        assert done.exit_code == 0, done.stderr
        lines[start] = [json.loads(line) for line in done.stdout.splitlines()]
        assert [line["step"] for line in lines[start][:-1]] == [1, 2, 3]
    assert lines["instant"][0]["style_loss"] < lines["photo"][0]["style_loss"]


def test_a_folder_of_photos_becomes_a_folder_of_paintings(photo, painting, tmp_path):
    folder, out = tmp_path / "photos", tmp_path / "paintings"
    folder.mkdir()
    for name in ("one.png", "two.png"):
        (folder / name).write_bytes(photo.read_bytes())
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not looked at")
    done = run("stylize", folder, painting, "-o", out, "--mode", "instant", "--rows", 64, "--json")
    assert done.exit_code == 3
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(line["image"]).name for line in lines if "error" in line] == ["broken.jpg"]
    assert sorted(path.name for path in out.iterdir()) == [
        "contact-sheet.jpg", "one.png", "results.csv", "two.png",
    ]  # fmt: skip


def test_styles_are_mixed_as_asked(photo, painting, tmp_path):
    made = {}
    for mix in ("1,0", "0,1", "1,1"):
        out = tmp_path / f"{mix}.png"
        names = (painting, "claude-monet")
        done = run(
            "stylize", photo, *names, "-o", out, "--mode", "instant", "--rows", 64, "--mix", mix
        )
        assert done.exit_code == 0, done.stderr
        made[mix] = images.load(out).pixels.astype(int)
    apart = np.abs(made["1,0"] - made["0,1"]).mean()
    assert 0 < np.abs(made["1,1"] - made["1,0"]).mean() < apart


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mix", "1,2,3"], "one each"),
        (["--mix", "a,b"], "takes numbers"),
        (["--mix", "nan"], "positive numbers"),
        (["--mix", "0"], "not all of them zero"),
        (["--rows", "4"], "rows"),
        (["--rows", "-4"], "rows"),
        (["--rows", 10**30], "rows"),
        (["--steps", "0"], "'--steps': Input should be greater than or equal to 1"),
        (["--steps", 10**30], "'--steps': Input should be less than or equal to 1000000"),
        (["--seed", "-1"], "'--seed': Input should be greater than or equal to 0"),
        (["--brush", "nan"], "brush"),
        (["--style-weight", "inf"], "must be a finite number"),
        (["--network", "nonsense"], "vgg19"),
    ],
)
def test_what_cannot_be_is_one_sentence(photo, painting, tmp_path, arguments, words):
    done = run("stylize", photo, painting, "-o", tmp_path / "x.png", *arguments)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.replace("│", "").split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.png").exists()


def test_an_empty_folder_says_so(painting, tmp_path):
    done = run("stylize", tmp_path, painting, "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert "no pictures" in done.stderr


def test_the_artists_are_listed():
    done = run("styles", "--json")
    listed = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["artist"] for line in listed] == [
        entry.artist for entry in artist_styles.catalogue()
    ]
    assert all(line["name"] and line["paintings"] for line in listed)
    assert "claude-monet  (Claude Monet, from" in run("styles").stdout


def test_refining_without_tensorflow_is_refused_in_a_sentence(
    photo, painting, tmp_path, monkeypatch
):
    for name in ("tensorflow", "keras"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    done = run("stylize", photo, painting, "-o", tmp_path / "out.png", "--rows", 40)
    assert done.exit_code == 1
    assert "Refining needs TensorFlow" in done.stderr
    assert "pip install -r requirements.txt" in done.stderr
    assert not (tmp_path / "out.png").exists()


@pytest.fixture(scope="module")
def mask(photo: Path) -> Path:
    """White in the upper half, and twice as large as it need be."""
    path = photo.parent.parent / "mask.png"
    height, width = images.load(photo).pixels.shape[:2]
    levels = np.zeros((2 * height, 2 * width, 3), np.uint8)
    levels[:height] = 255
    path.write_bytes(images.encode(levels))
    return path


def test_a_region_is_painted_and_the_rest_stays_as_it_is(photo, painting, mask, tmp_path):
    out = tmp_path / "out.png"
    usual = ("-o", out, "--mode", "instant", "--rows", 80)
    done = run("stylize", photo, painting, *usual, "--mask", mask)
    assert done.exit_code == 0, done.stderr
    painted, pixels = images.load(out).pixels, images.load(photo).pixels
    kept = refine.as_pixels(refine.resize(pixels, 80, painted.shape[1]))
    np.testing.assert_array_equal(painted[40:], kept[40:])
    assert np.abs(painted[:36].astype(int) - kept[:36]).mean() > 5
    assert settings(out)["masks"] == ["mask.png"]

    more = ("--region-styles", "photo,1", "--region-strengths", "1,0.5", "--soft-edge", 0)
    done = run("stylize", photo, painting, *usual, "--mask", mask, *more)
    assert done.exit_code == 0, done.stderr
    painted = images.load(out).pixels
    np.testing.assert_array_equal(painted[:40], kept[:40])
    assert (painted[40:] != kept[40:]).any(-1).mean() > 0.9
    assert settings(out)["region_styles"] == ["photo", "1"]
    assert settings(out)["region_strengths"] == [1, 0.5]


def test_a_mask_that_will_not_do_is_refused_in_a_sentence(photo, painting, mask, tmp_path):
    out = tmp_path / "out.png"
    usual = ("stylize", photo, painting, "-o", out, "--mode", "instant", "--rows", 80)
    for options, status, sentence in (
        (["--mask", tmp_path / "none.png"], 1, "No such file"),
        (["--mask", painting], 1, "The mask is in color"),
        (["--region-styles", "1"], 2, "no region without a mask"),
        (["--mask", mask, "--region-styles", "2"], 2, "There is no style 2"),
        (["--mask", mask, "--region-styles", "sky"], 2, "Styles of regions"),
        (["--mask", mask, "--region-strengths", "much"], 2, "--region-strengths takes numbers"),
        (["--mask", mask, "--soft-edge", 3], 2, "--soft-edge"),
    ):
        done = run(*usual, *options)
        assert done.exit_code == status, done.output
        assert sentence in " ".join(done.stderr.replace("│", " ").split())
        assert not out.exists()
    wrong = tmp_path / "wrong.png"
    levels = np.zeros((50, 50, 3), np.uint8)
    levels[:20] = 255
    wrong.write_bytes(images.encode(levels))
    done = run(*usual, "--mask", wrong)
    assert done.exit_code == 3
    assert "another shape (50×50)" in done.stderr
