"""Random views of a batch of pictures, drawn on the GPU.

Crop, mirror, slant and size are one projective sampling; color, light, blur, noise and JPEG
come after, as they would from a phone that looks at a reproduction or at a wall.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional

from training.accelerator.options import Views

_GRAY = (0.299, 0.587, 0.114)
_SLANT = math.sin(math.radians(20)) / 2.5  # seen from 2.5 half-sides away


class Random:
    """Random numbers on a device, reproducible by a seed."""

    def __init__(self, device: Any, seed: int) -> None:
        self.device = device
        self.generator = torch.Generator(device).manual_seed(seed)
        self.cpu = torch.Generator().manual_seed(seed)  # for what need not wait for the device

    def uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """Numbers from `low` to `high`."""
        drawn = torch.rand(shape, device=self.device, generator=self.generator)
        return low + (high - low) * drawn

    def normal(self, *shape: int) -> torch.Tensor:
        """Numbers of mean 0 and variance 1."""
        return torch.randn(shape, device=self.device, generator=self.generator)

    def chance(self, p: float, count: int) -> torch.Tensor:
        """`(count,)` float32: 1 with a chance of `p`, else 0."""
        return (self.uniform(0, 1, count) < p).float()

    def order(self, count: int) -> torch.Tensor:
        """The numbers to `count` in a random order."""
        return torch.randperm(count, device=self.device, generator=self.generator)


def random_views(pictures: torch.Tensor, side: int, how: Views, rng: Random) -> torch.Tensor:
    """Draws one view of each picture.

    Args:
        pictures: `(n, height, width, 3)` uint8.
        side: Of the views; a multiple of 8.

    Returns:
        `(n, side, side, 3)` float32, 0..255.
    """
    maps = pictures.permute(0, 3, 1, 2).float()
    phone = rng.chance(how.phone, len(maps))
    maps = _sampled(maps, side, how, phone, rng)
    maps = _colored(maps, how, phone, rng)
    maps = _blurred(maps, phone, rng).clamp(0, 255)
    # Pictures come in random order; a number that is fixed spares a wait for the device.
    if saved := round(how.jpeg * len(maps)):
        quality = rng.uniform(40, 95, saved)
        maps = torch.cat([recompressed(maps[:saved], quality), maps[saved:]])
    return maps.clamp(0, 255).permute(0, 2, 3, 1).contiguous()


def cutmix(
    x: torch.Tensor, y: torch.Tensor, chance: float, rng: Random
) -> tuple[torch.Tensor, torch.Tensor]:
    """Patches pictures with a part of others, each with its own box (arXiv 1905.04899).

    Args:
        x: `(n, side, side, 3)`.
        y: `(n, classes)` target probabilities.
        chance: For one picture.
    """
    count, side = x.shape[:2]
    order = rng.order(count)
    # A share that is uniform from 0 to 1 is the original's Beta(1, 1).
    length = rng.uniform(0, 1, count).sqrt() * rng.chance(chance, count) * side
    length = length.floor()
    top = (rng.uniform(0, 1, count) * (side - length + 1)).floor()
    left = (rng.uniform(0, 1, count) * (side - length + 1)).floor()
    place = torch.arange(side, device=x.device)
    rows = (place >= top[:, None]) & (place < (top + length)[:, None])
    columns = (place >= left[:, None]) & (place < (left + length)[:, None])
    patch = (rows[:, :, None] & columns[:, None, :])[..., None]
    share = (1 - (length / side) ** 2)[:, None]
    return torch.where(patch, x[order], x), share * y + (1 - share) * y[order]


def recompressed(maps: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
    """What saving as JPEG without subsampling makes of pictures: blocks and lost frequencies.

    Args:
        maps: `(n, 3, side, side)` float32 RGB 0..255, sides multiples of 8.
        quality: `(n,)`, 1 to 100, as the Independent JPEG Group counts.
    """
    device = maps.device
    to_ycc = torch.tensor(
        [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]],
        device=device,
    )
    n, _, height, width = maps.shape
    ycc = torch.einsum("nchw,dc->ndhw", maps, to_ycc)
    ycc[:, 0] -= 128
    blocks = ycc.reshape(n, 3, height // 8, 8, width // 8, 8)
    basis = _cosines(device)
    spectrum = torch.einsum("nchiwj,ui,vj->nchuwv", blocks, basis, basis)
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality) / 100
    luma, chroma = _tables(device)
    table = torch.stack([luma, chroma, chroma])
    step = (table * scale[:, None, None, None]).clamp(1, 255)[:, :, None, :, None, :]
    spectrum = (spectrum / step).round() * step
    blocks = torch.einsum("nchuwv,ui,vj->nchiwj", spectrum, basis, basis)
    ycc = blocks.reshape(n, 3, height, width)
    ycc[:, 0] += 128
    return torch.einsum("nchw,dc->ndhw", ycc, torch.linalg.inv(to_ycc)).clamp(0, 255)


def _sampled(
    maps: torch.Tensor, side: int, how: Views, phone: torch.Tensor, rng: Random
) -> torch.Tensor:
    """Crop, mirror, slant and size; a phone sees a whole picture, its frame and the wall."""
    n, device = len(maps), maps.device
    area = rng.uniform(how.least_area, how.most_area, n)
    stretch = rng.uniform(-0.2, 0.2, n).exp() if how.least_area < 1 else torch.ones(n).to(device)
    half_x = (area.sqrt() * stretch).clamp(max=1)
    half_y = (area.sqrt() / stretch).clamp(max=1)
    x0 = rng.uniform(-1, 1, n) * (1 - half_x)
    y0 = rng.uniform(-1, 1, n) * (1 - half_y)
    # Half of the phone's pictures show more than the painting.
    beyond = phone * rng.chance(0.5, n)
    wide = rng.uniform(1.0, 1.2, n)
    half_x = torch.lerp(half_x, wide, beyond)
    half_y = torch.lerp(half_y, wide, beyond)
    x0, y0 = x0 * (1 - beyond), y0 * (1 - beyond)
    mirror = 1 - 2 * rng.chance(0.5, n)
    turn = phone * rng.uniform(-0.05, 0.05, n)
    slant_x = phone * rng.uniform(-_SLANT, _SLANT, n)
    slant_y = phone * rng.uniform(-_SLANT, _SLANT, n)

    line = (torch.arange(side, device=device) + 0.5) * 2 / side - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    x, y = x.expand(n, -1, -1), y.expand(n, -1, -1)

    def each(value: torch.Tensor) -> torch.Tensor:
        return value[:, None, None]

    x, y = x + each(turn) * y, y - each(turn) * x
    depth = 1 + each(slant_x) * x + each(slant_y) * y
    u = each(x0) + each(half_x * mirror) * x / depth
    v = each(y0) + each(half_y) * y / depth
    grid = torch.stack([u, v], -1)
    mode = "bicubic" if bool(torch.rand(1, generator=rng.cpu) < 0.6) else "bilinear"
    seen = functional.grid_sample(
        maps, grid, mode=mode, padding_mode="reflection", align_corners=False
    )
    outside = torch.maximum(u.abs(), v.abs())[:, None]
    frame, wall = rng.uniform(0, 255, n, 3, 1, 1), rng.uniform(30, 255, n, 3, 1, 1)
    width = rng.uniform(0.0, 0.2, n)[:, None, None, None]
    around = torch.where(outside < 1 + width, frame, wall)
    hidden = (outside > 1) & (beyond > 0)[:, None, None, None]
    return torch.where(hidden, around, seen)


def _colored(maps: torch.Tensor, how: Views, phone: torch.Tensor, rng: Random) -> torch.Tensor:
    """Brightness, contrast and saturation; light of a phone; color lost, or all but a tint."""
    n = len(maps)

    def factor(strength: float) -> torch.Tensor:
        return 1 + strength * rng.uniform(-1, 1, n, 1, 1, 1)

    weights = torch.tensor(_GRAY, device=maps.device).view(1, 3, 1, 1)
    maps = maps * factor(how.color)
    mean = maps.mean((1, 2, 3), keepdim=True)
    maps = mean + (maps - mean) * factor(how.color)
    gray = (maps * weights).sum(1, keepdim=True)
    maps = gray + (maps - gray) * factor(how.color)
    seen = phone[:, None, None, None]
    warmth = rng.uniform(-0.2, 0.2, n)
    light = torch.stack([1 + warmth, 1 + 0.1 * rng.uniform(-1, 1, n), 1 - warmth], 1)
    maps = maps * (1 + seen * (light[:, :, None, None] - 1))
    lost = rng.chance(how.gray, n)[:, None, None, None]
    gray = (maps * weights).sum(1, keepdim=True)
    tint = torch.tensor([1.07, 1.0, 0.86], device=maps.device).view(1, 3, 1, 1)
    tinted = rng.chance(0.3, n)[:, None, None, None] * rng.uniform(0, 1, n, 1, 1, 1)
    gray = gray * (1 + tinted * (tint - 1))
    return torch.lerp(maps, gray.expand_as(maps), lost)


def _blurred(maps: torch.Tensor, phone: torch.Tensor, rng: Random) -> torch.Tensor:
    """A phone's pictures softer or a little sharper, and with noise."""
    n, device = len(maps), maps.device
    line = torch.exp(-(torch.arange(-3, 4, device=device).float() ** 2) / (2 * 1.4**2))
    line = (line / line.sum()).expand(3, 1, 1, 7)
    padded = functional.pad(maps, (3, 3, 3, 3), mode="reflect")
    soft = functional.conv2d(padded, line, groups=3)
    soft = functional.conv2d(soft, line.transpose(2, 3), groups=3)
    share = (phone * rng.uniform(-0.2, 1.0, n))[:, None, None, None]
    noise = (phone * rng.uniform(0, 6, n))[:, None, None, None]
    return maps + share * (soft - maps) + noise * rng.normal(*maps.shape)


def _cosines(device: Any) -> torch.Tensor:
    """The basis of the discrete cosine transform of eight values, `(8, 8)`, orthonormal."""
    place = torch.arange(8, device=device).float()
    basis = torch.cos((2 * place[None] + 1) * place[:, None] * math.pi / 16) / 2
    basis[0] /= math.sqrt(2)
    return basis


def _tables(device: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Quantization of brightness and color at quality 50 (ITU-T T.81, annex K), `(8, 8)`."""
    luma = """16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56
        14 17 22 29 51 87 80 62 18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92
        49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"""
    chroma = torch.full((8, 8), 99.0, device=device)
    chroma[:4, :4] = torch.tensor(
        [[17.0, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]], device=device
    )
    values = [float(value) for value in luma.split()]
    return torch.tensor(values, device=device).view(8, 8), chroma
