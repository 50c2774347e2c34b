"""The catalogue, and refusing weights that are not the recorded ones."""

from __future__ import annotations

import functools
import hashlib
import http.server
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from core import models, settings
from core.models import loading

HEAD = models.get("vgg16")  # small: its own file is under 1 MB


def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def nothing_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place whose assets are empty."""
    empty = tmp_path / "assets"
    empty.mkdir()
    monkeypatch.setattr(loading, "ASSETS", empty)
    return empty


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has loaded nothing yet."""
    monkeypatch.setattr(loading, "_loaded", {})


def use(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"ATELIER_{name.upper()}", str(value))
    settings.settings.cache_clear()


@pytest.mark.parametrize("entry", models.catalogue().values(), ids=models.catalogue())
def test_what_ships_is_what_is_recorded(entry: models.Entry):
    path = models.ASSETS / entry.file.name
    assert path.stat().st_size == entry.file.bytes
    assert file_digest(path) == entry.file.sha256
    assert entry.licence
    assert entry.source
    assert (models.ASSETS / f"{entry.id}.md").read_text().count(entry.file.sha256) == 1
    with h5py.File(path) as stored:  # the bulk of it in half precision
        sizes: dict[np.dtype, int] = {}
        stored.visititems(
            lambda _, item: (
                sizes.__setitem__(item.dtype, sizes.get(item.dtype, 0) + item.size)
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
    if entry.file.bytes > 1_000_000:
        assert sizes[np.dtype("float16")] > 0.9 * sum(sizes.values())


@pytest.mark.parametrize("entry", models.classifiers(), ids=lambda entry: entry.id)
def test_every_classifier_has_its_figures(entry: models.Entry):
    for split in ("train", "val", "test"):
        assert 0 < entry.figures[split]["macro_accuracy"] <= 1
    assert entry.trained_on
    assert entry.date
    assert entry.known is not None
    assert entry.figures["speed"]["milliseconds"] > 0


def test_the_default_comes_first_and_is_small():
    default = models.classifiers()[0]
    assert default.id == models.DEFAULT
    assert default.total_bytes <= 10_000_000


def test_an_unknown_model_is_named_with_those_there_are():
    with pytest.raises(KeyError, match=r"no-such.*vgg16"):
        models.get("no-such")


def test_the_directory_of_the_setting_comes_first(tmp_path, monkeypatch):
    shutil.copy(models.ASSETS / HEAD.file.name, tmp_path)
    use(monkeypatch, weights=tmp_path)
    assert models.resolve(HEAD) == tmp_path / HEAD.file.name


@pytest.mark.parametrize("damage", ["truncated", "one bit", "exchanged", "empty"])
def test_damaged_weights_are_refused_and_not_remembered(damage, tmp_path, monkeypatch, fresh):
    good = (models.ASSETS / HEAD.file.name).read_bytes()
    bad = {
        "truncated": good[: len(good) // 2],
        "one bit": good[:5000] + bytes([good[5000] ^ 1]) + good[5001:],
        "exchanged": (models.ASSETS / "models.json").read_bytes(),
        "empty": b"",
    }[damage]
    (tmp_path / HEAD.file.name).write_bytes(bad)
    use(monkeypatch, weights=tmp_path)
    with pytest.raises(models.WeightsError, match="damaged or not the published"):
        models.load("vgg16")
    assert not models.is_loaded("vgg16")


def test_weights_of_another_network_are_refused_even_with_a_right_digest(
    tmp_path, monkeypatch, fresh
):
    path = tmp_path / HEAD.file.name
    shutil.copy(models.ASSETS / HEAD.file.name, path)
    with h5py.File(path, "a") as stored:
        stored.move("layers/dense", "layers/other")
    file = HEAD.file.model_copy(update={"sha256": file_digest(path), "bytes": path.stat().st_size})
    catalogue = models.catalogue() | {"vgg16": HEAD.model_copy(update={"file": file})}
    monkeypatch.setattr(loading, "catalogue", lambda: catalogue)
    use(monkeypatch, weights=tmp_path)
    with pytest.raises(models.WeightsError, match="do not fit"):
        models.load("vgg16")
    assert not models.is_loaded("vgg16")


def test_without_a_connection_one_sentence_says_what_to_do(nothing_shipped):
    with pytest.raises(models.WeightsError, match="ATELIER_WEIGHTS"):
        models.resolve(HEAD)


@pytest.fixture
def hub(tmp_path, monkeypatch):
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
    use(monkeypatch, offline=False, hub_repo="someone/weights", hub_revision="v7")
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


@pytest.mark.slow
def test_the_file_of_keras_applications_fills_the_same_network(
    nothing_shipped, tmp_path, monkeypatch, fresh
):
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    entry = models.get("vgg16_base")
    original = keras.applications.VGG16(weights=None, include_top=False)
    path = tmp_path / entry.keras_file.name
    with h5py.File(path, "w") as file:  # the format of Keras's own files
        legacy_h5_format.save_weights_to_hdf5_group(file, original)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    keras_file = entry.keras_file.model_copy(update={"md5": md5})
    catalogue = {"vgg16_base": entry.model_copy(update={"keras_file": keras_file})}
    monkeypatch.setattr(loading, "catalogue", lambda: catalogue)
    use(monkeypatch, weights=tmp_path)

    body = models.load("vgg16_base").body
    for name in ("block1_conv1", "block5_conv3"):
        np.testing.assert_array_equal(
            body.get_layer(name).get_weights()[0], original.get_layer(name).get_weights()[0]
        )


def test_many_threads_get_the_one_copy(fresh):
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(lambda _: models.load(), range(16)))
    assert len({id(one) for one in loaded}) == 1
