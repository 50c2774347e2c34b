"""The smoke test passes a service that works, and no other; scripts that CI calls are there."""

from __future__ import annotations

import json
import os
import re
import shlex
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from typer.main import get_command

from core.settings import ROOT
from deploy import smoke
from operations.__main__ import app as operations

FOUND = {
    "artists": [{"id": "vincent-van-gogh", "probability": 0.9}],
    "model": "a",
    "version": "1",
}
ANSWERS = {
    "/api/v2/health/ready": (200, b"{}"),
    "/api/v1/identifications": (200, json.dumps(FOUND).encode()),
    "/": (200, b"<title>Atelier</title>"),
    "/api/metrics": (200, b'atelier_predictions_total{model="a"} 1\n'),
}
OTHER = {**FOUND, "artists": [{"id": "claude-monet", "probability": 0.9}]}


@pytest.fixture
def served() -> Iterator[tuple[str, dict[str, tuple[int, bytes]]]]:
    """The address of a service, and what it answers."""
    answers = dict(ANSWERS)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = answers[self.path]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", answers
        server.shutdown()
        thread.join()


def test_a_service_that_works_passes(served, capsys):
    assert smoke.main(served[0]) == 0
    assert "vincent-van-gogh at 0.90 by a 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "status", "body", "said"),
    [
        ("/api/v1/identifications", 200, json.dumps(OTHER).encode(), "not identified"),
        ("/api/v1/identifications", 500, b"{}", "not identified: 500"),
        ("/", 404, b"", "no application: 404"),
        ("/", 200, b"{}", "no application"),
        ("/api/metrics", 200, b"other 1\n", "not counted"),
    ],
)
def test_one_that_does_not_fails(served, capsys, path, status, body, said):
    served[1][path] = (status, body)
    assert smoke.main(served[0]) == 1
    assert said in capsys.readouterr().err


def test_one_that_does_not_get_ready_is_given_up(served):
    served[1]["/api/v2/health/ready"] = (503, b"{}")
    with pytest.raises(smoke.Failed, match="not ready"):
        smoke.wait(served[0], patience=0.1)


def test_nobody_answers_where_nobody_is():
    assert smoke.ask("http://127.0.0.1:1", "/") == (0, b"")


def test_the_workflows_call_what_is_there():
    runs = []
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            runs += [step["run"] for step in job["steps"] if "run" in step]
    scripts = {name for run in runs for name in re.findall(r"(?<!\S)\.ci/\w+", run)}
    assert scripts == {".ci/run", ".ci/image"}
    assert all(os.access(ROOT / name, os.X_OK) for name in scripts)
    named = {name for run in runs for name in re.findall(r"[\w-]+\.txt|deploy/[\w/]+", run)}
    assert all((ROOT / name).exists() for name in named)
    assert any("python -m deploy.space" in run for run in runs)
    (retrains,) = [run for run in runs if "operations retrain" in run]
    words = shlex.split(retrains.replace(" $NOW", " --now"))[4:]
    get_command(operations).commands["retrain"].make_context("retrain", words)
