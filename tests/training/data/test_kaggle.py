"""Fetching from Kaggle: a server on this machine plays their API, as far as kagglehub calls it."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import json
import random
import socket
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from training.__main__ import app
from training.data import kaggle

pytest.importorskip("kagglehub")  # of requirements-dev.txt

SERVICE = "/v1/datasets.DatasetApiService"


class Kaggle(ThreadingHTTPServer):
    """Kaggle's API and the store it redirects to.

    Attributes:
        archive: What is to be downloaded.
        break_after: If given, connections end after so many bytes of the archive.
        status: If given, the answer to every question.
        tokens: The authorisation of each question.
        ranges: The part of the archive that each download asked for.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.archive = b""
        self.break_after: int | None = None
        self.status = 0
        self.tokens: list[str | None] = []
        self.ranges: list[str | None] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Kaggle

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.tokens.append(self.headers["Authorization"])
        if self.server.status:
            self.answer(self.server.status, json.dumps({"message": "No."}).encode())
        elif self.path == f"{SERVICE}/GetDataset":
            self.answer(200, json.dumps({"currentVersionNumber": 1}).encode())
        elif self.path == f"{SERVICE}/DownloadDataset":
            self.answer(302, b"", Location=f"{self.server.address}/archive.zip")
        else:
            self.answer(404, b"{}")

    def do_GET(self) -> None:
        archive, asked = self.server.archive, self.headers["Range"]
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        digest = base64.b64encode(hashlib.md5(archive).digest()).decode()
        headers = {"Accept-Ranges": "bytes", "X-Goog-Hash": f"md5={digest}"}
        part = archive[start:]
        self.send_response(206 if asked else 200)
        for name, value in (headers | {"Content-Length": str(len(part))}).items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(part[: self.server.break_after])
        except OSError:  # kagglehub asks anew for a part, and lets go of the whole
            return
        if self.server.break_after is not None:
            self.connection.shutdown(socket.SHUT_RDWR)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Kaggle]:
    """A server of Kaggle's, whom kagglehub takes for the real one; no token is known."""
    from kagglesdk import kaggle_env

    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_ENVIRONMENT",
                 "KAGGLE_KERNEL_RUN_TYPE", "KAGGLEHUB_CACHE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home" / ".kaggle"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(kaggle, "ROOM", 10_000_000)
    kaggles = Kaggle()
    kaggles.archive = archive()
    endpoints = kaggle_env._env_to_endpoint
    monkeypatch.setitem(endpoints, kaggle_env.KaggleEnv.PROD, kaggles.address)
    Thread(target=kaggles.serve_forever, daemon=True).start()
    yield kaggles
    kaggles.shutdown()
    kaggles.server_close()


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("artists.csv", "id,name\n0,Gustav Klimt\n")
        for n in range(4):
            content = random.Random(n).randbytes(700_000)
            file.writestr(f"images/images/Gustav_Klimt/Gustav_Klimt_{n}.jpg", content)
    return buffer.getvalue()


def fetch(to: Path):
    return CliRunner().invoke(app, ["dataset", "fetch", "--to", str(to)])


def one_sentence(result) -> str:
    """What a failed command said last, in one line; progress may stand before it."""
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    said = result.stderr.strip().splitlines()[-1]
    assert said.endswith(".")
    return said


def test_the_paintings_arrive_and_the_next_command_is_named(server, tmp_path):
    done = fetch(tmp_path / "my kaggle")
    assert done.exit_code == 0, done.stderr
    there = Path(done.stdout.strip().removeprefix("The paintings lie in "))
    assert there.is_relative_to(tmp_path / "my kaggle")
    with zipfile.ZipFile(io.BytesIO(server.archive)) as file:
        for name in file.namelist():
            assert (there / name).read_bytes() == file.read(name)
    assert not list((tmp_path / "my kaggle").rglob("*.archive"))
    assert f"Next: python -m training dataset organise '{there}' --to '" in done.stderr


def test_what_is_there_is_not_asked_for_again(server, tmp_path):
    first = fetch(tmp_path / "to")
    server.shutdown()
    again = fetch(tmp_path / "to")
    assert again.exit_code == 0, again.stderr
    assert again.stdout == first.stdout
    assert len(server.ranges) == 1


def test_a_dropped_connection_is_resumed_where_it_broke(server, tmp_path):
    server.break_after = 1_500_000
    said = one_sentence(fetch(tmp_path / "to"))
    assert "connection to Kaggle was lost" in said
    assert "what has arrived is kept" in said
    (partial,) = (tmp_path / "to").rglob("*.archive")
    arrived = partial.stat().st_size
    assert 0 < arrived < len(server.archive)
    server.break_after = None
    done = fetch(tmp_path / "to")
    assert done.exit_code == 0, done.stderr
    assert server.ranges[-1] == f"bytes={arrived}-"
    assert len(list((tmp_path / "to").rglob("*.jpg"))) == 4


def test_a_damaged_download_is_thrown_away(server, tmp_path):
    server.break_after = 1_500_000
    fetch(tmp_path / "to")
    (partial,) = (tmp_path / "to").rglob("*.archive")
    partial.write_bytes(b"x" * partial.stat().st_size)
    server.break_after = None
    assert "arrived damaged" in one_sentence(fetch(tmp_path / "to"))
    assert not list((tmp_path / "to").rglob("*.archive"))
    assert fetch(tmp_path / "to").exit_code == 0


def test_something_that_is_no_archive_is_thrown_away(server, tmp_path):
    server.archive = b"<html>Log in, please</html>"
    assert "arrived damaged" in one_sentence(fetch(tmp_path / "to"))
    server.archive = archive()
    assert fetch(tmp_path / "to").exit_code == 0


@pytest.mark.parametrize("status", [401, 403])
def test_without_a_token_it_is_said_how_to_make_one(server, tmp_path, status):
    server.status = status
    said = one_sentence(fetch(tmp_path / "to"))
    assert said.startswith(f"Kaggle asks who you are (status {status})")
    assert "https://www.kaggle.com/settings/api" in said
    assert "KAGGLE_API_TOKEN" in said
    assert server.tokens == [None]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_called_so(server, tmp_path, monkeypatch, status):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "made-up")
    server.status = status
    said = one_sentence(fetch(tmp_path / "to"))
    assert said.startswith(f"Kaggle refuses the token that was found (status {status})")
    assert "made-up" not in said
    assert server.tokens == ["Bearer made-up"]


def test_a_token_is_used(server, tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "made-up")
    assert fetch(tmp_path / "to").exit_code == 0
    assert set(server.tokens) == {"Bearer made-up"}


def test_a_broken_file_of_credentials_is_named(server, tmp_path):
    folder = tmp_path / "home" / ".kaggle"
    folder.mkdir(parents=True)
    (folder / "kaggle.json").write_text("{}")
    assert str(folder / "kaggle.json") in one_sentence(fetch(tmp_path / "to"))


@pytest.mark.parametrize(("status", "words"), [(404, "knows no dataset"), (503, "again later")])
def test_other_refusals_are_told_apart(server, tmp_path, status, words):
    server.status = status
    assert words in one_sentence(fetch(tmp_path / "to"))


def test_no_connection_is_one_sentence(server, tmp_path):
    server.shutdown()
    server.server_close()
    said = one_sentence(fetch(tmp_path / "to"))
    assert said.startswith("Kaggle cannot be reached")
    assert "KAGGLE_API_TOKEN" in said


def test_too_little_room_is_said_before_anything_is_downloaded(server, tmp_path, monkeypatch):
    monkeypatch.setattr(kaggle, "ROOM", 10**18)
    assert "too little room" in one_sentence(fetch(tmp_path / "to"))
    assert server.tokens == []


def test_a_disk_that_fills_up_is_one_sentence(server, tmp_path, monkeypatch):
    def full(self, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "extractall", full)
    said = one_sentence(fetch(tmp_path / "to"))
    assert "is full: make room" in said


def test_a_place_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert str(tmp_path / "file") in one_sentence(fetch(tmp_path / "file"))
