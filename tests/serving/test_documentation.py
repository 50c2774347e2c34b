"""Tests of `docs/api.md` and of the README's commands: each is run as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core import examples, similar
from core.collection import scan
from core.settings import ROOT
from tests.core.film import scenes
from tests.serving.test_server import serve, wait_until_ready

__all__ = ["serve"]

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def run(commands: str, directory: Path) -> str:
    """Runs commands one after the other; curl fails if it is refused."""
    script = f'set -euo pipefail\ncurl() {{ command curl --fail-with-body -sS "$@"; }}\n{commands}'
    done = subprocess.run(
        ["bash", "-c", script], cwd=directory, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands find what ships, and write."""
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    scenes.write(tmp_path / "clip.mp4", sound="aac")
    for example in examples.catalogue():
        path = tmp_path / "paintings" / "Somebody" / example.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(example.read())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_example_of_the_documentation_works(serve, directory: Path, capsys):
    if shutil.which("curl") is None:
        pytest.skip("There is no curl here")
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    paintings = directory / "paintings"
    scan.scan(paintings, workers=1)
    similar.build(paintings)
    process, url = serve(collection=paintings)
    wait_until_ready(process, url)
    text = text.replace("http://127.0.0.1:8000", url)
    told = [run(commands, directory) for commands in blocks(text, "sh")]
    assert "katsushika-hokusai" in told[0] or "artists" in told[0]
    names: dict[str, object] = {}
    for code in blocks(text, "python"):
        exec(code, names)
    for picture in (
        "lit.png",
        "monet.png",
        "painted.jpg",
        "painted.png",
        "preview.jpg",
        "film.mp4",
        "loop.gif",
    ):
        assert (directory / picture).stat().st_size > 1000
    assert names["near"]["paintings"][0]["file"] == "Somebody/hokusai-great-wave.jpg"
    assert isinstance(names["painted"], bytes)
    assert names["painted"][:4] == b"\x89PNG"
    assert "event: done" in capsys.readouterr().out


def test_the_commands_of_the_readme_lead_to_a_followed_painting(serve, directory: Path):
    if shutil.which("curl") is None:
        pytest.skip("There is no curl here")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## As a service")[1].split("\n## ")[0]
    (start, *commands) = blocks(section, "sh")[0].strip().split("\n")
    assert start.endswith(".venv/bin/python -m serving")
    assert len(commands) == 3
    process, url = serve()
    wait_until_ready(process, url)
    told = run("\n".join(commands).replace("http://127.0.0.1:8000", url), directory)
    assert "event: done" in told
    assert (directory / "painted.png").read_bytes()[:4] == b"\x89PNG"
