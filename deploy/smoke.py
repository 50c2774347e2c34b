"""The smoke test of a running service with application: `python -m deploy.smoke URL`.

Needs Python alone, so that it can be asked from where nothing of ours is installed.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_PICTURE = (
    Path(__file__).resolve().parent.parent / "assets/examples/van-gogh-village-street-in-auvers.jpg"
)
_ARTIST = "vincent-van-gogh"
_PATIENCE = 180.0  # seconds in which it must be ready


class Failed(Exception):
    """What the service did not do, in a sentence."""


def ask(
    url: str, path: str, body: bytes | None = None, kind: str = "image/jpeg"
) -> tuple[int, bytes]:
    """Status and body of an answer; status 0 where nobody answers."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        headers = {"Content-Type": kind} if body else {}
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def wait(url: str, patience: float = _PATIENCE) -> float:
    """Waits until the service is ready.

    Returns:
        For how many seconds.

    Raises:
        Failed: If that takes too long.
    """
    started = time.monotonic()
    while ask(url, "/api/v2/health/ready")[0] != 200:
        if time.monotonic() - started > patience:
            raise Failed(f"It was not ready within {patience:.0f} s.")
        time.sleep(min(0.5, patience))
    return time.monotonic() - started


def check(url: str) -> list[str]:
    """Has a ready service identify a painting, show its page and tell its metrics.

    Returns:
        What was seen, a line each.

    Raises:
        Failed: If an answer is not as it should be.
    """
    status, body = ask(url, "/api/v1/identifications", _PICTURE.read_bytes())
    found: dict[str, Any] = json.loads(body) if status == 200 else {}
    first = (found.get("artists") or [{}])[0]
    if first.get("id") != _ARTIST:
        raise Failed(f"The painting was not identified: {status} {body[:200]!r}")
    status, page = ask(url, "/")
    if status != 200 or b"<title>" not in page:
        raise Failed(f"There is no application: {status}")
    status, told = ask(url, "/api/metrics")
    if status != 200 or b"atelier_predictions_total{" not in told:
        raise Failed(f"The identification was not counted: {status}")
    return [
        f"{first['id']} at {first['probability']:.2f} by {found['model']} {found['version']}",
        f"the application's page, {len(page)} bytes",
        f"{told.count(bytes([10]))} lines of metrics",
    ]


def main(url: str) -> int:
    """Exit status: 0 all is well, 1 something is not."""
    try:
        print(f"ready after {wait(url):.1f} s")
        print(*check(url), sep="\n")
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
