"""Pictures that are damaged though their decoder says nothing, and whole ones that look damaged."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from core.images import UnreadablePicture, load
from core.images.formats import jpeg
from tests.fuzz import chunk, exif, pattern, save

END = b"\xff\xd9"


def scene(mode: str = "RGB") -> Image.Image:
    """Soft forms and some grain, as in photographs."""
    smooth = pattern(150, 200).astype(np.int16)
    grain = np.random.default_rng(0).integers(-25, 26, smooth.shape)
    return Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8)).convert(mode)


def thumbnail() -> bytes:
    """EXIF with a small JPEG inside, its end mark included."""
    data = Image.Exif()
    data[0x0112] = 1
    return data.tobytes() + save(scene().resize((40, 30)), "JPEG")


JPEGS = {
    "baseline": save(scene(), "JPEG"),
    "fine": save(scene(), "JPEG", quality=97, subsampling=0, optimize=True),
    "progressive": save(scene(), "JPEG", progressive=True),
    "restarts": save(scene(), "JPEG", restart_marker_rows=1),
    "progressive restarts": save(scene(), "JPEG", progressive=True, restart_marker_rows=2),
    "grey": save(scene("L"), "JPEG"),
    "inks": save(scene("CMYK"), "JPEG"),
    "thumbnail": save(scene(), "JPEG", exif=thumbnail()),
}
NOISE = np.random.default_rng(1).bytes(1 << 20)
TAILS = {
    "nothing": lambda size: b"",
    "zeros": lambda size: bytes(size),
    "ones": lambda size: b"\xff" * size,
    "noise": lambda size: NOISE[:size],
    "zeros and the end": lambda size: bytes(size - 2) + END,
    "ones and the end": lambda size: b"\xff" * (size - 1) + END[1:],
    "noise and the end": lambda size: NOISE[: size - 2] + END,
}


def damaged(data: bytes) -> bool:
    try:
        load(data)
    except UnreadablePicture:
        return True
    return False


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("name", JPEGS)
def test_jpegs_that_end_early_are_refused(name, tail, share):
    data = JPEGS[name]
    size = int(len(data) * share)
    assert damaged(data[:size] + TAILS[tail](len(data) - size))


@pytest.mark.parametrize("name", JPEGS)
def test_jpegs_without_their_last_hundredth_are_refused(name):
    assert damaged(JPEGS[name][: int(len(JPEGS[name]) * 0.99)])


@pytest.mark.parametrize("name", [name for name in JPEGS if "progressive" not in name])
def test_an_end_mark_does_not_hide_what_is_missing(name):
    data = JPEGS[name]
    assert damaged(data[: len(data) // 2] + END)


@pytest.mark.parametrize("enough", [None, 32])
@pytest.mark.parametrize("name", JPEGS)
def test_jpegs_that_lack_only_their_end_mark_are_read(name, enough):
    data = JPEGS[name]
    wanted = load(data, enough=enough).pixels
    for whole in (data[:-2], data[:-1], data[:-2] + bytes(3000), data[:-2] + b"\xff" * 300):
        assert (load(whole, enough=enough).pixels == wanted).all()


@pytest.mark.parametrize("padding", [bytes(5000), b"\xff" * 500, NOISE[:5000], JPEGS["grey"]])
@pytest.mark.parametrize("name", JPEGS)
def test_what_follows_the_end_mark_is_harmless(name, padding):
    assert (load(JPEGS[name] + padding).pixels == load(JPEGS[name]).pixels).all()


def test_only_the_first_picture_of_several_counts():
    data = save(scene(), "MPO", save_all=True, append_images=[scene().rotate(180)])
    wanted = load(data).pixels
    assert (load(data[:-3000]).pixels == wanted).all()
    first = data.index(END, len(thumbnail()))
    assert damaged(data[: first // 2] + bytes(len(data) - first // 2))


FLAT = {
    f"{mode} {color} {size} {options}": save(Image.new(mode, size, color), "JPEG", **options)
    for mode, color in (
        *(("RGB", (0, 0, 0)), ("RGB", (128, 128, 128)), ("RGB", (255, 255, 255))),
        *(("RGB", (200, 30, 90)), ("L", 128), ("L", 1), ("CMYK", (0, 127, 128, 255))),
    )
    for size in ((1, 1), (640, 480), (1, 3000))
    for options in (
        *({}, {"optimize": True}, {"progressive": True}, {"quality": 100, "subsampling": 0}),
        *({"restart_marker_blocks": 1}, {"quality": 1, "progressive": True}),
    )
}


@pytest.mark.parametrize("name", FLAT)
def test_pictures_of_one_color_are_not_taken_for_damaged(name):
    for data in (FLAT[name], FLAT[name][:-2], FLAT[name] + bytes(999)):
        assert not damaged(data)


def test_a_spot_on_one_color():
    image = Image.new("RGB", (640, 480), "white")
    image.paste("black", (3, 400, 9, 409))
    for options in ({}, {"optimize": True}, {"progressive": True, "restart_marker_blocks": 4}):
        data = save(image, "JPEG", **options)
        assert not damaged(data)
        assert not damaged(data[:-2])


def test_whole_photographs_raise_no_suspicion():
    """They are decoded once, as before."""
    assert not any(jpeg.read(data).doubtful for data in JPEGS.values())


def test_segments_after_a_scan_are_counted():
    data = JPEGS["baseline"]
    assert jpeg.read(data[:-2] + b"\xff\xfe\0\2" * 200_000 + END).too_complicated


# PNG


def parts(data: bytes) -> tuple[bytes, bytes]:
    """A PNG up to its pixels, and these, packed."""
    position = start = data.index(b"IDAT") - 4
    body = b""
    while data[position + 4 : position + 8] == b"IDAT":
        end = position + 8 + struct.unpack(">L", data[position : position + 4])[0]
        body += data[position + 8 : end]
        position = end + 4
    return data[:start], body


def png_of(head: bytes, *bodies: bytes) -> bytes:
    return head + b"".join(chunk(b"IDAT", body) for body in bodies) + chunk(b"IEND", b"")


PNG = save(scene(), "PNG")
HEAD, BODY = parts(PNG)


@pytest.mark.parametrize("lost", [1, 4, 5, 12])
def test_a_png_that_lacks_only_its_end_is_read(lost):
    assert (load(PNG[:-lost]).pixels == np.asarray(scene())).all()
    assert (load(PNG[:-lost] + bytes(500)).pixels == np.asarray(scene())).all()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_pngs_that_end_early_are_refused(share):
    size = int(len(PNG) * share)
    for tail in (b"", bytes(len(PNG) - size), NOISE[: len(PNG) - size]):
        assert damaged(PNG[:size] + tail)
    size = int(len(BODY) * share)
    assert damaged(png_of(HEAD, BODY[:size]))
    assert damaged(png_of(HEAD, BODY[:100], BODY[100:size]))


def test_pngs_with_too_few_rows_are_refused():
    for image in (scene(), scene("L"), scene().quantize(9), scene().convert("1"), scene("RGBA")):
        head, body = parts(save(image, "PNG"))
        rows = zlib.decompress(body)
        assert not damaged(png_of(head, zlib.compress(rows)))
        assert damaged(png_of(head, zlib.compress(rows[: len(rows) // 2])))


def test_black_pngs_are_whole():
    for mode in ("RGB", "L", "RGBA", "1", "P"):
        for size in ((1, 1), (13, 2000), (3000, 7)):
            assert not damaged(save(Image.new(mode, size), "PNG"))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (5, 3), (9, 8)])
def test_interlaced_pngs_are_measured_by_their_passes(width, height):
    passes = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2))
    rows = b""
    for left, across, top, down in (*passes, (0, 1, 1, 2)):
        columns = len(range(left, width, across))
        rows += (b"\0" + b"\7" * columns) * len(range(top, height, down)) if columns else b""
    header = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 1))
    head = b"\x89PNG\r\n\x1a\n" + header
    assert (load(png_of(head, zlib.compress(rows))).pixels == 7).all()
    assert damaged(png_of(head, zlib.compress(rows[:-1])))


def test_other_formats():
    gif = save(scene().quantize(64), "GIF")
    assert not damaged(gif[:-1])
    assert damaged(gif[:-200])
    for format in ("WEBP", "BMP", "TIFF", "AVIF"):
        data = save(scene(), format)
        assert not damaged(data)
        assert damaged(data[: len(data) - 64])
        assert damaged(data[: len(data) // 2])


def test_turned_jpegs_without_their_end_are_turned():
    data = save(scene(), "JPEG", exif=exif(6))
    assert (load(data[:-2]).pixels == load(data).pixels).all()
