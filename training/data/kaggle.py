"""The download of *Best Artworks of All Time* from Kaggle, resuming what was interrupted."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from training.data.files import DatasetError, bytes_below

HANDLE = "ikarus777/best-artworks-of-all-time"
ROOM = 5_000_000_000  # bytes: the archive, and the same unpacked beside it
_TOKEN = (
    "make a token at https://www.kaggle.com/settings/api "
    "and put it into KAGGLE_API_TOKEN or the file ~/.kaggle/access_token"
)
_AGAIN = "run the same command again"


def fetch(to: Path) -> Path:
    """Downloads and unpacks the paintings into a directory, or resumes that.

    kagglehub's own cache is laid out in the directory, since only that resumes:
    its `output_dir` refuses a directory that an interrupted download has begun.
    A token is looked for where kagglehub does; public paintings may come without.

    Returns:
        The directory inside `to` that holds the paintings.

    Raises:
        DatasetError: Without connection, permission or disk space.
    """
    store = to.resolve() / "datasets" / HANDLE
    if there := _complete(store):
        return there
    try:
        to.mkdir(parents=True, exist_ok=True)
        missing = ROOM - bytes_below(store)
        if shutil.disk_usage(to).free < missing:
            raise DatasetError(
                f"There is too little room at {to}: {missing / 1e9:.1f} GB more are needed."
            )
        with _kagglehub(to) as kagglehub:
            return _download(kagglehub, store)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DatasetError(
                f"The disk at {to} is full: make room, about {ROOM / 1e9:.0f} GB in all, "
                f"and {_AGAIN}."
            ) from None
        raise DatasetError(f"{to} cannot be written: {error.strerror or error}.") from error


def _download(kagglehub, store: Path) -> Path:
    import requests
    from kagglehub.config import get_kaggle_credentials
    from kagglehub.exceptions import DataCorruptionError

    try:
        known = get_kaggle_credentials() is not None
    except ValueError as error:  # a kaggle.json that is none
        raise DatasetError(f"{error}: {_TOKEN}.") from None
    try:
        return Path(kagglehub.dataset_download(HANDLE))
    except requests.HTTPError as error:
        raise DatasetError(_refusal(error, known)) from None
    except requests.RequestException as error:
        begun = any(store.glob("*.archive"))
        what = "The connection to Kaggle was lost" if begun else "Kaggle cannot be reached"
        kept = "; what has arrived is kept" if begun else ""
        hint = "" if known else f" (should Kaggle ask who you are, {_TOKEN})"
        raise DatasetError(
            f"{what} ({type(error).__name__}){kept}: check the connection and {_AGAIN}{hint}."
        ) from None
    except (DataCorruptionError, ValueError, EOFError, zlib.error, zipfile.BadZipFile,
            tarfile.TarError):  # fmt: skip
        # kagglehub would take a damaged archive for a finished download for ever.
        for archive in store.glob("*.archive"):
            archive.unlink()
        raise DatasetError(f"The download arrived damaged and was thrown away: {_AGAIN}.") from None


def _refusal(error, known: bool) -> str:
    status = error.response.status_code if error.response is not None else 0
    if status in (401, 403):
        if known:
            return f"Kaggle refuses the token that was found (status {status}): {_TOKEN}."
        return f"Kaggle asks who you are (status {status}): {_TOKEN}, then {_AGAIN}."
    if status == 404:
        return f"Kaggle knows no dataset {HANDLE} any more (status 404)."
    return f"Kaggle cannot serve the paintings now (status {status}): {_AGAIN} later."


def _complete(store: Path) -> Path | None:
    """Where the paintings lie, if kagglehub has marked them as complete."""
    found = [store / "versions" / mark.stem for mark in store.glob("*.complete")]
    return max((path for path in found if path.is_dir()), default=None)


@contextlib.contextmanager
def _kagglehub(cache: Path) -> Iterator:
    """The library, set to a cache directory, and with stderr for all that it says."""
    name = "KAGGLEHUB_CACHE"
    before = os.environ.get(name)
    os.environ[name] = str(cache.resolve())
    try:
        with contextlib.redirect_stdout(sys.stderr):
            import kagglehub

            for handler in logging.getLogger("kagglehub").handlers:
                if type(handler) is logging.StreamHandler:  # which holds on to the first stdout
                    handler.stream = sys.stderr
            yield kagglehub
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
