"""Mutated clips are refused or read; none hangs. `benchmarks.film_fuzz` tries more of them."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from core.film.clips.clip import UnreadableClip
from core.film.clips.reading import Reader
from tests.core.film import mutations

pytestmark = pytest.mark.slow

COUNT = 24  # each kind of clip in each way
LONGEST = 20.0  # seconds


def test_mutated_clips_are_refused_or_read(tmp_path: Path):
    files = mutations.originals(tmp_path)
    refused = 0
    for name, data in itertools.islice(mutations.cases(files, seed=1), COUNT):
        (tmp_path / "clip").write_bytes(data)
        started = time.monotonic()
        try:
            with Reader(tmp_path / "clip") as reader:
                clip = reader.clip
                height, width = min(clip.height, 64), min(clip.width, 64)
                for frame in reader.frames(height, width):
                    assert frame.pixels.shape == (height, width, 3), name
        except UnreadableClip:
            refused += 1
        assert time.monotonic() - started < LONGEST, name
    assert 0 < refused < COUNT
