"""The transfer of versions to and from a directory, or a repository of the Hugging Face Hub.

In either, a version lies in a folder of its name. In a repository it is also a tag of that name,
so that what is pulled is what was pushed, whatever is pushed later; and what arrives is compared
with its digests.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from core.errors import AtelierError, InvalidRequest
from core.files import check_output
from core.models import Version, versions
from core.settings import settings

HUB = "hub:"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


class TransferError(AtelierError, RuntimeError):
    """A version that could not be brought there, or from there."""

    code = "transfer"


def push(model: str, version: str | None, to: str) -> Version:
    """Brings a version to a directory, or to `hub:OWNER/NAME`.

    Args:
        version: None for the one that ships.

    Raises:
        UnknownName: If there is no such model, or version of it here.
        InvalidRequest: If there can be no such repository.
        core.models.WeightsError: If a file is missing or damaged.
        TransferError: If it could not be brought there.
    """
    found = versions.find(model, version)
    if to.startswith(HUB):
        repository = _repository(to)
        with tempfile.TemporaryDirectory() as directory:
            folder = Path(directory) / found.id
            versions.keep(found, folder)
            _upload(repository, folder, found)
        return found
    target = Path(to) / found.id
    if target.exists():
        if versions.read(target, model).id != found.id:
            raise TransferError(f"{target} holds another version, and is left as it is.")
        return found
    check_output(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=target.parent) as part:
        versions.keep(found, Path(part) / found.id)
        (Path(part) / found.id).rename(target)
    return found


def pull(model: str, version: str, source: str, revision: str | None = None) -> Version:
    """Brings a version here from a directory, or from `hub:OWNER/NAME`.

    Args:
        revision: Tag or commit of the repository; by default the tag of the version.

    Raises:
        InvalidRequest: If it is no version, or there can be no such repository.
        VersionError: If what is there is not this version.
        core.models.WeightsError: If a file is missing or damaged.
        TransferError: If it could not be had.
    """
    if not re.fullmatch(rf"[0-9a-f]{{{versions.LENGTH}}}", version):
        raise InvalidRequest(f"A version has {versions.LENGTH} hexadecimal digits, not {version}.")
    with versions.staged() as folder:
        if source.startswith(HUB):
            _download(_repository(source), version, revision or version, folder)
        else:
            try:
                shutil.copytree(Path(source) / version, folder)
            except (OSError, shutil.Error) as error:
                raise TransferError(f"{source} has no version {version} to read.") from error
        return versions.adopt(folder, model, version)


def _repository(address: str) -> str:
    name = address.removeprefix(HUB)
    if not _REPOSITORY.fullmatch(name):
        raise InvalidRequest(f"{address} is no repository: {HUB}OWNER/NAME.")
    if settings().offline:
        raise TransferError("The Hub is not used here (ATELIER_OFFLINE): name a directory.")
    return name


def _upload(repository: str, folder: Path, found: Version) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    title = f"{found.entry.title}, version {found.id}"
    try:
        api = HfApi()
        api.create_repo(repository, private=True, exist_ok=True)
        done = api.upload_folder(
            repo_id=repository, folder_path=folder, path_in_repo=found.id, commit_message=title
        )
        api.create_tag(repository, tag=found.id, revision=done.oid, exist_ok=True)
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise TransferError(
            f"The version {found.id} was not brought to {repository}: {_first_line(error)}"
        ) from error


def _download(repository: str, version: str, revision: str, folder: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        with tempfile.TemporaryDirectory(dir=folder.parent) as directory:
            snapshot_download(
                repository,
                revision=revision,
                allow_patterns=f"{version}/*",
                local_dir=directory,
            )
            (Path(directory) / version).rename(folder)
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise TransferError(
            f"{repository} has no version {version} at {revision} to read: {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".") + "."
