"""A service to be loaded, and a client that costs next to nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core import examples
from core.settings import ROOT


@dataclass(frozen=True)
class Service:
    """A service in a process of its own, on loopback."""

    process: subprocess.Popen[bytes]
    port: int
    prefix: str

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found
        return int(found[1]) / 1000

    @property
    def processor_seconds(self) -> float:
        """Time that processors have worked for it."""
        after_name = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def serving(*options: str, **settings: object) -> Iterator[Service]:
    """Starts a service with a journal of its own, waits until it is ready, and ends it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    prefix = "/api" if "--with-app" in options else ""
    with tempfile.TemporaryDirectory() as directory:
        environment = os.environ | {
            "ATELIER_JOURNAL_URL": f"sqlite:///{directory}/journal.db",
            "ATELIER_OFFLINE": "true",
        }
        environment |= {f"ATELIER_{name.upper()}": str(value) for name, value in settings.items()}
        process = subprocess.Popen(
            [sys.executable, "-m", "serving", "--port", str(port), *options],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            while True:
                with contextlib.suppress(urllib.error.URLError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{prefix}/v2/health/ready")
                    break
                if process.poll() is not None:
                    raise SystemExit(
                        "The service does not start; what does `python -m serving` say?"
                    )
                time.sleep(0.1)
            yield Service(process, port, prefix)
        finally:
            if "ray" in options:  # whose cluster ends with it
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(60)
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Answer:
    """An answer, and the time from the first byte sent to the last received, in seconds."""

    status: int
    body: bytes
    seconds: float


class Connection:
    """A connection that is kept: one request after the other."""

    def __init__(self, port: int) -> None:
        """Connects at the first request."""
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> Answer:
        """Sends a request as it goes over the wire."""
        started = time.perf_counter()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        body = await reader.readexactly(int(length[1])) if length else b""
        if b"connection: close" in head.lower():
            self.close()
        return Answer(int(head[9:12]), body, time.perf_counter() - started)

    def close(self) -> None:
        """Ends it."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def identification(picture: bytes, prefix: str = "") -> bytes:
    """A request for the artists of a JPEG."""
    head = (
        f"POST {prefix}/v1/identifications HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
    )
    return head.encode() + picture


def paintings() -> list[bytes]:
    """Paintings that ship, as JPEGs."""
    return [each.read() for each in examples.catalogue()]


def percentile(seconds: list[float], share: float) -> float:
    """Of times, in milliseconds; not a number if there are none."""
    if not seconds:
        return float("nan")
    return 1000 * sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))]


def machine() -> str:
    """What else there was to do while this was measured."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
