"""What the commands import: no more than they use, so that they start in a blink."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core import examples
from core.settings import ROOT
from tests.core.film import scenes

SCRIPT = """
import atexit, json, runpy, sys

def tell():
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)

atexit.register(tell)
sys.argv = ["core", *sys.argv[1:]]
runpy.run_module("core", run_name="__main__")
"""
SLOW = {"tensorflow", "keras"}
OTHERS = {"streamlit", "plotly", "pandas", "sqlalchemy", "scipy", "imagehash", "huggingface_hub"}
FILM = {"av"}


def imported(*arguments: str) -> set[str]:
    """The packages that a command has imported at its end."""
    environment = {name: v for name, v in os.environ.items() if not name.startswith("ATELIER_")}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=ROOT,
        env=environment | {"ATELIER_OFFLINE": "true"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return set(json.loads(ran.stderr.splitlines()[-1]))


@pytest.fixture
def painting(tmp_path: Path) -> str:
    path = tmp_path / "paintings" / "painting.jpg"
    path.parent.mkdir()
    path.write_bytes(examples.catalogue()[0].read())
    return str(path)


@pytest.mark.parametrize("command", ["models", "styles"])
def test_lists_import_nothing_heavy(command: str):
    assert imported(command) & (SLOW | OTHERS | FILM | {"ai_edge_litert"}) == set()


def test_a_rollback_waits_for_no_import_that_it_does_not_need():
    code = "import sys, operations.__main__, core.releases.rows; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = {name.partition(".")[0] for name in ran.stdout.split()}
    assert found & (SLOW | {"numpy", "PIL", "alembic", "huggingface_hub"}) == set()


def test_a_scan_imports_no_network(painting: str):
    assert (
        imported("scan", str(Path(painting).parent))
        & (SLOW | FILM | {"streamlit", "plotly", "sqlalchemy", "ai_edge_litert"})
        == set()
    )


def test_identify_imports_no_tensorflow(painting: str, tmp_path: Path):
    found = imported("identify", painting, "--explain", str(tmp_path / "out"))
    assert found & (SLOW | OTHERS | FILM) == set()


@pytest.mark.slow
def test_monet_imports_no_tensorflow(painting: str, tmp_path: Path):
    found = imported("monet", painting, "-o", str(tmp_path / "monet.png"))
    assert found & (SLOW | OTHERS | FILM) == set()


@pytest.mark.slow
def test_an_instant_picture_imports_no_tensorflow(painting: str, tmp_path: Path):
    out = str(tmp_path / "out.png")
    styles = [painting, "claude-monet"]
    found = imported("stylize", painting, *styles, "-o", out, "--mode", "instant", "--rows", "100")
    assert found & (SLOW | OTHERS | FILM) == set()


@pytest.mark.slow
def test_a_film_imports_no_tensorflow(tmp_path: Path):
    frames = [scenes.scene(number, 36, 48) for number in range(2)]
    clip = scenes.write(tmp_path / "clip.mp4", frames=frames)
    found = imported("film", str(clip), "claude-monet", "-o", str(tmp_path / "film.mp4"))
    assert found & (SLOW | OTHERS) == set()
