"""Files of weights: where they are looked for, downloaded whole or not at all, and checked.

One function serves all who need weights: models that ship, the networks that style transfer
looks through, the ImageNet weights that trainings start from. It looks into

1. a directory that the command line names (`--weights`), then that of `ATELIER_WEIGHTS`, for
   places without a connection,
2. `assets/models/`, which holds what ships,
3. `ATELIER_CACHE`, which keeps downloads,
4. the Hugging Face Hub, `ATELIER_HUB_REPO` at the pinned `ATELIER_HUB_REVISION`,
5. the address of the file, for what `keras.applications` distributes.

Whatever is found is used only if its digest is the recorded one.
"""

from __future__ import annotations

import hashlib
import logging
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from core import files
from core.errors import AtelierError
from core.models import entries
from core.models.entries import Entry, WeightsFile
from core.settings import settings

log = logging.getLogger(__name__)

Progress = Callable[[str], None]
"""Told in words when, and how far, something is downloaded."""


class WeightsError(AtelierError, RuntimeError):
    """Weights that cannot be used. Its message is one sentence that says what to do."""

    code = "weights"


class NotHere(WeightsError, FileNotFoundError):
    """Weights that are not on this machine and cannot be downloaded."""


@dataclass(frozen=True)
class File:
    """A file of weights.

    Attributes:
        digest: Its SHA-256, or the MD5 that Keras itself records.
        bytes: Its size, for what is said of it; 0 if unknown.
        on_hub: Whether the Hub repository of the settings has it.
        url: Where else it can be downloaded; empty for nowhere.
    """

    name: str
    digest: str
    bytes: int = 0
    on_hub: bool = False
    url: str = ""


def find(*wanted: File, directory: Path | None = None, progress: Progress = log.info) -> Path:
    """Finds, or downloads, one of several files that hold the same weights, and checks it.

    Args:
        wanted: The files, the preferred one first.
        directory: Where to look first, if the command line names a directory.
        progress: Told in words when something is downloaded.

    Raises:
        NotHere: If none of them is to be had.
        WeightsError: If the one that was found is damaged or not the recorded one.
    """
    name, cached = wanted[0].name, settings().cache / "weights"
    for place in filter(None, (directory, settings().weights, entries.assets(), cached)):
        for file in wanted:
            if (place / file.name).is_file():
                return checked(place / file.name, file.digest)
    ways = [(_from_hub, file) for file in wanted if file.on_hub]
    ways += [(_from_address, file) for file in wanted if file.url]
    if not ways:
        raise NotHere(
            f"The weights {name} are not there: name the directory that holds them with "
            "--weights or ATELIER_WEIGHTS."
        )
    if settings().offline:
        raise NotHere(
            f"The weights {name} are not on this machine and downloads are switched off: "
            "put the file into the directory that ATELIER_WEIGHTS names."
        )
    for download, file in ways:
        try:
            return download(file, progress)
        except (OSError, HTTPException) as error:
            log.info("%s is not to be had that way: %r", file.name, error)
    raise NotHere(
        f"The weights {name} could not be downloaded: check the connection, or put the "
        "file into the directory that ATELIER_WEIGHTS names."
    )


def find_file(
    file: WeightsFile, *, directory: Path | None = None, progress: Progress = log.info
) -> Path:
    """Finds a file that we made; arguments and errors are those of `find`."""
    wanted = File(file.name, file.sha256, file.bytes, on_hub=True)
    return find(wanted, directory=directory, progress=progress)


def resolve(
    entry: Entry,
    progress: Progress = log.info,
    directory: Path | None = None,
    *,
    ours: bool = False,
) -> Path:
    """Finds the weights of an entry and checks them; arguments and errors are those of `find`.

    Args:
        ours: Only the file that we made, not that of `keras.applications`, whose layers have
            other names.
    """
    file, keras = entry.file, entry.keras_file
    wanted = [File(file.name, file.sha256, file.bytes, on_hub=True)]
    if keras and not ours:
        wanted.append(File(keras.name, keras.md5, url=keras.url))
    return find(*wanted, directory=directory, progress=progress)


def resolve_graphs(
    entry: Entry, progress: Progress = log.info, directory: Path | None = None
) -> Path:
    """Finds the LiteRT graphs of an entry and checks them; arguments and errors as of `find`."""
    assert entry.graphs is not None, f"{entry.id} has no graphs"
    return find_file(entry.graphs.file, directory=directory, progress=progress)


def checked(path: Path, digest: str) -> Path:
    """The path, if the file's SHA-256 or MD5 is the recorded one.

    Raises:
        WeightsError: If it is not, or the file cannot be read.
    """
    try:
        recorded = _has(path, digest)
    except OSError as error:
        reason = error.strerror or error
        raise WeightsError(f"The weights file {path} cannot be read: {reason}.") from error
    if not recorded:
        raise WeightsError(
            f"The weights file {path} is damaged or not the published one, so it was not "
            "loaded: delete it, and install Atelier or download the file again."
        )
    return path


def _has(path: Path, digest: str) -> bool:
    algorithm = "md5" if len(digest) == 32 else "sha256"
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == digest


def _from_hub(file: File, progress: Progress) -> Path:
    from huggingface_hub import hf_hub_download

    progress(f"Downloading {file.name} ({file.bytes / 1e6:.0f} MB)…")
    repo, revision = settings().hub_repo, settings().hub_revision
    return checked(Path(hf_hub_download(repo, file.name, revision=revision)), file.digest)


def _from_address(file: File, progress: Progress) -> Path:
    path = settings().cache / "weights" / file.name
    with (
        urllib.request.urlopen(file.url, timeout=20) as source,
        files.replacing(path) as part,
        part.open("wb") as target,
    ):
        size = int(source.headers.get("Content-Length") or 0)
        of, done, told = f" of {size // 10**6}" if size else "", 0, -1
        while block := source.read(1 << 20):
            target.write(block)
            done += len(block)
            if (tenths := 10 * done // max(size, done)) > told:
                told = tenths
                progress(f"Downloading {file.name}: {done // 10**6}{of} MB…")
        target.flush()
        if done < size:
            raise OSError(f"{file.url} ended after {done} of {size} bytes")
        if not _has(part, file.digest):
            raise WeightsError(
                f"What {file.url} gives is damaged or not the published file, so it was not "
                "kept: put the right one into the directory that ATELIER_WEIGHTS names."
            )
    return path
