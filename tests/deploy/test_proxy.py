"""The proxy keeps a visitor at one replica, and sends nobody to one that is not ready."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.settings import ROOT

CONFIGURATION = ROOT / "deploy" / "haproxy.cfg"
HAPROXY = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
TEMPLATE = "server-template replica 4 service:8000 resolvers docker init-addr none"

pytestmark = pytest.mark.skipif(
    HAPROXY is None, reason="needs HAProxy (Debian: apt-get install haproxy)"
)


class Replica(ThreadingHTTPServer):
    """Says who it is and who asks, and whether it is ready."""

    def __init__(self) -> None:
        self.ready = True
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Replica

    def do_GET(self) -> None:
        asked = self.path == "/api/v2/health/ready"
        self.send_response(200 if self.server.ready or not asked else 503)
        self.end_headers()
        caller = self.headers.get("X-Forwarded-For", "")
        self.wfile.write(f"{self.server.server_port} {caller}".encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[tuple[int, dict[str, Replica]]]:
    """The port of a proxy, as it is configured, and its two replicas by their ports."""
    replicas = [Replica(), Replica()]
    threads = [threading.Thread(target=each.serve_forever, args=(0.01,)) for each in replicas]
    for thread in threads:
        thread.start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    servers = [f"server {n} 127.0.0.1:{each.server_port}" for n, each in enumerate(replicas)]
    text = CONFIGURATION.read_text()
    for old, new in ((TEMPLATE, "\n    ".join(servers)), ("bind :8080", f"bind 127.0.0.1:{port}")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = tmp_path / "haproxy.cfg"
    path.write_text(text)
    proxy = subprocess.Popen([str(HAPROXY), "-f", path], stdout=subprocess.DEVNULL)
    try:
        until(lambda: answers(port))
        yield port, {str(each.server_port): each for each in replicas}
    finally:
        proxy.terminate()
        proxy.wait(10)
        for each, thread in zip(replicas, threads, strict=True):
            each.shutdown()
            thread.join()
            each.server_close()


def until(true, limit: float = 30) -> None:
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(port: int) -> bool:
    try:
        return get(port)[0] == 200
    except OSError:
        return False


def get(port: int, path: str = "/", **headers: str) -> tuple[int, str, str]:
    """Status, body and the cookie that comes along."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body, answer.getheader("Set-Cookie", "").partition(";")[0]


def test_haproxy_takes_the_configuration_as_it_is():
    done = subprocess.run([HAPROXY, "-c", "-f", CONFIGURATION], capture_output=True, text=True)
    assert (done.returncode, "warning" in done.stderr.lower()) == (0, False), done.stderr


def test_a_visitor_stays_at_a_replica_until_it_is_not_ready(proxied):
    port, replicas = proxied
    strangers = [get(port) for _ in range(8)]
    assert {body.split()[0] for _, body, _ in strangers} == set(replicas)
    _, body, cookie = strangers[0]
    mine = body.split()[0]
    assert re.fullmatch(r"ATELIER=[0-9a-f]+", cookie)
    assert {get(port, Cookie=cookie)[1].split()[0] for _ in range(8)} == {mine}

    replicas[mine].ready = False
    until(lambda: get(port, Cookie=cookie)[1].split()[0] != mine)
    found = [get(port, Cookie=cookie) for _ in range(4)]
    assert {status for status, _, _ in found} == {200}
    assert mine not in {body.split()[0] for _, body, _ in found}


def test_who_asks_is_who_asked_the_proxy_whatever_they_claim(proxied):
    _, body, _ = get(proxied[0], **{"X-Forwarded-For": "8.8.8.8"})
    assert body.split()[1:] == ["127.0.0.1"]


def test_metrics_are_no_matter_of_visitors_however_they_spell_them(proxied):
    for path in ("/api/metrics", "/api/metrics/", "/api//metrics", "/api/%6Detrics?a=b"):
        assert get(proxied[0], path)[0] == 404, path
    assert get(proxied[0], "/api/v1/models")[0] == 200
