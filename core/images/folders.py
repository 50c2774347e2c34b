"""Which things in a folder are pictures, by name and kind; none is opened that could block."""

from __future__ import annotations

import errno
import logging
import mimetypes
import stat
from dataclasses import dataclass
from pathlib import Path, PurePath

log = logging.getLogger(__name__)

# Of the formats that `core.images` opens.
EXTENSIONS = (
    *("jpg", "jpeg", "jpe", "jif", "jfif", "png", "webp"),
    *("gif", "bmp", "tif", "tiff", "avif"),
)
_OPENINGS = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"),
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class LeftOut:
    """Something that looks like a picture, and is passed over; `reason` is one sentence."""

    path: Path
    reason: str


def pictures_in(directory: Path) -> tuple[list[Path], list[LeftOut]]:
    """Looks at what lies in a directory, not at what lies in those within.

    Returns:
        The pictures, and what might be taken for one but was left out; each sorted by name.

    Raises:
        OSError: If the directory cannot be read.
    """
    pictures, left_out = [], []
    for path in sorted(directory.iterdir()):
        reason = objection(path)
        if reason == "":
            pictures.append(path)
        elif reason:
            left_out.append(LeftOut(path, reason))
    return pictures, left_out


def listed(*directories: Path) -> list[Path]:
    """The pictures that lie in directories; the log names what is left out, see `pictures_in`."""
    found = []
    for directory in directories:
        pictures, left_out = pictures_in(directory)
        found += pictures
        for each in left_out:
            log.warning("Left out %r: %s", str(each.path), each.reason)
    return found


def objection(path: Path) -> str | None:
    """Why a thing in a folder is left out, in a sentence.

    Returns:
        "" for a picture, a reason for what might be taken for one, None for all else. A file
        without an ending is a picture if it begins like one; what is hidden never is. One that
        there is no permission to read is listed by its name: who opens it tells.
    """
    named = has_picture_name(path)
    if not named and (path.suffix or path.name.startswith(".")):
        kind = mimetypes.guess_type(path.name)[0] or ""
        if kind.startswith("image/") and path.is_file():
            return f"Pictures of this kind ({path.suffix}) cannot be opened here."
        return None
    if path.name.startswith("."):
        return "It is hidden, as its name begins with a dot."
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            return f"It is {what(mode)}, not a file." if named else None
        return "" if named or _begins_like_a_picture(path) else None
    except OSError as error:
        if not named:
            return None
        if path.is_symlink() and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return "It is a link that leads nowhere."
        return f"It cannot be opened: {error.strerror}."


def has_picture_name(path: PurePath) -> bool:
    """Whether a file is a picture by its ending. A name may be all ending, as `.jpg`."""
    ending = path.suffix or (path.name if path.name.startswith(".") else "")
    return ending.casefold().removeprefix(".") in EXTENSIONS


def what(mode: int) -> str:
    """What is no regular file, in words: `a pipe`."""
    return _KINDS.get(stat.S_IFMT(mode), "something else")


def _begins_like_a_picture(path: Path) -> bool:
    with path.open("rb") as file:
        data = file.read(16)
    return (
        data.startswith(_OPENINGS)
        or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
        or data[4:12] in (b"ftypavif", b"ftypavis")
        or (data[:2] == b"BM" and data[6:10] == bytes(4))
    )
