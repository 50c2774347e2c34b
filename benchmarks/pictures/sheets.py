"""Sheets to look at: blind ones of two ways side by side, and contact sheets of a whole way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.images.types import Pixels

_GAP, _LABEL = 12, 22
_WIDE, _HIGH = 560, 330  # most of a painting on a blind sheet
_SMALL_WIDE = 250  # most of photo and style there
_PAPER, _INK = (255, 255, 255), (30, 30, 30)


@dataclass(frozen=True)
class Row:
    """One pair on a blind sheet: four pictures and a title."""

    title: str
    photo: Pixels
    style: Pixels
    left: Pixels
    right: Pixels


def sides(pairs: int, seed: int) -> list[bool]:
    """For each pair, whether the first way is on the left: of half of them, in any order."""
    return [bool(n % 2) for n in np.random.default_rng(seed).permutation(pairs)]


def blind(rows: Sequence[Row]) -> Pixels:
    """A page: a pair a row, photo above style at the left, then both paintings."""
    width = _SMALL_WIDE + 2 * _WIDE + 4 * _GAP
    height = _HIGH + _LABEL + _GAP
    page = Image.new("RGB", (width, height * len(rows) + _GAP), _PAPER)
    draw = ImageDraw.Draw(page)
    for n, row in enumerate(rows):
        top = n * height + _GAP
        paint = top + _LABEL
        half = (_HIGH - _GAP) // 2
        left, right = 2 * _GAP + _SMALL_WIDE, 3 * _GAP + _SMALL_WIDE + _WIDE
        _write(draw, (_GAP, top), f"{row.title}   photo, style")
        _write(draw, (left, top), f"{row.title}   LEFT")
        _write(draw, (right, top), f"{row.title}   RIGHT")
        page.paste(_within(row.photo, _SMALL_WIDE, half), (_GAP, paint))
        page.paste(_within(row.style, _SMALL_WIDE, half), (_GAP, paint + half + _GAP))
        page.paste(_within(row.left, _WIDE, _HIGH), (left, paint))
        page.paste(_within(row.right, _WIDE, _HIGH), (right, paint))
    return np.asarray(page)


def contact(rows: Sequence[Sequence[Pixels]], tile: tuple[int, int] = (232, 176)) -> Pixels:
    """A page of rows of pictures, each within a tile of this width and height."""
    wide, high = tile
    columns = max(len(row) for row in rows)
    page = Image.new("RGB", (columns * (wide + 4) + 4, len(rows) * (high + 4) + 4), _PAPER)
    for n, row in enumerate(rows):
        for m, picture in enumerate(row):
            page.paste(_within(picture, wide, high), (4 + m * (wide + 4), 4 + n * (high + 4)))
    return np.asarray(page)


def _within(picture: Pixels, wide: int, high: int) -> Image.Image:
    scale = min(wide / picture.shape[1], high / picture.shape[0])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str) -> None:
    draw.text(at, text, fill=_INK, font=ImageFont.load_default(16))
