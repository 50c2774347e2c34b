"""Tests for `operations.transfer`: what arrives is what was sent, or does not arrive."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest

from core import models
from core.errors import InvalidRequest
from core.models import VersionError, WeightsError, versions
from core.settings import settings
from operations import transfer
from operations.transfer import TransferError
from tests.versions import make

MODEL = models.DEFAULT
SHIPS = versions.shipped(MODEL).id


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Goes on as on another machine, where there is no version."""

    def go() -> Path:
        place = tmp_path / "elsewhere"
        monkeypatch.setenv("ATELIER_VERSIONS", str(place))
        settings.cache_clear()
        return place

    return go


def test_a_version_goes_by_a_directory_and_again(tmp_path: Path, elsewhere):
    made, there = make(3.0), tmp_path / "there"
    for _ in range(2):
        assert transfer.push(MODEL, made.id, str(there)) == made
    place = elsewhere()
    for _ in range(2):
        found = transfer.pull(MODEL, made.id, str(there))
    assert (found.id, found.entry) == (made.id, made.entry)
    assert found.directory == place / made.id
    versions.check(found)
    assert [path.name for path in there.iterdir()] == [made.id]
    assert [path.name for path in place.iterdir()] == [made.id]
    assert (found.directory / MODEL / "evaluation.json").is_file()


def test_what_ships_goes_too_with_its_base(tmp_path: Path, elsewhere, monkeypatch):
    ships = versions.shipped("vgg16")
    transfer.push("vgg16", None, str(tmp_path / "there"))
    folder = tmp_path / "there" / ships.id
    assert versions.read(folder).id == ships.id
    assert (folder / "vgg16_base.weights.h5").is_file()


@pytest.mark.parametrize("damage", ["weights", "graphs", "entry", "missing"])
def test_what_was_damaged_on_the_way_does_not_arrive(tmp_path: Path, elsewhere, damage: str):
    made, there = make(3.0), tmp_path / "there"
    transfer.push(MODEL, made.id, str(there))
    folder = there / made.id
    assert made.entry.graphs is not None
    if damage == "entry":
        rows = json.loads((folder / "models.json").read_text())
        rows[0]["calibration"]["temperature"] = 1.0
        (folder / "models.json").write_text(json.dumps(rows))
    else:
        file = made.entry.graphs.file if damage == "graphs" else made.entry.file
        if damage == "missing":
            (folder / file.name).unlink()
        else:
            data = bytearray((folder / file.name).read_bytes())
            data[-1] ^= 1
            (folder / file.name).write_bytes(data)
    place = elsewhere()
    with pytest.raises((WeightsError, VersionError)):
        transfer.pull(MODEL, made.id, str(there))
    assert list(place.iterdir()) == []


def test_another_version_there_is_left_alone(tmp_path: Path):
    one, two = make(3.0), make(4.0)
    there = tmp_path / "there"
    shutil.copytree(one.directory, there / two.id)
    with pytest.raises(TransferError, match="another version"):
        transfer.push(MODEL, two.id, str(there))
    with pytest.raises(VersionError, match=f"holds version {one.id}"):
        transfer.pull(MODEL, two.id, str(there))


class Repository:
    """A repository of the Hub in a directory, as far as it is used: a commit a tag."""

    def __init__(self, root: Path) -> None:
        self.root, self.private = root, None
        (root / "main").mkdir(parents=True)

    def create_repo(self, repo_id: str, *, private: bool, exist_ok: bool) -> None:
        assert exist_ok
        self.private = private

    def upload_folder(self, *, repo_id, folder_path, path_in_repo, commit_message):
        shutil.copytree(folder_path, self.root / "main" / path_in_repo)
        shutil.copytree(self.root / "main", self.root / f"oid-{path_in_repo}")
        return SimpleNamespace(oid=f"oid-{path_in_repo}")

    def create_tag(self, repo_id: str, *, tag: str, revision: str, exist_ok: bool) -> None:
        (self.root / tag).symlink_to(self.root / revision)

    def snapshot_download(self, repo_id, *, revision, allow_patterns, local_dir) -> str:
        if not (self.root / revision).exists():
            raise huggingface_hub.errors.RevisionNotFoundError(
                f"404\nno {revision}", response=SimpleNamespace(headers={}, request=None)
            )
        folder = allow_patterns.removesuffix("/*")
        shutil.copytree(self.root / revision / folder, Path(local_dir) / folder)
        return local_dir


def test_a_version_goes_by_a_repository_at_a_tag_of_its_own(tmp_path, elsewhere, monkeypatch):
    made = make(3.0)
    hub = Repository(tmp_path / "hub")
    monkeypatch.setenv("ATELIER_OFFLINE", "false")
    settings.cache_clear()
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: hub)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub.snapshot_download)
    transfer.push(MODEL, made.id, "hub:me/mine")
    assert hub.private is True
    # Whatever happens to the branch, the tag holds what was pushed.
    (hub.root / "main" / made.id / "models.json").write_text("[]")
    place = elsewhere()
    with pytest.raises(VersionError):
        transfer.pull(MODEL, made.id, "hub:me/mine", "main")
    assert transfer.pull(MODEL, made.id, "hub:me/mine").entry == made.entry
    assert [path.name for path in place.iterdir()] == [made.id]
    with pytest.raises(TransferError, match="has no version 000000000000"):
        transfer.pull(MODEL, "0" * 12, "hub:me/mine")


@pytest.mark.parametrize("address", ["hub:", "hub:mine", "hub:a/b/c", "hub:a/ b"])
def test_what_can_be_no_repository_is_refused(address: str, monkeypatch):
    monkeypatch.setenv("ATELIER_OFFLINE", "false")
    settings.cache_clear()
    with pytest.raises(InvalidRequest, match="is no repository"):
        transfer.push(MODEL, None, address)
