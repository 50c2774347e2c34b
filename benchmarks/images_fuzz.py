"""Time and memory that `core.images` takes over damaged, hostile and very large files.

    python -m benchmarks.images_fuzz [--count 2400] [--seed 0] [--verbose]

Loads the files of `tests.fuzz`, attacks of 20 MB, and pictures that are just within the
limits, each of the latter in a process of its own. Exit status 1 if a file took more than
2 s or 500 MB, raised anything but `UnreadablePicture`, or was refused within the limits.

Seconds are the lesser of the clock's and the processor's, and a file that fails is tried
up to three times, so that other work on the machine counts little. Memory is the growth
of the process's peak, without the file itself.
"""

from __future__ import annotations

import multiprocessing
import re
import resource
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from core import images
from tests import fuzz

_MAX_SECONDS = 2.0
_MAX_MEGABYTES = 500
_HANGING = 120
_FORK = multiprocessing.get_context("fork")  # so that each starts small, and with Pillow loaded


@dataclass
class Result:
    """What became of one file."""

    label: str
    outcome: str
    seconds: float = 0.0
    megabytes: float = 0.0

    @property
    def failed(self) -> bool:
        slow = self.seconds > _MAX_SECONDS or self.megabytes > _MAX_MEGABYTES
        return slow or self.outcome not in ("picture", "refused")


def main(
    count: Annotated[int, typer.Option(min=1, help="How many damaged files.")] = 2400,
    seed: Annotated[int, typer.Option(help="Of the damage.")] = 0,
    verbose: Annotated[bool, typer.Option(help="Print every large and hostile file.")] = False,
) -> None:
    """Measures all, and prints what was slowest and largest."""
    Image.MAX_IMAGE_PIXELS = None  # for making the files; children that load them restore it
    Image.init()
    results: list[Result] = _in_child(_damaged, count, seed)
    with tempfile.TemporaryDirectory() as folder:
        for label, path in _in_child(_hostile, Path(folder)):
            results.append(_measure(label, path))
            path.unlink()
        for label, build in _LIMITS.items():
            path = _in_child(_build, build, Path(folder))
            result = _measure(f"limit: {label}, {path.stat().st_size / 1e6:.0f} MB", path)
            if result.outcome == "refused" and label not in _INCOMPLETE:
                result.outcome = "refused within the limits"
            results.append(result)
    _report(results, verbose)
    raise typer.Exit(any(result.failed for result in results))


def _report(results: list[Result], verbose: bool) -> None:
    outcomes = [result.outcome for result in results]
    print(f"{len(results)} files: " + ", ".join(f"{outcomes.count(o)} {o}" for o in set(outcomes)))
    named = [result for result in results if result.label.startswith(("hostile", "limit"))]
    by_time = sorted(results, key=lambda result: -result.seconds)
    by_size = sorted(results, key=lambda result: -result.megabytes)
    tables = {"slowest": by_time[:8], "largest": by_size[:8]}
    tables |= {"all large and hostile files": named} if verbose else {}
    tables |= {"FAILED": [result for result in results if result.failed]}
    for title, rows in tables.items():
        print(f"\n{title}:" if rows else "")
        for row in rows:
            print(f"{row.seconds:6.2f} s {row.megabytes:5.0f} MB  {row.label}: {row.outcome}")


def _in_child(work: Callable[..., Any], *arguments: object) -> Any:
    """The result of a function, called in a process of its own; None if it does not end."""

    def run(connection: Connection) -> None:
        connection.send(work(*arguments))

    receiver, sender = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=run, args=(sender,))
    process.start()
    sender.close()
    try:
        return receiver.recv() if receiver.poll(_HANGING) else None
    except EOFError:  # it has died
        return None
    finally:
        process.kill()
        process.join()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _load(label: str, data: bytes) -> Result:
    before, wall, processor = _peak(), time.perf_counter(), time.process_time()
    try:
        images.load(data)
        outcome = "picture"
    except images.UnreadablePicture:
        outcome = "refused"
    except BaseException as error:
        outcome = repr(error)
    seconds = min(time.perf_counter() - wall, time.process_time() - processor)
    return Result(label, outcome, seconds, _peak() - before)


def _load_path(label: str, path: Path) -> Result:
    Image.MAX_IMAGE_PIXELS = 89_478_485  # Pillow's own
    return _load(label, path.read_bytes())


def _measure(label: str, path: Path) -> Result:
    for _ in range(3):  # at most: the machine may be busy with something else
        result = _in_child(_load_path, label, path) or Result(label, "killed", _HANGING)
        if not result.failed:
            break
    return result


def _damaged(count: int, seed: int) -> list[Result]:
    Image.MAX_IMAGE_PIXELS = 89_478_485
    return [_load(label, data) for label, data in list(fuzz.cases(seed, count))]


def _hostile(folder: Path) -> list[tuple[str, Path]]:
    files = []
    for number, (label, data) in enumerate(fuzz.hostile(20_000_000)):
        path = folder / f"hostile-{number}"
        path.write_bytes(data)
        files.append((f"hostile: {label}", path))
    return files


def _build(build: Callable[[], bytes], folder: Path) -> Path:
    path = folder / "picture"
    path.write_bytes(build())
    return path


def _noise(megapixels: float, amplitude: int, mode: str = "RGB") -> Image.Image:
    """A picture of fine grain, which is what costs decoders most."""
    width = int((megapixels * 1.6e6) ** 0.5)
    height = int(megapixels * 1e6) // width
    channels = len(Image.new(mode, (1, 1)).getbands())
    grain = np.random.default_rng(0).integers(
        0, amplitude + 1, (height, width * channels), np.uint8
    )
    return Image.frombytes(mode, (width, height), (grain + np.uint8(90)).tobytes())


def _png(megapixels: float, bits: int, colour: int, channels: int) -> bytes:
    """A PNG that is hard to unpack: short matches, and the dearest filter."""
    width = int((megapixels * 1.6e6) ** 0.5)
    height = int(megapixels * 1e6) // width
    rng, length = np.random.default_rng(0), width * channels * bits // 8
    rows = rng.choice(np.array([0, 1, 255], np.uint8), (97, length), p=[0.92, 0.04, 0.04])
    packer = zlib.compressobj(1)
    packed = [packer.compress(b"\4" + rows[y % 97].tobytes()) for y in range(height)]
    empty = fuzz.png(width, height, bits, colour, b"")
    start = empty.index(b"IDAT") - 4
    data = fuzz.chunk(b"IDAT", b"".join(packed) + packer.flush())
    return empty[:start] + data + fuzz.chunk(b"IEND", b"")


def _strip(megapixels: float, kind: str, channels: int, **tags: Any) -> bytes:
    """A TIFF of a single packed strip, which its decoder must hold as a whole."""
    width = int((megapixels * 1.6e6) ** 0.5)
    height = int(megapixels * 1e6) // width
    grain = np.random.default_rng(0).integers(0, 99, 999).astype(f"<{kind}")
    row = np.resize(grain, width * channels).tobytes()
    packer = zlib.compressobj(6)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    bits = (8 * np.dtype(kind).itemsize,) * channels
    return fuzz.tiff(width, height, data, bits, t259=8, **tags)


def _many_scans(megapixels: float) -> bytes:
    """A progressive JPEG of one colour, with as many scans as are allowed."""
    flat = fuzz.save(Image.new("RGB", _noise(megapixels, 0).size), "JPEG", progressive=True)
    return fuzz.scans(flat, 50 - flat.count(b"\xff\xda"))


def _empty_scans(megapixels: float) -> bytes:
    """A sequential JPEG with as many scans as are allowed, and nothing in them."""
    jpeg = fuzz.resize(fuzz.save(fuzz.pattern(), "JPEG"), *_noise(megapixels, 0).size)
    scan = fuzz.segment(0xDA, bytes([1, 1, 0, 0, 63, 0]))
    return jpeg[: jpeg.index(b"\xff\xda")] + scan * 50 + b"\xff\xd9"


def _tiff_scans(megapixels: float) -> bytes:
    """A TIFF with a progressive JPEG inside, which the scans of others are not counted in."""
    width, height = _noise(megapixels, 0).size
    jpeg = fuzz.save(Image.new("RGB", (width, height)), "JPEG", progressive=True, subsampling=0)
    data = fuzz.scans(jpeg, 90 - len(re.findall(rb"\xff\xda", jpeg)))
    sampling = ("H", (1, 1))
    return fuzz.tiff(width, height, data, (8, 8, 8), t259=7, t262=6, t530=sampling)


def _turned(megapixels: float) -> bytes:
    return fuzz.save(_noise(megapixels, 30), "JPEG", quality=80, exif=fuzz.exif(6))


def _progressive(megapixels: float, mode: str, quality: int) -> bytes:
    options = {"progressive": True, "subsampling": 0, "quality": quality}
    return fuzz.save(_noise(megapixels, 90, mode), "JPEG", **options)


def _animated(megapixels: float) -> bytes:
    frame = _noise(megapixels, 30)
    return fuzz.save(frame, "WEBP", save_all=True, append_images=[frame.rotate(180)], method=0)


def _lines() -> bytes:
    """A run-length coded BMP in which hardly anything but ends of lines is coded."""
    return fuzz.bmp_rle(20_000, 250, b"\1\5\0\0" * 250 + b"\0\1")


def _cases() -> Iterator[tuple[str, Callable[[], bytes]]]:
    save, noise = fuzz.save, _noise
    inks, colours = fuzz.cmyk_profile(), fuzz.swapped_profile()
    lossless: dict[str, Any] = {"lossless": True, "quality": 0, "method": 0}
    full: dict[str, Any] = {"subsampling": "4:4:4", "speed": 10}
    yield "JPEG", lambda: save(noise(50, 90), "JPEG", quality=85)
    yield "JPEG with a profile", lambda: save(noise(50, 30), "JPEG", icc_profile=colours)
    yield "JPEG turned", lambda: _turned(50)
    yield "JPEG of inks", lambda: save(noise(18.7, 30, "CMYK"), "JPEG", icc_profile=inks)
    yield "JPEG progressive", lambda: _progressive(25, "RGB", 80)
    yield "JPEG progressive of inks", lambda: _progressive(18.7, "CMYK", 60)
    yield "JPEG of many scans", lambda: _many_scans(25)
    yield "JPEG of empty scans", lambda: _empty_scans(50)
    yield "PNG", lambda: _png(50, 8, 2, 3)
    yield "PNG with alpha", lambda: _png(37.5, 8, 6, 4)
    yield "PNG of 16 bits", lambda: _png(25, 16, 2, 3)
    yield "PNG of 16 bits with alpha", lambda: _png(18.7, 16, 6, 4)
    yield "PNG of 16 bits, grey", lambda: _png(50, 16, 0, 1)
    yield (
        "PNG with a palette",
        lambda: save(noise(50, 6, "P"), "PNG", transparency=bytes(range(7)), compress_level=1),
    )
    yield (
        "PNG with a profile",
        lambda: save(noise(33.3, 1), "PNG", icc_profile=colours, compress_level=1),
    )
    yield "GIF", lambda: save(noise(50, 6, "P"), "GIF", transparency=92)
    yield "BMP", lambda: save(noise(16.6, 99), "BMP")
    yield "BMP of runs", _lines
    yield "TIFF of one strip", lambda: _strip(50, "u1", 3)
    yield "TIFF of inks", lambda: _strip(37.5, "u1", 4, t262=5)
    yield "TIFF of 16 bits", lambda: _strip(25, "u2", 3)
    yield "TIFF of 16 bits with alpha", lambda: _strip(18.7, "u2", 4, t338=1)
    yield "TIFF of real numbers", lambda: _strip(50, "f4", 1, t339=3)
    yield "TIFF of Lab", lambda: save(noise(16.6, 90, "LAB"), "TIFF")
    yield "TIFF, LZW", lambda: save(noise(50, 2), "TIFF", compression="tiff_lzw")
    yield "TIFF, LZMA", lambda: save(noise(16.6, 3), "TIFF", compression="lzma")
    yield "TIFF, JPEG", lambda: _tiff_scans(16.6)
    yield "WebP", lambda: save(noise(25, 150), "WEBP", quality=80, method=0)
    yield "WebP, lossless", lambda: save(noise(25, 15), "WEBP", **lossless)
    yield "WebP with alpha", lambda: save(noise(25, 5, "RGBA"), "WEBP", exact=True, **lossless)
    yield "WebP, animated", lambda: _animated(25)
    yield "AVIF", lambda: save(noise(16.6, 150), "AVIF", quality=75, **full)
    yield "AVIF with alpha", lambda: save(noise(12.5, 90, "RGBA"), "AVIF", quality=75, **full)
    yield "strip of 20,000", lambda: save(Image.new("RGBA", (20_000, 1875)), "PNG")


_LIMITS = dict(_cases())
_INCOMPLETE = {"JPEG of empty scans"}  # which is to be seen before it is decoded

if __name__ == "__main__":
    typer.run(main)
