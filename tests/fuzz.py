"""Pictures to try `core.images` on: valid ones of every kind, broken ones, hostile ones.

`cases` is endless noise around small valid files and the same for the same seed;
`hostile` are files made to keep a decoder busy; the rest are the parts they are made of.
"""

from __future__ import annotations

import io
import itertools
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

_ICC_D50 = struct.pack(">3i", 63190, 65536, 54061)


def pattern(height: int = 16, width: int = 24) -> np.ndarray:
    """`(height, width, 3)` uint8: smooth, but with no symmetry, so that every turn shows."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    return (255 * np.stack([x, y, 0.5 + x / 2 - y / 2], -1)).astype(np.uint8)


def negative() -> Image.Image:
    """A second frame, page or layer: always a new one, as saving leaves traces in an image."""
    return Image.fromarray(255 - pattern())


def save(image: Image.Image | np.ndarray, format: str, **options: Any) -> bytes:
    """An image, or the pixels of one, as a file."""
    buffer = io.BytesIO()
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image.copy()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def exif(orientation: int | tuple[int, ...]) -> bytes:
    """EXIF with nothing but an orientation."""
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def segment(marker: int, body: bytes) -> bytes:
    """A segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))


def png(
    width: int,
    height: int,
    bits: int,
    colour: int,
    rows: bytes,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A PNG of any depth and colour type; `rows` begin with their filter bytes."""
    header = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, bits, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows, 1)) + after + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + before + pixels


def tiff(
    width: int,
    height: int,
    data: bytes,
    bits: tuple[int, ...] = (8,),
    order: str = "<",
    next_directory: int = 0,
    **tags: Any,
) -> bytes:
    """A TIFF. Further tags are given as `t123=value` or `t123=("H", values)`.

    Offsets of strips or tiles that are 0 become that of the data.
    """
    entries: dict[int, tuple[str, tuple[int, ...]]] = {
        256: ("L", (width,)),
        257: ("L", (height,)),
        258: ("H", bits),
        259: ("H", (1,)),
        262: ("H", (2 if len(bits) > 2 else 1,)),
        273: ("L", (0,)),
        277: ("H", (len(bits),)),
        278: ("L", (height,)),
        279: ("L", (len(data),)),
    }
    for name, value in tags.items():
        entries[int(name[1:])] = ("L", (value,)) if isinstance(value, int) else value
    kinds = {"B": 1, "H": 3, "L": 4, "LL": 5}
    packed = {t: struct.pack(f"{order}{len(v)}{k[0]}", *v) for t, (k, v) in entries.items()}
    start = 8 + 2 + 12 * len(entries) + 4
    end = start + sum(len(value) for value in packed.values() if len(value) > 4)
    directory, body = struct.pack(f"{order}H", len(entries)), b""
    for tag, (kind, values) in sorted(entries.items()):
        value = packed[tag]
        if tag in (273, 324) and not any(values):
            value = struct.pack(f"{order}L", end) * len(values)
        if len(value) > 4:
            value, body = struct.pack(f"{order}L", start + len(body)), body + value
        count = len(values) // len(kind)
        directory += struct.pack(f"{order}HHL", tag, kinds[kind], count) + value.ljust(4, b"\0")
    magic = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HL", 42, 8)
    return magic + directory + struct.pack(f"{order}L", next_directory) + body + data


def bmp_rle(width: int, height: int, body: bytes) -> bytes:
    """A run-length coded BMP of 8 bits; colour `n` is `(n, 255 - n, 0)`."""
    palette = b"".join(bytes([0, 255 - n, n, 0]) for n in range(256))
    size = struct.pack("<LllHHLLllLL", 40, width, height, 1, 8, 1, len(body), 0, 0, 256, 0)
    offset = 14 + len(size) + len(palette)
    return b"BM" + struct.pack("<LHHL", offset + len(body), 0, 0, offset) + size + palette + body


def profile(space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile (version 2)."""
    tags = {b"wtpt": b"XYZ \0\0\0\0" + _ICC_D50} | tags
    offset = 132 + 12 * len(tags)
    table, body = struct.pack(">L", len(tags)), b""
    for name, value in tags.items():
        table += struct.pack(">4sLL", name, offset + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    header = struct.pack(
        ">L4xL4s4s4s12x4s28x", offset + len(body), 2 << 24, kind, space, connection, b"acsp"
    )
    return header + _ICC_D50 + bytes(48) + table + body


def grey_profile() -> bytes:
    """Grey values that are proportional to the light (gamma 1)."""
    return profile(b"GRAY", b"XYZ ", {b"kTRC": b"curv\0\0\0\0" + struct.pack(">LH", 1, 256)})


def cmyk_profile() -> bytes:
    """An outlandish press: no ink is white, cyan prints red, everything else black."""
    identity = bytes(range(256))
    colours: dict[tuple[int, ...], tuple[int, int, int]]
    colours = {(0, 0, 0, 0): (255, 128, 128), (1, 0, 0, 0): (138, 209, 198)}  # Lab
    grid = [colours.get(inks, (0, 128, 128)) for inks in itertools.product((0, 1), repeat=4)]
    matrix = struct.pack(">9i", *[65536 * (n % 4 == 0) for n in range(9)])
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + identity * 4
    return profile(
        b"CMYK", b"Lab ", {b"A2B0": table + bytes(np.ravel(grid).tolist()) + identity * 3}
    )


def swapped_profile() -> bytes:
    """sRGB, but what is called red is green."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace(b"rXYZ", b"----").replace(b"gXYZ", b"rXYZ").replace(b"----", b"gXYZ")


def endless_profile(operations: int) -> bytes:
    """sRGB by a chain of operations, none of which can be simplified away."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tags = {}
    for start in range(132, 132 + 12 * struct.unpack(">L", data[128:132])[0], 12):
        name, offset, size = struct.unpack(">4sLL", data[start : start + 12])
        tags[name] = data[offset : offset + size].replace(b"s\0R\0G\0B", b"o\0t\0h\0e")
    ones = struct.pack(">12f", 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    matrix = b"matf\0\0\0\0" + struct.pack(">HH", 3, 3) + ones
    formula = b"curf\0\0\0\0" + struct.pack(">HH", 1, 0) + b"parf\0\0\0\0"
    formula += struct.pack(">HH4f", 0, 0, 1.01, 1, 0, 0)
    curves = b"cvst\0\0\0\0" + struct.pack(">HH", 3, 3) + struct.pack(">LL", 36, len(formula)) * 3
    curves += formula
    first = 16 + 8 * operations
    places = [(first, len(matrix)), (first + len(matrix), len(curves))]
    chain = b"mpet\0\0\0\0" + struct.pack(">HHL", 3, 3, operations)
    chain += b"".join(struct.pack(">LL", *places[n % 2]) for n in range(operations))
    result = bytearray(profile(b"RGB ", b"XYZ ", tags | {b"D2B0": chain + matrix + curves}))
    result[8:10] = 4, 0x30
    return bytes(result)


@cache
def originals() -> dict[str, bytes]:
    """Small valid files: every format, and in each what its decoder treats differently."""
    rgb = Image.fromarray(pattern())
    alpha = rgb.copy()
    alpha.putalpha(Image.linear_gradient("L").resize(rgb.size))
    grey, indexed, bits = rgb.convert("L"), rgb.quantize(16), rgb.convert("1")
    deep = Image.fromarray(pattern()[..., 0].astype(np.uint16) * 257)
    real = Image.fromarray(pattern()[..., 0].astype(np.float32) / 255)
    cmyk = rgb.convert("CMYK")
    rows48 = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pattern() * np.uint16(257))
    raw, packed = pattern().tobytes(), zlib.compress(pattern().tobytes())
    tile = zlib.compress(np.pad(pattern(), ((0, 16), (0, 8), (0, 0))).tobytes())
    files = {
        "jpeg": save(rgb, "JPEG"),
        "jpeg progressive": save(rgb, "JPEG", progressive=True),
        "jpeg grey": save(grey, "JPEG"),
        "jpeg cmyk": save(cmyk, "JPEG", icc_profile=cmyk_profile()),
        "jpeg turned": save(rgb, "JPEG", exif=exif(6), comment=b"turned"),
        "jpeg restarts": save(rgb, "JPEG", restart_marker_blocks=1),
        "jpeg two": save(rgb, "MPO", save_all=True, append_images=[negative()]),
        "png": save(rgb, "PNG", icc_profile=swapped_profile()),
        "png alpha": save(alpha, "PNG", exif=exif(3)),
        "png grey": save(grey, "PNG", transparency=3),
        "png grey alpha": save(alpha.convert("LA"), "PNG"),
        "png indexed": save(indexed, "PNG", transparency=2),
        "png bits": save(bits, "PNG"),
        "png deep": save(deep, "PNG"),
        "png deep colours": png(24, 16, 16, 2, rows48),
        "png animated": save(rgb, "PNG", save_all=True, append_images=[negative()]),
        "gif": save(indexed, "GIF", transparency=1, comment=b"comment"),
        "gif animated": save(rgb, "GIF", save_all=True, append_images=[negative()]),
        "bmp": save(rgb, "BMP"),
        "bmp alpha": save(alpha, "BMP"),
        "bmp indexed": save(indexed, "BMP"),
        "bmp bits": save(bits, "BMP"),
        "bmp runs": bmp_rle(24, 16, b"\x0c\x10\x0c\xf0\0\0" * 16 + b"\0\1"),
        "tiff": save(rgb, "TIFF"),
        "tiff alpha": save(alpha, "TIFF", compression="tiff_lzw"),
        "tiff bits": save(bits, "TIFF", compression="group4"),
        "tiff grey": save(grey, "TIFF", compression="packbits"),
        "tiff indexed": save(indexed, "TIFF"),
        "tiff cmyk": save(cmyk, "TIFF", compression="zstd"),
        "tiff lab": save(Image.new("LAB", (24, 16), (128, 140, 120)), "TIFF"),
        "tiff deep": save(deep, "TIFF", compression="lzma"),
        "tiff real": save(real, "TIFF", compression="tiff_deflate"),
        "tiff jpeg": save(rgb, "TIFF", compression="jpeg"),
        "tiff pages": save(rgb, "TIFF", save_all=True, append_images=[negative()]),
        "tiff big": save(rgb, "TIFF", big_tiff=True),
        "tiff turned": tiff(24, 16, raw, (8, 8, 8), ">", t274=6),
        "tiff tiles": tiff(
            24, 16, tile, (8, 8, 8), t259=8, t322=32, t323=32, t324=0, t325=len(tile)
        ),
        "tiff strip": tiff(24, 16, packed, (8, 8, 8), t259=8),
        "webp": save(rgb, "WEBP"),
        "webp lossless": save(alpha, "WEBP", lossless=True, exif=exif(8)),
        "webp animated": save(rgb, "WEBP", save_all=True, append_images=[negative()]),
        "avif": save(rgb, "AVIF"),
        "avif alpha": save(alpha, "AVIF", exif=exif(6)),
        "avif animated": save(rgb, "AVIF", save_all=True, append_images=[negative()]),
    }
    for name, size in (("dot", (1, 1)), ("thread", (1, 20_000))):
        dot = Image.new("RGB", size, (9, 99, 199))
        files |= {f"{f} {name}": save(dot, f) for f in ("JPEG", "PNG", "GIF", "BMP", "TIFF")}
    files["WEBP thread"] = save(Image.new("RGB", (1, 16_383)), "WEBP")
    return files


def resize(data: bytes, width: int, height: int) -> bytes:
    """Claims another size in the header, and leaves the rest: what a bomb is made of."""
    edited = bytearray(data)
    if data[:2] == b"\xff\xd8" and (frame := re.search(rb"\xff[\xc0\xc2]\0.\x08", data, re.DOTALL)):
        edited[frame.end() : frame.end() + 4] = struct.pack(">HH", height & 65535, width & 65535)
    elif data[:4] == b"\x89PNG":
        edited[8:33] = chunk(b"IHDR", struct.pack(">LL", width, height) + data[24:29])
    elif data[:3] == b"GIF":
        edited[6:10] = size = struct.pack("<HH", width & 65535, height & 65535)
        if (frame_start := data.find(b",\0\0\0\0")) > 0:
            edited[frame_start + 5 : frame_start + 9] = size
    elif data[:2] == b"BM":
        edited[18:26] = struct.pack("<LL", width, height)
    elif data[8:12] == b"WEBP" and data[12:16] == b"VP8X":
        edited[24:30] = struct.pack("<L", width - 1)[:3] + struct.pack("<L", height - 1)[:3]
    elif data[8:12] == b"WEBP" and data[12:16] == b"VP8L":
        edited[21:25] = struct.pack("<L", (width - 1 & 16383) | (height - 1 & 16383) << 14)
    elif data[8:12] == b"WEBP":
        edited[26:30] = struct.pack("<HH", width & 16383, height & 16383)
    elif data[4:8] == b"ftyp" and (start := data.find(b"ispe")) > 0:
        edited[start + 8 : start + 16] = struct.pack(">LL", width, height)
    elif data[:4] in (b"II*\0", b"MM\0*"):
        order = "<" if data[:1] == b"I" else ">"
        first = struct.unpack(f"{order}L", data[4:8])[0]
        for start in range(first + 2, len(data) - 12, 12):
            tag = struct.unpack(f"{order}H", data[start : start + 2])[0]
            if tag in (256, 257):
                value = width if tag == 256 else height
                edited[start + 2 : start + 12] = struct.pack(f"{order}HLL", 4, 1, value)
            elif not 254 <= tag < 256:
                break
    return bytes(edited)


def mend(data: bytes) -> bytes:
    """Corrects the checksums of a PNG, so that damage gets past them."""
    if data[:4] != b"\x89PNG":
        return data
    result, start = data[:8], 8
    while start + 12 <= len(data):
        end = start + 8 + struct.unpack(">L", data[start : start + 4])[0]
        if end > len(data):
            break
        result += chunk(data[start + 4 : start + 8], data[start + 8 : end])
        start = end + 4
    return result + data[start:]


_SIZES = (0, 1, 2, 7, 4096, 16_383, 20_001, 65_535, 1 << 20, (1 << 31) - 1, (1 << 32) - 1)
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
MAGIC = (
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"BM",
    b"II*\0\x08\0\0\0",
    b"MM\0*\0\0\0\x08",
    b"II+\0\x08\0\0\0",
    b"RIFF\xff\0\0\0WEBPVP8X",
    b"\0\0\0\x20ftypavif",
    b"%PDF-1.7",
    b"8BPS\0\1",
    b"PK\3\4",
    b"<svg xmlns='http://www.w3.org/2000/svg'>",
    b"<!doctype html>",
    b"%!PS-Adobe-3.0 EPSF-3.0\n",
)


def _flip(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    edited = np.frombuffer(data, np.uint8).copy()
    near_start = rng.random() < 0.5  # where the structure is
    places = rng.integers(0, min(len(data), 200) if near_start else len(data), rng.integers(1, 17))
    edited[places] = rng.integers(0, 256, len(places))
    return edited.tobytes()


def _number(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    place = int(rng.integers(0, min(len(data), 400)))
    value = struct.pack(">L" if rng.random() < 0.5 else "<L", rng.choice(_NUMBERS))
    return data[:place] + value[: rng.choice([2, 4])] + data[place + 4 :]


def _truncate(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    return data[: rng.integers(0, len(data))]


def _splice(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    return data[: rng.integers(1, len(data))] + other[rng.integers(0, len(other)) :]


def _insert(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    place = int(rng.integers(0, len(data) + 1))
    return data[:place] + rng.bytes(int(rng.integers(1, 400))) + data[place:]


def _repeat(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    start, end = sorted(int(n) for n in rng.integers(0, len(data) + 1, 2))
    return data[:end] + data[start:end] * int(rng.integers(1, 9)) + data[end:]


def _drop(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    start = int(rng.integers(0, len(data)))
    return data[:start] + data[start + int(rng.integers(1, 64)) :]


def _disguise(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    magic = MAGIC[rng.integers(0, len(MAGIC))]
    return magic + (data[len(magic) :] if rng.random() < 0.5 else rng.bytes(300))


def _resize(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    width, height = (int(n) for n in rng.choice(_SIZES, 2))
    return resize(data, max(1, width), max(1, height))


_MUTATIONS: tuple[Callable[[np.random.Generator, bytes, bytes], bytes], ...] = (
    _flip,
    _number,
    _truncate,
    _splice,
    _insert,
    _repeat,
    _drop,
    _disguise,
    _resize,
)


def cases(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yields `count` labelled files: first all valid ones, then damaged ones.

    Args:
        seed: The same seed gives the same files.
        count: How many.
    """
    rng = np.random.default_rng(seed)
    files = originals()
    names = list(files)
    yield from itertools.islice(files.items(), count)
    for number in range(len(files), count):
        name, other = (names[n] for n in rng.integers(0, len(names), 2))
        mutate = _MUTATIONS[number % len(_MUTATIONS)]
        data = mutate(rng, files[name], files[other])
        label = f"{number} {name}, {mutate.__name__.strip('_')}"
        yield (label, data) if rng.random() < 0.5 else (f"{label}, mended", mend(data))


FORM = "multipart/form-data; boundary=b"  # the content type of `forms`


def forms(count: int, picture: bytes) -> Iterator[tuple[str, bytes]]:
    """Yields `count` labelled damaged forms, of a field `top` and a PNG as the part `picture`."""
    head = (
        b'--b\r\nContent-Disposition: form-data; name="top"\r\n\r\n3\r\n--b\r\n'
        b'Content-Disposition: form-data; name="picture"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n"
    )
    whole = head + picture + b"\r\n--b--\r\n"
    for seed in range(count):
        mutate = _MUTATIONS[seed % len(_MUTATIONS)]
        body = mutate(np.random.default_rng(seed), whole, picture)
        yield f"form {seed}, {mutate.__name__.strip('_')}", body


def scans(data: bytes, count: int) -> bytes:
    """Repeats a JPEG's last scan `count` times."""
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * count + data[-2:]


def hostile(size: int) -> Iterator[tuple[str, bytes]]:
    """Yields small pictures in files of up to `size` bytes, made to keep a decoder busy."""
    jpeg, tiny = save(pattern(), "JPEG"), b"\0" + bytes(3)
    start, rest = jpeg[:2], jpeg[20:]  # without the JFIF segment
    ratios = struct.pack("<LL", 1, 3) * (size // 8)
    directory = struct.pack("<HHHLLHHLLL", 2, 0x11A, 5, size // 8, 64, 0x128, 3, 1, 2, 0)
    numbers = (b"II*\0\x08\0\0\0" + directory).ljust(64, b"\0") + ratios
    turns = struct.pack("<HHHLLL", 1, 0x112, 3, size // 2, 64, 0)
    turns = (b"II*\0\x08\0\0\0" + turns).ljust(64, b"\0") + b"\6\0" * (size // 2)
    pieces = (numbers[n : n + 65_000] for n in range(0, len(numbers), 65_000))
    yield "jpeg segments", start + segment(0xE5, b"") * (size // 4) + rest
    yield "jpeg exif", start + b"".join(segment(0xE1, b"Exif\0\0" + p) for p in pieces) + rest
    yield "jpeg fill", start + b"\xff" * size + rest
    yield "jpeg scans", scans(save(Image.new("RGB", (1500, 1500)), "JPEG", progressive=True), 999)
    yield "png chunks", png(1, 1, 8, 2, tiny, chunk(b"abCd", b"") * (size // 12))
    yield "png late chunks", png(1, 1, 8, 2, tiny, after=chunk(b"abCd", b"") * (size // 12))
    yield "png exif", png(1, 1, 8, 2, tiny, chunk(b"eXIf", turns))
    yield "png late exif", png(1, 1, 8, 2, tiny, after=chunk(b"eXIf", turns))
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 1_000_000))
    yield "png text", png(1, 1, 8, 2, tiny, text * 64)
    yield (
        "png profile",
        png(1, 1, 8, 2, tiny, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(size)))),
    )
    yield "png slow profile", save(pattern(), "PNG", icc_profile=endless_profile(3000))
    gif = save(Image.new("P", (8, 8)), "GIF")
    frame = gif.index(b",\0\0\0\0")
    yield "gif comments", gif[:frame] + b"!\xfe" + b"\1a" * (size // 2) + b"\0" + gif[frame:]
    yield "gif extensions", gif[:frame] + b"!\1\0" * (size // 3) + gif[frame:]
    yield "gif frames", gif[:-1] + gif[frame:-1] * (size // len(gif[frame:-1])) + b";"
    yield "bmp lines", bmp_rle(20_000, 2500, b"\1\5\0\0" * 2500 + b"\0\1")
    yield "bmp runs", bmp_rle(2000, 2000, b"\1\5" * min(size // 2, 4_000_000) + b"\0\1")
    many = size // 8
    strips: dict[str, Any] = {"t273": ("L", (8,) * many), "t278": 1, "t279": ("L", (1,) * many)}
    yield "tiff strips", tiff(16, 16, bytes(16), **strips)
    yield "tiff resolution", tiff(16, 16, bytes(256), t282=("LL", (1, 3) * many))
    aside = tiff(16, 16, bytes(256), t34665=8)
    pointer = len(aside)
    aside = tiff(16, 16, bytes(256), t34665=pointer)
    entry = struct.pack("<HHHLLL", 1, 0x829A, 5, many, pointer + 32, 0).ljust(32, b"\0")
    yield "tiff side directory", aside + entry + ratios
    yield "tiff circle", tiff(16, 16, bytes(256), next_directory=8)
    big = struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, size // 20)
    entries = [(256, 16), (257, 16), (258, 8), (259, 1), (262, 1), (273, 8), (279, 256)]
    big += b"".join(struct.pack("<HHQQ", tag, 4, 1, value) for tag, value in entries)
    yield "tiff tags", big + struct.pack("<HHQQ", 65_000, 3, 1, 1) * (size // 20 - len(entries))
    zeros = zlib.compressobj(9)
    first, again = (
        zeros.compress(bytes(1 << 22)) + zeros.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    tile = first + again * 400
    tiles: dict[str, Any] = {
        "t322": 20_000,
        "t323": 20_000,
        "t324": 0,
        "t325": len(tile),
        "t338": 2,
    }
    yield "tiff tile", tiff(16, 16, tile, (8, 8, 8, 8), t259=8, **tiles)
    inner = zlib.compress(bytes(16 * 1_000_000))
    tiles = {"t322": 16, "t323": 1_000_000, "t324": ("L", (0,) * 1250)}
    yield "tiff tiles", tiff(20_000, 1, inner, t259=8, t325=("L", (len(inner),) * 1250), **tiles)
    webp = save(pattern(), "WEBP", exif=exif(6))
    late = webp.index(b"EXIF")
    body = webp[12:late] + b"EXIF" + struct.pack("<L", len(turns)) + turns
    yield "webp exif", b"RIFF" + struct.pack("<L", len(body) + 4) + b"WEBP" + body
    webp = save(pattern(), "WEBP", save_all=True, append_images=[negative()])
    last = webp.rindex(b"ANMF")
    body = webp[12:] + webp[last:] * (size // len(webp[last:]))
    yield "webp frames", b"RIFF" + struct.pack("<L", len(body) + 4) + b"WEBP" + body
    turned = Image.Exif()
    turned[0x112] = 6
    turned[0x829A] = tuple([1 / 3] * min(many, 50_000))
    yield "avif exif", save(pattern(), "AVIF", exif=turned)
