"""What is said of films: nothing of motion over a gap that no shot is long enough for."""

import json
import math
import sys

import numpy as np
import pytest

from benchmarks.film import __main__ as command
from benchmarks.film import known, measures, ways
from benchmarks.film.measures import Way, warping_error
from core import images

SIDE = 16


def still(number: int) -> Way:
    """All stays where it is."""
    places = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), 2).astype(np.float32)
    return Way(number, places, np.ones((SIDE, SIDE), np.float32))


def test_no_error_is_known_where_nothing_is_compared():
    frames = [np.full((SIDE, SIDE, 3), 10 * n, np.uint8) for n in range(3)]
    assert warping_error(frames, [still(1), still(2)], 1) == pytest.approx(10)
    assert warping_error(frames[:1] * 3, [still(1), still(2)], 1) == 0
    assert math.isnan(warping_error(frames, [], 10))
    hidden = still(1)._replace(same=np.zeros((SIDE, SIDE), np.float32))
    assert math.isnan(warping_error(frames, [hidden], 1))


def test_what_is_not_known_is_null_in_what_is_printed(tmp_path, make_picture, monkeypatch, capsys):
    class Short:
        """A clip of fewer frames than the longer gap."""

        name = "short"

        def frames(self) -> list[np.ndarray]:
            return [np.full((SIDE, SIDE, 3), 10 * n, np.uint8) for n in range(3)]

        def ways(self, gap: int) -> list[Way]:
            return [still(number) for number in range(gap, 3)]

    (tmp_path / "style.png").write_bytes(images.encode(make_picture(64, 64)))
    monkeypatch.setattr(sys, "argv", ["film", str(tmp_path), str(tmp_path / "style.png")])
    monkeypatch.setattr(known, "clips", lambda *_: [Short()])
    monkeypatch.setattr(command.instant, "default_engine", lambda: None)
    monkeypatch.setattr(ways, "by_itself", lambda frames, style: frames)
    monkeypatch.setattr(ways, "ours", lambda frames, style, request: frames)
    monkeypatch.setattr(measures, "style_loss", lambda *_: 1.0)
    command.main()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    lines = capsys.readouterr().out.splitlines()
    rows = [json.loads(line, parse_constant=refuse) for line in lines]
    assert {row["error_10"] for row in rows} == {None}
    assert rows[0]["error_1"] == pytest.approx(10)
