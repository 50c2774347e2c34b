"""What is held for the frames of a shot, and frames in the colors of a clip."""

from __future__ import annotations

import numpy as np
import pytest

from core.stylize import instant
from core.stylize.instant import underdrawing
from core.stylize.instant.moments import Statistics
from core.stylize.instant.shot import Shot


def statistics(value: float) -> Statistics:
    return Statistics({"a": np.full((1, 2, 3), value, np.float32)}, {})


def test_statistics_follow_slowly_from_those_of_the_first_frame():
    shot = Shot()
    assert shot.own(statistics(10)).moments["a"][0, 0, 0] == 10
    then = [float(shot.own(statistics(20)).moments["a"][0, 0, 0]) for _ in range(60)]
    assert then == sorted(then)
    assert 10 < then[0] < 15
    assert then[-1] == pytest.approx(20, abs=0.2)


def test_a_sketch_is_painted_for_a_few_frames_only():
    calls: list[float] = []

    def measure() -> tuple[dict, dict, float]:
        calls.append(10.0 * len(calls))
        parts = {"a": np.full(1, calls[-1], np.float32)}
        return parts, parts, 1.0

    shot = Shot()
    found = [float(shot.missed(measure)[0]["a"][0]) for _ in range(30)]
    assert len(calls) == 5
    assert found[0] == 0
    assert found == sorted(found)
    assert 20 < found[-1] < 40


def test_frames_keep_the_clips_colors_if_asked(make_picture):
    red = np.full((64, 96, 3), (180, 60, 50), np.uint8)
    style = make_picture(64, 64, seed=4)
    hues = []
    for keep in (True, False):
        frames = instant.Frames([style], keep_colors=keep)
        painted = frames.paint(
            red, 1.0, (3, 5), lambda height, width, *_: underdrawing.covering(height, width)
        )
        assert painted.shape == red.shape
        mean = painted.reshape(-1, 3).mean(0)
        hues.append(mean[0] - mean[2])
        frames.cut()
        frames.release()
    assert hues[0] > 60
    assert abs(hues[1] - 130) > abs(hues[0] - 130)
