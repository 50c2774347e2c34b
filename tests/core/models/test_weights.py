"""Where weights are looked for, how they are downloaded, and what is refused."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import http.server
import shutil
import threading
from pathlib import Path

import pytest

from core import models, settings
from core.models.weights import File, NotHere, WeightsError, find

HEAD = models.get("vgg16")  # small: its own file is under 1 MB


def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_directory_of_the_setting_comes_first(tmp_path, use):
    shutil.copy(models.ASSETS / HEAD.file.name, tmp_path)
    use(weights=tmp_path)
    assert models.resolve(HEAD) == tmp_path / HEAD.file.name


def test_without_a_connection_one_sentence_says_what_to_do(nothing_shipped):
    with pytest.raises(models.WeightsError, match="ATELIER_WEIGHTS"):
        models.resolve(HEAD)


@pytest.fixture
def hub(tmp_path, monkeypatch, use):
    """A server on this machine that answers as the Hub does for one file at one revision."""
    store = tmp_path / "hub"
    store.mkdir()
    requested: list[str] = []

    class Hub(http.server.SimpleHTTPRequestHandler):
        def _answer(self, body: bool) -> None:
            requested.append(self.path)
            name = self.path.rsplit("/", 1)[-1]
            path = store / name
            if self.path != f"/someone/weights/resolve/v7/{name}" or not path.exists():
                self.send_error(404)
                return
            content = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", "0123456789abcdef0123456789abcdef01234567")
            self.end_headers()
            if body:
                self.wfile.write(content)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Hub))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    import huggingface_hub

    monkeypatch.setattr(
        huggingface_hub,
        "hf_hub_download",
        functools.partial(
            huggingface_hub.hf_hub_download,
            endpoint=f"http://127.0.0.1:{server.server_address[1]}",
            cache_dir=tmp_path / "cache",
        ),
    )
    use(offline=False, hub_repo="someone/weights", hub_revision="v7")
    yield store, requested
    server.shutdown()


def test_the_hub_is_asked_at_the_pinned_revision(hub, nothing_shipped):
    store, requested = hub
    shutil.copy(settings.ROOT / "assets" / "models" / HEAD.file.name, store)
    said: list[str] = []
    assert file_digest(models.resolve(HEAD, said.append)) == HEAD.file.sha256
    assert any("Downloading" in line for line in said)
    assert all("/resolve/v7/" in path for path in requested)


def test_what_the_hub_gives_is_checked_too(hub, nothing_shipped):
    store, _ = hub
    (store / HEAD.file.name).write_bytes(b"something else")
    with pytest.raises(models.WeightsError, match="damaged or not the published"):
        models.resolve(HEAD)


def test_a_hub_that_does_not_have_it_leads_to_one_sentence(hub, nothing_shipped):
    with pytest.raises(models.WeightsError, match="could not be downloaded"):
        models.resolve(HEAD)


@pytest.fixture
def there(tmp_path: Path, use) -> File:
    """A file of three megabytes that can be downloaded."""
    path = tmp_path / "there.h5"
    path.write_bytes(bytes(3_000_000))
    use(offline=False)
    return File("here.h5", hashlib.md5(path.read_bytes()).hexdigest(), url=path.as_uri())


def test_downloads_are_told_checked_and_kept(there):
    told: list[str] = []
    path = find(there, progress=told.append)
    assert path.read_bytes() == bytes(3_000_000)
    assert told[0] == "Downloading here.h5: 1 of 3 MB…"
    assert told[-1] == "Downloading here.h5: 3 of 3 MB…"
    assert find(dataclasses.replace(there, url="file:///nowhere")) == path
    assert [each.name for each in path.parent.iterdir()] == ["here.h5"]


def test_what_cannot_be_downloaded_or_is_another_file_leaves_nothing_behind(there):
    with pytest.raises(NotHere, match="connection"):
        find(dataclasses.replace(there, url=Path("/nowhere").as_uri()))
    with pytest.raises(WeightsError, match="damaged or not the published") as refused:
        find(dataclasses.replace(there, digest="0" * 32))
    assert not isinstance(refused.value, NotHere)
    assert not [*(settings.settings().cache / "weights").iterdir()]


def test_a_download_that_ends_early_is_not_kept(there, monkeypatch):
    import io
    import urllib.request

    def half(url: str, timeout: float):
        class Answer(io.BytesIO):
            headers = {"Content-Length": "3000000"}  # noqa: RUF012

        return Answer(bytes(1_500_000))

    monkeypatch.setattr(urllib.request, "urlopen", half)
    with pytest.raises(NotHere, match="could not be downloaded"):
        find(there)
    assert not [*(settings.settings().cache / "weights").iterdir()]


def test_offline_nothing_is_asked_for(there, use):
    use(offline=True)
    with pytest.raises(NotHere, match="downloads are switched off"):
        find(there)


def test_a_directory_that_is_named_comes_before_the_setting_and_a_file_before_its_equal(
    tmp_path, use
):
    mine, general = tmp_path / "mine", tmp_path / "general"
    first = File("first.h5", hashlib.sha256(b"1").hexdigest())
    second = File("second.h5", hashlib.md5(b"2").hexdigest())
    for place in (mine, general):
        place.mkdir()
        (place / "second.h5").write_bytes(b"2")
    use(weights=general)
    assert find(first, second, directory=mine) == mine / "second.h5"
    assert find(first, second) == general / "second.h5"
    (general / "first.h5").write_bytes(b"1")
    assert find(first, second) == general / "first.h5"
    with pytest.raises(NotHere, match=r"gone\.h5 are not there: .*--weights or ATELIER_WEIGHTS"):
        find(dataclasses.replace(first, name="gone.h5"))


@pytest.mark.tensorflow
def test_the_address_of_a_file_of_keras_is_that_of_keras():
    from keras.src.applications import vgg16

    assert models.get("vgg16_base").keras_file.url == vgg16.WEIGHTS_PATH_NO_TOP
