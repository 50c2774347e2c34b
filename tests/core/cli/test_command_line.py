"""`python -m core` as scripts use it: a subprocess, JSON lines, exit status."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.walls import on_a_wall
from core import examples, images, models
from core.settings import ROOT


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> list[Path]:
    """Eighty pictures and twenty broken files, mixed."""
    rng = np.random.default_rng(0)
    originals = [example.read() for example in examples.catalogue()]
    paths = []
    for n in range(100):
        path = tmp_path / f"{n:03d} a név.jpg"
        good = originals[n % len(originals)]
        if n % 5 == 4:
            kind = (n // 5) % 4
            noise = rng.integers(0, 256, 500, np.uint8).tobytes()
            content = [b"", noise, good[: len(good) // 3], b"GIF89a" + noise][kind]
            path.write_bytes(content)
        else:
            path.write_bytes(good)
        paths.append(path)
    return paths


def test_a_painting_is_cut_out_of_its_wall(tmp_path: Path):
    photo, _, _ = on_a_wall(images.load(examples.catalogue()[2].read(), enough=600).pixels, 2)
    (tmp_path / "museum.jpg").write_bytes(images.encode(photo, "JPEG"))
    (tmp_path / "wave.jpg").write_bytes(examples.catalogue()[2].read())
    done = run("identify", tmp_path / "museum.jpg", tmp_path / "wave.jpg", "--cut-out", "--json")
    museum, wave = map(json.loads, done.stdout.splitlines())
    assert len(museum["corners"]) == 4
    assert wave["corners"] is None
    assert museum["artists"][0]["name"] == wave["artists"][0]["name"]


@pytest.mark.slow
def test_a_hundred_paintings_twenty_of_them_broken(folder):
    done = run("identify", *folder, "--json", "--top", 3)
    assert done.returncode == 3
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["image"] for line in lines] == [str(path) for path in folder]
    errors = [line for line in lines if "error" in line]
    assert [n for n, line in enumerate(lines) if "error" in line] == list(range(4, 100, 5))
    assert all(line["error"].endswith(".") for line in errors)
    for line in lines:
        if "error" not in line:
            of_picture = ["artists", "known", "known_score", "kind", "kinds", "seconds"]
            assert list(line) == ["image", "model", "version", *of_picture]
            assert line["model"] == models.DEFAULT
            assert len(line["artists"]) == 3
            assert all(0 <= a["probability"] <= 1 for a in line["artists"])
            assert isinstance(line["known"], bool)
            assert 0 <= line["known_score"] <= 1
    same = [line["artists"] for n, line in enumerate(lines) if n % 5 == 0]
    assert all(artists == same[0] for artists in same)


def test_all_well_is_status_zero_and_text_names_the_painter(tmp_path):
    path = tmp_path / "wave.png"
    picture = images.load(examples.catalogue()[2].read())
    path.write_bytes(images.encode(picture.pixels, "PNG"))
    done = run("identify", path)
    assert done.returncode == 0, done.stderr
    assert "Katsushika Hokusai" in done.stdout


def test_a_missing_file_is_an_error_line_and_the_rest_goes_on(tmp_path):
    path = tmp_path / "here.jpg"
    path.write_bytes(examples.catalogue()[0].read())
    done = run("identify", tmp_path / "gone.jpg", path, "--json")
    assert done.returncode == 3
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["error"].startswith("The file cannot be opened")
    assert second["artists"]


def test_an_unknown_model_is_wrong_usage_and_one_sentence(tmp_path):
    done = run("identify", tmp_path / "x.jpg", "--model", "nonsense")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip().startswith("No model 'nonsense'")


def test_damaged_weights_are_status_one_and_one_sentence(tmp_path):
    name = models.get(models.DEFAULT).file.name
    (tmp_path / name).write_bytes(b"damaged")
    done = run("identify", "x.jpg", ATELIER_WEIGHTS=str(tmp_path))
    assert done.returncode == 1
    assert "damaged or not the published one" in done.stderr
    assert "Traceback" not in done.stderr


def test_explain_writes_a_picture_beside_each_answer(tmp_path):
    path = tmp_path / "wave.jpg"
    path.write_bytes(examples.catalogue()[2].read())
    done = run("identify", path, "--explain", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    lit = images.load(tmp_path / "out" / "wave.png")
    assert lit.pixels.shape == images.load(path).pixels.shape


def test_models_lists_what_the_catalogue_holds():
    done = run("models", "--json")
    assert done.returncode == 0
    listed = json.loads(done.stdout)
    assert [m["id"] for m in listed] == list(models.catalogue())
    for model in listed:
        assert list(model) == [
            "id", "task", "version", "source", "sha256", "bytes", "licence", "figures",
        ]  # fmt: skip
    for_people = run("models")
    assert for_people.returncode == 0, for_people.stderr
    assert all(name in for_people.stdout for name in models.catalogue())


def test_the_library_does_not_import_tensorflow_before_it_is_needed():
    code = (
        "import sys; from core import identify, images, journal, models, artists; "
        "models.classifiers(); sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_copy_of_the_library_works_without_the_training_package(tmp_path):
    """`core` never imports `training`."""
    for name in ("core", "assets"):
        shutil.copytree(ROOT / name, tmp_path / name)
    code = "from core import identify, examples, images; " + (
        "print(identify.identify(images.load(examples.catalogue()[2].read())).guesses[0].artist.id)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "katsushika-hokusai", done.stderr


@pytest.mark.slow
def test_photos_become_monets_and_a_broken_one_is_told(tmp_path: Path):
    photo = tmp_path / "a garden.jpg"
    photo.write_bytes(examples.photos()[0].read())
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:1000])
    missing = tmp_path / "nowhere.jpg"
    done = run("monet", photo, broken, missing, "-o", tmp_path / "out", "--json")
    assert done.returncode == 3
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert first["image"] == str(photo)
    assert first["size"] == [640, 427]
    painted = images.load(first["output"]).pixels
    assert painted.shape == (427, 640, 3)
    assert np.abs(painted.astype(float) - images.load(photo).pixels).mean() > 2
    assert second["error"].startswith("The picture is damaged")
    assert third["error"].startswith("The file cannot be opened")


@pytest.mark.slow
def test_a_monet_becomes_a_photo_at_half_strength(tmp_path: Path):
    painting = tmp_path / "wave.jpg"
    painting.write_bytes(examples.catalogue()[2].read())
    options = ["--direction", "to-photo", "--strength", "0.5", "--brush", "fine"]
    done = run("monet", painting, "-o", tmp_path, *options)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "wave-to-photo.png").exists()
    assert "wave-to-photo.png" in done.stdout
