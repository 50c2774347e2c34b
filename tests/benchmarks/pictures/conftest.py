"""Two photos and a style as pairs, in a directory of their own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from benchmarks.pictures.pairs import Chosen, Pairs
from core import images


@pytest.fixture
def two(tmp_path: Path, make_picture) -> tuple[Pairs, Path]:
    """The pairs, and the directory where their pictures lie, with further paintings."""
    chosen = []
    for n, name in enumerate(("a.png", "b.png", "style.png")):
        data = images.encode(make_picture(96, 128, seed=n))
        (tmp_path / name).write_bytes(data)
        chosen.append(Chosen(name, hashlib.sha256(data).hexdigest(), "titian" * (n == 2)))
    rows = ["file,artist,split", "style.png,Titian,test"]
    for n in range(3):
        (tmp_path / f"t{n}.png").write_bytes(images.encode(make_picture(224, 224, seed=9 + n)))
        rows.append(f"t{n}.png,Titian,test")
    (tmp_path / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return Pairs(0, tuple(chosen[:2]), tuple(chosen[2:])), tmp_path
