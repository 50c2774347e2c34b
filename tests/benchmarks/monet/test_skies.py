"""How a weave is told from dabs."""

import numpy as np

from benchmarks.monet.skies import SIDE, evenness, is_clear


def test_one_wave_stands_out_and_noise_does_not():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((SIDE, SIDE))
    down, right = np.indices((SIDE, SIDE))
    weave = np.sin(2 * np.pi * (0.17 * down - 0.1 * right))
    assert evenness(noise) < 12
    assert evenness(noise + weave) > 4 * evenness(noise)


def test_a_sky_is_clear_where_it_is_bright_and_plain():
    sky = np.full((256, 256, 3), 180, np.uint8)
    assert is_clear(sky)
    assert not is_clear(sky // 4)
    sky[::2] = 90
    assert not is_clear(sky)
