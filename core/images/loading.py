"""The only door for pictures: bytes in, clean RGB out, or a clear error.

Uploads are hostile until they have passed here. The format is found from the
content, never from the name; size and structure are judged before a pixel is
decoded; whatever a decoder throws becomes an `UnreadablePicture`. Pillow decodes,
and its pixels are brought to sRGB in bands of rows: no second full copy is held.
"""

from __future__ import annotations

import hashlib
import io
import logging
import math
import os
import stat
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL import TiffImagePlugin as Tiff
from PIL.ImageFile import ImageFile

from core.errors import AtelierError
from core.images import folders, jpeg, png, sandbox
from core.settings import settings

log = logging.getLogger(__name__)
# Pillow warns of damage that is dealt with here. Set once, as filters belong to all threads.
warnings.filterwarnings("ignore", module=r"PIL\.")

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

_BAND = 1 << 18  # pixels: small enough for the processor's cache
_MAX_PROFILE_BYTES = 4_000_000  # printer profiles reach 3 MB; more is an attack
_MAX_EXIF_BYTES = 200_000  # a camera's fits in 64 kB
# How many times dearer than in a plain PNG a pixel and a byte are: in time and memory, measured.
_COSTS: dict[object, tuple[float, float]] = {
    "AVIF": (3.0, 3.0),
    "JPEG": (0.5, 1.0),
    "MPO": (0.5, 1.0),
    "WEBP": (2.0, 1.0),  # several copies are held
    "progressive": (2.0, 2.0),  # all coefficients are held, and passed over again and again
    "jpeg": (3.0, 1.0),  # in a TIFF, where scans cannot be counted
    "tiff_jpeg": (3.0, 1.0),
    "lzma": (3.0, 3.0),
    1: (10.0, 1.0),  # the runs of a BMP, decoded in Python
    2: (10.0, 1.0),
}
_MAX_TILES = 100_000
_MANY_PIXELS = 4_000_000
_decoder = sandbox.Decoder()
_CUBE = (np.indices((6, 6, 6), np.uint8) * 51).reshape(3, 36, 6).transpose(1, 2, 0)


class UnreadablePicture(AtelierError, ValueError):
    """A file that is no usable picture. Its message is one sentence for the visitor."""

    code = "unreadable-picture"


@dataclass(frozen=True)
class Picture:
    """A clean picture.

    Attributes:
        pixels: `(height, width, 3)` uint8, RGB in sRGB, upright, read-only.
        format: What the file was: one of `FORMATS`.
        original_size: `(width, height)` in the file, upright, before any reduced decoding.
    """

    pixels: np.ndarray
    format: str
    original_size: tuple[int, int]


def load(source: bytes | Path | str, *, enough: int | None = None) -> Picture:
    """Reads a picture of any accepted format.

    Args:
        source: The file's bytes, or a path to it.
        enough: If given, the picture may come back smaller than the file, as long as
            both sides keep at least this many pixels. Large JPEGs decode far faster.

    Returns:
        The first frame, turned upright by its EXIF orientation, converted to sRGB,
        transparent parts over white.

    Raises:
        UnreadablePicture: If it is not a picture, damaged or over a limit of the settings.
        OSError: If a path cannot be opened.
    """
    limits = settings()
    if not isinstance(source, bytes):
        source = read(Path(source))
    if not source:
        raise UnreadablePicture("The file is empty.")
    if len(source) > limits.max_bytes:
        raise _too_large("file", limits.max_bytes, "MB")
    if source[4:8] == b"ftyp":  # AVIF, whose header may lie about the size of what is inside
        return _decode_apart(source, enough)
    return decode_here(source, enough)


def read(path: Path) -> bytes:
    """The bytes of a file, no more than one over the limit. Waits for no pipe or device.

    Raises:
        UnreadablePicture: If it is no regular file.
        OSError: If it cannot be opened.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        # It may have become a pipe meanwhile, which would make us wait for who writes to it.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode):
                return file.read(settings().max_bytes + 1)
    raise UnreadablePicture(f"This is {folders.what(mode)}, not a file: choose a picture in it.")


def decode_here(data: bytes, enough: int | None) -> Picture:
    """Reads a picture in this process, whatever its format: `load` without the precautions.

    Raises:
        UnreadablePicture: If it is not a picture, damaged or over a limit of the settings.
    """
    limits = settings()
    try:
        return _decode(data, enough)
    except UnreadablePicture:
        raise
    except UnidentifiedImageError:
        raise UnreadablePicture(
            "This is not a picture that can be opened here, or it is damaged: "
            "try a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file."
        ) from None
    except Image.DecompressionBombError:  # Pillow's own limit, far above ours
        raise _too_large("picture", limits.max_pixels, "megapixels") from None
    except MemoryError:
        raise UnreadablePicture("The picture is too large for this machine.") from None
    except Exception as error:  # decoders raise nearly anything on damaged input
        log.info("Refused a damaged picture: %r", error)
        raise _damaged() from error


def encode(pixels: np.ndarray, format: str = "PNG", **options: object) -> bytes:
    """Writes `(height, width, 3)` uint8 RGB pixels as a file of the given format."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **options)
    return buffer.getvalue()


def preview(pixels: np.ndarray, side: int) -> np.ndarray:
    """Shrinks pixels to fit `side` x `side`, keeping their shape; small ones stay as they are."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(image)


def listed(*directories: Path) -> list[Path]:
    """The pictures that lie in directories, not in those within; the log names what is left out.

    `core.images.folders.pictures_in` tells both.
    """
    found = []
    for directory in directories:
        pictures, left_out = folders.pictures_in(directory)
        found += pictures
        for path, reason in ((left.path, left.reason) for left in left_out):
            log.warning("Left out %r: %s", str(path), reason)
    return found


class _Metered(io.BytesIO):
    """A file that gives out only so much: parsers in Python take minutes over 50 MB of headers."""

    reads = 10_000
    size = 4_000_000.0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.reads -= 1
        self.size -= len(data) if size and size > 0 else 0  # the whole at once goes to C: fast
        if self.reads < 0 or self.size < 0:
            raise _too_complicated()
        return data


def _too_large(what: str, limit: float, unit: str) -> UnreadablePicture:
    return UnreadablePicture(
        f"The {what} is too large: at most {limit / 1e6:.3g} {unit} for a file of this kind, "
        "please; a smaller copy will do."
    )


def _too_complicated() -> UnreadablePicture:
    return UnreadablePicture(
        "The file is built in an unusually complicated way: try saving it again as JPEG or PNG."
    )


def _damaged() -> UnreadablePicture:
    return UnreadablePicture(
        "The picture is damaged or incomplete: try saving or downloading it again."
    )


def _decode_apart(data: bytes, enough: int | None) -> Picture:
    try:
        reply, pixels = _decoder.decode(data, enough)
    except sandbox.Died as error:
        log.info("Refused a picture that killed its decoder: %s", error)
        raise UnreadablePicture(
            "The picture is damaged, or too large for this machine: try saving it as JPEG or PNG."
        ) from error
    if pixels is None:
        raise UnreadablePicture(reply["error"])
    return Picture(pixels, reply["format"], tuple(reply["size"]))


def _decode(data: bytes, enough: int | None) -> Picture:
    if data[4:8] == b"ftyp":  # AVIF: turned by other means, yet Pillow unfolds EXIF of any length
        data = data.replace(b"Exif", b"skip")
    file = _Metered(data)
    with Image.open(file, formats=FORMATS) as image:
        transform = _transform(image)
        reduced = enough and min(image.size) >= 2 * enough  # which leaves few colours to convert
        _check(image, data, None if reduced else transform)
        kind, size = str(image.format), image.size
        stream = _jpeg_stream(image, data)
        if stream and not stream.ended:
            file.seek(stream.end)
            file.truncate()
            file.write(jpeg.END)
        if kind == "PNG":
            _scale_transparency(image)
            if not png.is_sound(data):
                raise _damaged()
        if isinstance(image, Tiff.TiffImageFile):
            image.is_animated = True  # else load() reads side directories, of any length
        if enough:
            image.draft("RGB", (enough, enough))
        file.reads, file.size = 300_000, math.inf
        image.load()
        if stream and not stream.doubtful and _ends_in_grey(image):
            _check_whole(image, data, stream)
        unsure = kind == "PNG" and (image.info.get("interlace") or _ends_in_black(image))
        if unsure and not png.has_all_rows(data):
            raise _damaged()
        if _turn_upright(image):
            size = size[::-1]
        # A factor over 32 would make the bands too high.
        factor = min(32, max(1, min(image.size) // enough)) if enough else 1
        pixels = _to_srgb(image, factor, transform)
    return Picture(pixels, "JPEG" if kind == "MPO" else kind, size)


def _check(image: ImageFile, data: bytes, transform: ImageCms.ImageCmsTransform | None) -> None:
    """Refuses what would take too much time or memory to decode."""
    limits, (width, height), (per_pixel, per_byte) = settings(), image.size, _cost(image)
    if transform:
        per_pixel += 2.0 if transform.input_mode == "CMYK" else 0.5
    per_pixel = max(1.0, per_pixel)
    area = width * height
    if Tiff.TILEWIDTH in (tags := getattr(image, "tag_v2", {})):
        # Tiles are decoded whole, and may reach far beyond the picture.
        across, down = tags[Tiff.TILEWIDTH], tags[Tiff.TILELENGTH]
        padded = math.ceil(width / across) * across * math.ceil(height / down) * down
        area = max(area, across * down, padded / 2)
    if area * per_pixel > limits.max_pixels:
        raise _too_large("picture", limits.max_pixels / per_pixel, "megapixels")
    if len(data) * per_byte > limits.max_bytes:
        raise _too_large("file", limits.max_bytes / per_byte, "MB")
    if max(width, height) > limits.max_side:
        raise UnreadablePicture(
            f"The picture is too long: at most {limits.max_side:,} pixels a side, please."
        )
    if len(image.tile) > _MAX_TILES or _is_misread(image, data):
        raise _too_complicated()


def _is_misread(image: ImageFile, data: bytes) -> bool:
    """Whether a TIFF is of a layout of which its decoder makes other pixels without an error."""
    if not isinstance(image, Tiff.TiffImageFile):
        return False
    tags = image.tag_v2
    bits = tags.get(Tiff.BITSPERSAMPLE, (1,))
    depth, packed = max(bits), tags.get(Tiff.COMPRESSION, 1) != 1
    numbers = set(tags.get(Tiff.SAMPLEFORMAT, (1,)))  # 1: whole, 2: with a sign, 3: real
    stored = sum(tags.get(Tiff.STRIPBYTECOUNTS, ()))
    planes = tags.get(Tiff.PLANAR_CONFIGURATION, 1) == 2
    swapped = data[:2] == b"MM" and packed and (depth > 16 or numbers != {1})
    return (
        (2 in numbers and depth <= 8)
        or swapped
        or (planes and not packed and (depth > 8 or tags.get(Tiff.FILLORDER, 1) == 2))
        or (planes and len(bits) == 2)
        # 12 bits in 16, where they should lie without a gap
        or (depth == 12 and not packed and stored >= 2 * image.width * image.height)
    )


def _cost(image: ImageFile) -> tuple[float, float]:
    """How dear a pixel and a byte are; pixels of many samples are the dearer for it."""
    scans = "progressive" if "progressive" in image.info else ""
    traits = image.info.get("compression"), scans, image.format
    per_pixel, per_byte = next((_COSTS[trait] for trait in traits if trait in _COSTS), (1.0, 1.0))
    layout = image.tile[0].args if image.tile else ""  # "RGB", "RGB;16B" or a tuple of such first
    samples, _, depth = str(layout[0] if isinstance(layout, tuple) else layout).partition(";")
    return per_pixel * max(1, len(samples) * (2 if depth.startswith("16") else 1) / 3), per_byte


def _jpeg_stream(image: ImageFile, data: bytes) -> jpeg.Stream | None:
    """What the marks of a JPEG say, if it is one and all of it is there."""
    if image.format not in ("JPEG", "MPO"):
        return None
    stream = jpeg.read(data)
    if stream.too_complicated:
        raise _too_complicated()
    if stream.doubtful:
        _check_whole(image, data, stream)
    return stream


def _check_whole(image: ImageFile, data: bytes, stream: jpeg.Stream) -> None:
    # Fewer pixels will do to see a difference, where many would take their time.
    small = image.width * image.height > _MANY_PIXELS

    def pixels(data: bytes) -> bytes:
        digest = hashlib.blake2b(digest_size=16)
        try:
            with Image.open(source := _Metered(data), formats=("JPEG",)) as file:
                if small:
                    file.draft(None, (file.width // 8, file.height // 8))
                source.reads, source.size = 300_000, math.inf
                file.load()
                for _, band in _bands(file, max(1, _BAND // file.width)):
                    digest.update(band.tobytes())
        except OSError:
            return b""
        return digest.digest()

    # Many passes, again and again, would take too long.
    too_long = small and "progressive" in image.info and not stream.ended
    if too_long or not jpeg.is_whole(data, stream, pixels):
        raise _damaged()


def _ends_in_grey(image: Image.Image) -> bool:
    """Whether the last pixel is as a JPEG's decoder leaves those that are missing."""
    last = image.getpixel((image.width - 1, image.height - 1))
    return set(last if isinstance(last, tuple) else (last,)) <= {127, 128}


def _ends_in_black(image: Image.Image) -> bool:
    """Whether the last pixel is as a PNG's decoder leaves those that are missing."""
    last = image.getpixel((image.width - 1, image.height - 1))
    return not any(last) if isinstance(last, tuple) else not last


def _scale_transparency(image: ImageFile) -> None:
    """Brings a PNG's transparent colour from the file's bit depth to that of the pixels."""
    key, depth = image.info.get("transparency"), image.tile[0].args
    if key is not None and depth in ("L;2", "L;4"):
        image.info["transparency"] = key * {"L;2": 85, "L;4": 17}[depth]
    elif key is not None and depth == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in key)


def _turn_upright(image: Image.Image) -> bool:
    """Turns a picture by its EXIF orientation; true if its sides have changed places."""
    swapped = False
    try:
        exif = image.info.get("exif") or image.info.get("Raw profile type exif") or b""
        if len(exif) <= _MAX_EXIF_BYTES:
            swapped = image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
            ImageOps.exif_transpose(image, in_place=True)
    except Exception as error:  # malformed EXIF must not cost the visitor the picture
        log.info("Ignored malformed EXIF: %r", error)
    return swapped


def _to_srgb(
    image: Image.Image, factor: int, transform: ImageCms.ImageCmsTransform | None
) -> np.ndarray:
    """Converts any mode and colour profile to RGB in sRGB over white, `factor` times smaller."""
    rows = max(1, _BAND // image.width // factor) * factor
    levels = _levels(image, rows)
    size = math.ceil(image.height / factor), math.ceil(image.width / factor)
    pixels = np.empty((*size, 3), np.uint8)
    for top, band in _bands(image, rows):
        band = _opaque(_to_8_bit(band, *levels) if levels else band)
        if factor > 1:
            band = band.reduce(factor)
        if transform:
            band = transform.apply(band.convert(transform.input_mode))
        pixels[top // factor :][: band.height] = np.asarray(band.convert("RGB"))
    pixels.flags.writeable = False
    return pixels


def _bands(image: Image.Image, rows: int) -> Iterator[tuple[int, Image.Image]]:
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _levels(image: Image.Image, rows: int) -> tuple[float, float] | None:
    """The values that mean black and white, where a sample has more than 8 bits."""
    tags = getattr(image, "tag_v2", {})
    if image.mode.startswith("I;16"):
        low, high = 0.0, 4095.0 if tags.get(Tiff.BITSPERSAMPLE) == (12,) else 65535.0
    elif image.mode in ("I", "F"):  # no range is agreed on: from the darkest to the brightest
        low, high = math.inf, -math.inf
        for _, band in _bands(image, rows):
            values = np.asarray(band)
            if (known := values[np.isfinite(values)]).size:
                low, high = min(low, float(known.min())), max(high, float(known.max()))
        if low < 0 and image.mode == "I" and 2 not in tags.get(Tiff.SAMPLEFORMAT, (1,)):
            raise _too_complicated()  # the decoder takes half of the numbers for negative ones
    else:
        return None
    return (high, low) if tags.get(Tiff.PHOTOMETRIC_INTERPRETATION) == 0 else (low, high)


def _to_8_bit(image: Image.Image, black: float, white: float) -> Image.Image:
    values = np.asarray(image)
    scale = np.float32(255.0 / (white - black) if white != black else 0.0)
    with np.errstate(all="ignore"):
        grey = (values - np.float32(black)) * scale
        grey = np.fmin(np.fmax(np.rint(grey), 0), 255).astype(np.uint8)  # fmax turns NaN to 0
    if "transparency" in image.info:
        grey[values == image.info["transparency"]] = 255
    return Image.fromarray(grey)


def _opaque(image: Image.Image) -> Image.Image:
    """Brings a band to 8 bits a channel, over white, as L, RGB, CMYK or LAB."""
    if image.has_transparency_data:
        image = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _transform(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """The way from a picture's own colours to sRGB, if it is worth going."""
    profile, mode = image.info.get("icc_profile"), image.mode
    try:
        if mode == "LAB":
            source = ImageCms.createProfile("LAB")
        elif not profile or len(profile) > _MAX_PROFILE_BYTES or b"mpet" in profile:
            return None  # "mpet": chains of operations, which may take minutes
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
        space = {"GRAY": "L", "Lab ": "LAB"}.get(source.xcolor_space, source.xcolor_space.strip())
        natural = mode if mode in ("CMYK", "LAB") else Image.getmodebase(mode)
        if space != natural and (space != "RGB" or mode in ("CMYK", "LAB")):
            return None
        # Profiles are made anew each time: they are not for sharing between threads.
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, srgb, space, "RGB")
        if space == "RGB":  # most are sRGB by one name or another
            change = np.asarray(transform.apply(Image.fromarray(_CUBE))) - _CUBE.astype(np.int16)
            return transform if np.abs(change).max() > 2 else None
        return transform
    except Exception as error:  # a broken profile only shifts colours a little
        log.info("Ignored an unusable colour profile: %r", error)
        return None
