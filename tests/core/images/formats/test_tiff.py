"""Every layout of a TIFF is read rightly, or refused."""

from __future__ import annotations

import io
import itertools
import zlib

import numpy as np
import pytest
import tifffile

from core.images import UnreadablePicture, load
from tests import fuzz

HEIGHT, WIDTH = 24, 32
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH]
# Five channels of 0..1, no two alike; the last is opaque.
CHANNELS = np.stack(
    [X / (WIDTH - 1), Y / (HEIGHT - 1), (X + Y) / (HEIGHT + WIDTH - 2), X[:, ::-1] / WIDTH, X**0.0],
    -1,
)
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def verdict(data: bytes, wanted: np.ndarray, tolerance: float = 1.01) -> str:
    try:
        pixels = load(data).pixels.astype(float)
    except UnreadablePicture:
        return "refused"
    if pixels.shape != (HEIGHT, WIDTH, 3):
        return "misread"
    return "read" if np.abs(pixels - wanted).max() <= tolerance else "misread"


@pytest.mark.parametrize("samples", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"])
def test_what_tifffile_writes(kind, samples):
    color = samples >= 3
    true = CHANNELS[..., : samples - (samples in (2, 4))]
    if samples in (2, 4):
        true = np.concatenate([true, CHANNELS[..., 4:]], -1)
    dtype = np.dtype(kind)
    top = 1.0 if dtype.kind == "f" else float(min(np.iinfo(dtype).max, 2**62))
    values = (true * top if dtype.kind == "f" else np.round(true * top)).astype(dtype)
    wanted = np.round(true[..., :3] * 255) if color else np.round(true[..., :1] * 255)
    found = {}
    for planar, order, tile, packed in itertools.product(
        ("contig", "separate") if samples > 1 else ("contig",),
        "<>",
        (None, (16, 16)),
        ((None, None), ("deflate", None), ("deflate", 2)),
    ):
        if packed[1] and dtype.kind == "f":
            continue
        buffer = io.BytesIO()
        pixels = values if planar == "contig" else np.moveaxis(values, -1, 0)
        tifffile.imwrite(
            buffer,
            pixels[..., 0] if samples == 1 else pixels,
            byteorder=order,
            tile=tile,
            compression=packed[0],
            predictor=packed[1],
            planarconfig=planar if samples > 1 else None,
            photometric="rgb" if color else "minisblack",
            extrasamples=["unassalpha"] if samples in (2, 4) else None,
            metadata=None,
        )
        found[planar, order, tile, packed] = verdict(buffer.getvalue(), wanted)
    assert [layout for layout, what in found.items() if what == "misread"] == []
    if kind == "u1" or (kind == "u2" and color):
        assert found["contig", "<", None, (None, None)] == "read"


def pack_bits(data: bytes) -> bytes:
    pieces = (data[start : start + 128] for start in range(0, len(data), 128))
    return b"".join(bytes([len(piece) - 1]) + piece for piece in pieces)


def packed_rows(values: np.ndarray, bits: int, order: str) -> bytes:
    """Rows of samples of any depth, without gaps but at the end of a row."""
    if bits in (8, 16, 32):
        return values.astype(f"{order}u{bits // 8}").tobytes()
    places = np.arange(bits - 1, -1, -1, dtype=np.uint64)
    single = (values[..., None] >> places & np.uint64(1)).astype(np.uint8)
    return np.packbits(single.reshape(len(values), -1), axis=1).tobytes()


PACKERS = {1: bytes, 8: zlib.compress, 32773: pack_bits}


def written(values: np.ndarray, bits: int, order: str, packer: int, planes: bool, **tags) -> bytes:
    count = values.shape[-1]
    parts = [values[..., n] for n in range(count)] if planes else [values.reshape(HEIGHT, -1)]
    pieces = [PACKERS[packer](packed_rows(part, bits, order)) for part in parts]
    if tags.get("t266") == 2:
        pieces = [piece.translate(REVERSED) for piece in pieces]
    tags |= {"t259": packer}
    if planes:
        sizes = tuple(map(len, pieces))
        tags |= {"t284": 2, "t273": ("L", (1,) * count), "t279": ("L", sizes)}
        start = len(fuzz.tiff(WIDTH, HEIGHT, b"", (bits,) * count, order, **tags))
        places = tuple(start + sum(sizes[:n]) for n in range(count))
        tags["t273"] = ("L", places)
    return fuzz.tiff(WIDTH, HEIGHT, b"".join(pieces), (bits,) * count, order, **tags)


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 24, 32])
@pytest.mark.parametrize(
    ("photometric", "samples", "extra"),
    [
        *((0, 1, ()), (1, 1, ()), (1, 2, (2,)), (2, 3, ()), (2, 4, (0,)), (2, 4, (1,))),
        *((2, 4, (2,)), (2, 5, (0, 0)), (3, 1, ()), (5, 4, ()), (5, 5, (0,)), (6, 3, ())),
    ],
)
def test_every_depth_and_meaning(photometric, samples, extra, bits):
    if photometric == 3 and bits > 8:
        pytest.skip("palettes have up to 256 colors")
    true = CHANNELS[..., :samples].copy()
    if extra and extra[-1]:
        true[..., -1] = 1
    values = np.round(true * (2.0**bits - 1)).astype(np.uint64)
    true = values / (2.0**bits - 1)
    tags: dict = {"t262": photometric, **({"t338": ("H", extra)} if extra else {})}
    wanted, tolerance = 255 * (true[..., :3] if samples >= 3 else true[..., :1]), 1.01
    if photometric == 0:
        wanted = 255 - wanted
    elif photometric == 3:
        ramp = np.linspace(0, 65535, 2**bits).astype(int)
        tags["t320"] = ("H", tuple(int(value) for value in (*ramp, *ramp[::-1], *ramp)))
        index = values[..., 0].astype(int)
        wanted = np.stack([ramp[index], ramp[::-1][index], ramp[index]], -1) / 257
    elif photometric == 5:
        wanted, tolerance = 255 * (1 - true[..., :3]) * (1 - true[..., 3:4]), 3
    elif photometric == 6:
        tags["t530"] = ("H", (1, 1))
        luma, blue, red = np.moveaxis(255 * true, -1, 0) - np.array([0, 128, 128])[:, None, None]
        green = luma - 0.344136 * blue - 0.714136 * red
        wanted = np.clip(np.stack([luma + 1.402 * red, green, luma + 1.772 * blue], -1), 0, 255)
        tolerance = 3
    found = {}
    for order, packer, planes, fill in itertools.product(
        "<>", PACKERS, (False, True) if samples > 1 else (False,), (1, 2)
    ):
        data = written(values, bits, order, packer, planes, **tags, t266=fill)
        found[order, packer, planes, fill] = verdict(data, wanted, tolerance)
    assert [layout for layout, what in found.items() if what == "misread"] == []
    if bits == 8 and samples != 2:
        assert found["<", 1, False, 1] == "read"


def test_twelve_bits_in_sixteen_are_refused():
    """They claim 12 bits and take the room of 16."""
    data = (CHANNELS[..., 0] * 4095).astype("<u2").tobytes()
    assert verdict(fuzz.tiff(WIDTH, HEIGHT, data, (12,)), 255 * CHANNELS[..., :1]) == "refused"
    values = np.round(CHANNELS[..., :1] * 4095).astype(np.uint64)
    data = packed_rows(values.reshape(HEIGHT, -1), 12, "<")
    assert verdict(fuzz.tiff(WIDTH, HEIGHT, data, (12,)), 255 * CHANNELS[..., :1]) == "read"
