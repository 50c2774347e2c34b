from __future__ import annotations

import numpy as np
import pytest

from core.film import motion as motion_module
from core.film.motion import Motion, Tracker, grid, warped
from core.film.steadying import Steadied
from core.film.strokes import Strokes
from core.jobs.checkpoint import Checkpoint
from core.stylize.instant import padded, underdrawing
from tests.core.film.scenes import scene


def moved(*frames: np.ndarray) -> Motion:
    tracker = Tracker()
    found = [tracker.next(frame) for frame in frames]
    assert found[0] is None
    assert found[-1] is not None
    return found[-1]


def test_flow_leads_back_to_where_things_were():
    motion = moved(scene(0, 96, 128), scene(2, 96, 128))  # two pixels to the right
    inner = motion.back[16:-16, 24:-24]
    assert np.median(inner[..., 0]) == pytest.approx(-2, abs=0.2)
    assert np.median(inner[..., 1]) == pytest.approx(0, abs=0.2)
    assert not motion.cut
    assert motion.trust[16:-16, 24:-24].mean() > 0.8


def test_the_way_to_the_anchor_does_not_drift():
    tracker = Tracker()
    found = [tracker.next(scene(number, 96, 128)) for number in range(motion_module._LASTS + 2)]
    ways = [motion for motion in found if motion]
    assert [motion.anew for motion in ways] == [False] * (len(ways) - 2) + [True, False]
    for number, motion in enumerate(ways[:-1], 1):
        inner = motion.far[24:-24, 24 + number : -24, 0]
        assert np.abs(inner + number).mean() < 0.15
        assert motion.sure[24:-24, 24 + number : -24].mean() > 0.7
    assert np.median(ways[-1].far[24:-24, 24:-24, 0]) == pytest.approx(-1, abs=0.1)


def test_an_anchor_that_is_out_of_sight_is_no_longer_one():
    tracker = Tracker()
    found = [tracker.next(scene(6 * number, 48, 64)) for number in range(9)]
    assert any(motion.anew for motion in found[1:8] if motion)


def test_a_tracker_goes_on_where_another_one_was():
    frames = [scene(number, 96, 128) for number in range(5)]
    whole, first, second = Tracker(), Tracker(), Tracker()
    expected = [whole.next(frame) for frame in frames][-1]
    for frame in frames[:3]:
        first.next(frame)
    second.restore(first.checkpoint())
    found = [second.next(frame) for frame in frames[3:]][-1]
    assert expected is not None
    assert found is not None
    assert all(np.array_equal(*pair) for pair in zip(found, expected, strict=True))


def test_a_tracker_goes_on_from_a_checkpoint_that_knows_no_anchor():
    frames = [scene(number, 96, 128) for number in range(5)]
    first, second = Tracker(), Tracker()
    for frame in frames[:3]:
        first.next(frame)
    found = first.checkpoint()
    second.restore(Checkpoint({}, {"before": found.arrays["before"]}))
    motion, (expected, _) = second.next(frames[3]), (first.next(frame) for frame in frames[3:])
    assert motion is not None
    assert expected is not None
    assert np.array_equal(motion.back, expected.back)
    inner = motion.far[24:-24, 24:-24] - motion.back[24:-24, 24:-24]
    assert np.abs(inner).mean() < 0.1  # the anchor is the frame before
    assert motion.sure[24:-24, 24:-24].mean() > 0.7
    steadied = Steadied(96, 128, 0.75)
    steadied.restore(Checkpoint({"raised": [1.0, 1.0]}, {"held": frames[2].astype(np.float32)}))
    assert np.abs(steadied.next(frames[3], motion).astype(int) - frames[3]).mean() < 2


def test_what_comes_in_at_the_border_is_not_trusted():
    motion = moved(scene(0, 96, 128), scene(8, 96, 128))
    assert motion.trust[20:, :4].mean() < 0.5 < motion.trust[20:, 30:].mean()


def test_another_picture_is_a_cut():
    assert moved(scene(0, 96, 128), scene(0, 96, 128, seed=1)).cut
    assert not moved(scene(0, 96, 128), scene(0, 96, 128)).cut


@pytest.mark.parametrize("size", [(12, 40), (16, 200), (29, 41), (32, 44)])
def test_small_frames_are_followed_whatever_was_before(size: tuple[int, int]):
    frames = [scene(number, *size) for number in range(4)]
    late, fresh = moved(*frames), moved(*frames[2:])
    assert np.array_equal(late.back, fresh.back)
    assert np.median(late.back[..., 0]) == pytest.approx(-1, abs=0.2)


def test_large_frames_are_followed_in_a_smaller_size():
    large = np.kron(scene(0, 96, 128), np.ones((8, 8, 1), np.uint8))
    motion = moved(large, np.roll(large, 8, 1))
    assert motion.back.shape == (768, 1024, 2)
    assert np.median(motion.back[200:-200, 200:-200, 0]) == pytest.approx(-8, abs=0.8)


def test_frames_too_small_for_flow_stand_alone():
    motion = moved(scene(0, 8, 8), scene(1, 8, 8))
    assert motion.trust.max() == 0
    assert not motion.cut


def test_warping_takes_values_from_elsewhere():
    ramp = np.arange(20, dtype=np.float32)[None].repeat(5, 0)
    places = grid(5, 20) + np.float32([0.5, 0])
    assert np.allclose(warped(ramp, places)[:, :-1], ramp[:, :-1] + 0.5)
    assert np.allclose(warped(ramp, places)[:, -1], 19)


def test_strokes_are_those_of_a_photo_until_something_moves():
    shape = padded(scene(0)).shape[1:3]
    strokes = Strokes(48, 64)
    assert np.allclose(strokes.drawn(*shape, 16, 16), underdrawing.covering(*shape), atol=1e-4)


def test_strokes_go_along_and_stay_as_clear():
    shape = padded(scene(0)).shape[1:3]
    strokes = Strokes(48, 64)
    first = strokes.drawn(*shape, 16, 16)[0, ..., 0]
    back = np.zeros((48, 64, 2), np.float32)
    back[..., 0] = -1.0  # everything goes one pixel to the right, half a one in the drawing
    for _ in range(8):
        strokes.move(back, EVERYWHERE)
    then = strokes.drawn(*shape, 16, 16)[0, ..., 0]
    assert np.allclose(then[:, 4:], first[:, :-4], atol=1e-3)
    strokes.cut()
    assert np.allclose(strokes.drawn(*shape, 16, 16)[0, ..., 0], first)


def test_strokes_that_are_stretched_too_far_are_drawn_anew():
    strokes = Strokes(48, 64)
    first = strokes.drawn(96, 128, 16, 16)
    zoom = (grid(48, 64) - np.float32([32, 24])) * np.float32(1 / 1.1 - 1)
    states = []
    for _ in range(9):
        strokes.move(zoom, EVERYWHERE)
        states.append(np.abs(strokes.drawn(96, 128, 16, 16) - first).max())
    assert states[0] > 0.1
    assert min(states) == 0.0


def test_strokes_are_not_stretched_over_what_is_uncovered():
    strokes = Strokes(48, 64)
    back, trust = NOWHERE.copy(), EVERYWHERE.copy()
    back[:, 20:30, 0] = np.linspace(0, -8, 10)  # flow goes over from what stays to what moves
    trust[:, 18:32] = 0
    before = strokes.drawn(48, 64, 0, 0)
    strokes.move(back, trust)
    assert np.allclose(strokes.drawn(48, 64, 0, 0), before)
    strokes.move(back, EVERYWHERE)
    assert not np.allclose(strokes.drawn(48, 64, 0, 0), before, atol=0.1)


def noisy(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    return np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)


NOWHERE, EVERYWHERE = np.zeros((48, 64, 2), np.float32), np.ones((48, 64), np.float32)
STILL = Motion(NOWHERE, EVERYWHERE, NOWHERE, EVERYWHERE, anew=False, cut=False)


def test_what_differs_from_frame_to_frame_averages_out():
    rng, picture = np.random.default_rng(0), scene(0) // 2 + 60
    frames = [noisy(rng, picture) for _ in range(12)]
    steadied = Steadied(48, 64, 0.8)
    found = [steadied.next(frame, STILL).astype(float) for frame in frames]
    alone = np.abs(frames[-1].astype(float) - frames[-2]).mean()
    assert np.abs(found[-1] - found[-2]).mean() < 0.5 * alone


def test_paint_is_moved_from_the_anchor_once_and_stays_sharp():
    rng = np.random.default_rng(2)
    grain = rng.integers(60, 200, (48, 84, 3), np.uint8)
    half = NOWHERE + np.float32([-0.5, 0])  # half a pixel each time: steps would blur it
    steadied, steps = Steadied(48, 64, 0.95), Steadied(48, 64, 0.95)
    for number in range(9):
        frame = grain[:, 20 - number // 2 : 84 - number // 2]
        motion = STILL._replace(back=half, far=np.float32(number) * half)
        found = steadied.next(frame, motion if number else None)
        blurred = steps.next(frame, motion._replace(sure=0 * EVERYWHERE) if number else None)
    away = [
        np.abs(each[8:-8, 8:-8].astype(float) - frame[8:-8, 8:-8]).mean()
        for each in (found, blurred)
    ]
    assert away[0] < 0.5 * away[1]


def test_where_flow_is_not_trusted_frames_stand_alone():
    rng, picture = np.random.default_rng(0), scene(0)
    steadied = Steadied(48, 64, 0.8)
    steadied.next(noisy(rng, picture), None)
    last = noisy(rng, picture)
    found = steadied.next(last, STILL._replace(trust=np.zeros((48, 64), np.float32)))
    assert np.array_equal(found, last)


def test_nothing_goes_on_after_a_cut():
    steadied = Steadied(48, 64, 0.9)
    steadied.next(scene(0), None)
    steadied.cut()
    other = scene(0, seed=3)
    assert np.array_equal(steadied.next(other, STILL), other)


def test_detail_is_kept_at_its_amount():
    rng = np.random.default_rng(1)
    steadied = Steadied(48, 64, 0.6)
    for _ in range(20):
        frame = noisy(rng, scene(0) // 2 + 60)
        found = steadied.next(frame, STILL)
    gradients = [np.abs(np.diff(each.astype(float), axis=1)).mean() for each in (frame, found)]
    assert gradients[1] == pytest.approx(gradients[0], rel=0.25)
