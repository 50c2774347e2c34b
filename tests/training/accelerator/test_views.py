"""Random views of pictures, with PyTorch where it is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from training.accelerator.options import Views  # noqa: E402
from training.accelerator.views import Random, cutmix, random_views, recompressed  # noqa: E402

PLAIN = Views(least_area=1, most_area=1, color=0, gray=0, phone=0, jpeg=0, cutmix=0)


def pictures(count: int = 6, side: int = 64) -> torch.Tensor:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (count, 6, 6, 3), np.uint8)
    large = [Image.fromarray(c).resize((side, side), Image.Resampling.BICUBIC) for c in coarse]
    return torch.from_numpy(np.stack([np.asarray(picture) for picture in large]))


def test_a_view_that_changes_nothing_is_the_picture_or_its_mirror_image():
    x = pictures()
    views = random_views(x, 64, PLAIN, Random("cpu", 1))
    for view, picture in zip(views, x.float(), strict=True):
        assert min((view - picture).abs().max(), (view - picture.flip(1)).abs().max()) < 0.1


def test_views_are_pictures_that_a_seed_repeats():
    x, how = pictures(), Views(phone=0.5)
    one, same, other = (random_views(x, 48, how, Random("cpu", seed)) for seed in (1, 1, 2))
    assert one.shape == (6, 48, 48, 3)
    assert one.min() >= 0
    assert one.max() <= 255
    assert (one == same).all()
    assert (one != other).any()


def test_color_can_be_lost_by_all():
    how = Views(gray=1, phone=0, jpeg=0, cutmix=0)
    views = random_views(pictures(), 64, how, Random("cpu", 3))
    gray = [(v[..., 0] - v[..., 1]).abs().max() < 0.1 for v in views]
    assert any(gray), "the others have a tint"


def test_a_patch_counts_by_its_area():
    x, y = torch.zeros(8, 40, 40, 3), torch.eye(8)
    x += torch.arange(8.0)[:, None, None, None]
    mixed, target = cutmix(x, y, 1.0, Random("cpu", 1))
    assert torch.allclose(target.sum(1), torch.ones(8))
    for n in range(8):
        shares = torch.bincount(mixed[n, :, :, 0].long().flatten(), minlength=8) / 1600
        assert torch.allclose(shares, target[n], atol=1e-6)
    assert (cutmix(x, y, 0.0, Random("cpu", 1))[0] == x).all()


@pytest.mark.parametrize("quality", [40, 90])
def test_recompression_is_that_of_jpeg(quality):
    x = pictures(2)
    ours = recompressed(x.permute(0, 3, 1, 2).float(), torch.full((2,), float(quality)))
    for picture, found in zip(x.numpy(), ours.permute(0, 2, 3, 1).numpy(), strict=True):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=quality, subsampling=0)
        theirs = np.asarray(Image.open(buffer)).astype(float)
        assert np.abs(found - theirs).mean() < 2
