"""What watching costs: a painting refined on the page, beside the same on the command line.

    python -m benchmarks.refine_page [--rounds 2]

Prints one JSON object: seconds of the painting by either way, taken in turns, their ratio, and the
processor seconds of the server, of its worker and of the browser while the page paints. Browser
and worker share this machine's cores. Needs Debian's chromium and `requirements-dev.txt`.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from playwright.sync_api import BrowserContext, sync_playwright

from benchmarks.application import FLAGS, Server, children, found_chromium, free_port, opened, serve
from core import examples
from core.hardware import processor
from core.settings import ROOT

_PHOTO, _PAINTING = examples.photos()[1], examples.catalogue()[0]
_TICKS = os.sysconf("SC_CLK_TCK")
_LIMIT = 900_000  # milliseconds
_WARM_UP = 25_000  # milliseconds, until the worker has loaded what it needs


def main(rounds: Annotated[int, typer.Option(min=1)] = 2) -> None:
    """Paints the first of the page's pairs with its usual settings, by either way in turns."""
    chromium = found_chromium()
    seconds: dict[str, list[float]] = {"page": [], "command_line": []}
    spent: list[dict[str, float]] = []
    with sync_playwright() as playwright, serve(free_port()) as server:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for _ in range(rounds):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.set_default_timeout(_LIMIT)
            by_page, each = on_page(context, server)
            context.close()
            seconds["page"].append(by_page)
            spent.append({who: round(value, 1) for who, value in each.items()})
            seconds["command_line"].append(on_command_line())
        browser.close()
    ratio = statistics.median(seconds["page"]) / statistics.median(seconds["command_line"])
    result = {
        "cores": os.cpu_count(),
        "processor": processor(),
        "load_average": round(os.getloadavg()[0], 2),
        "seconds": {way: [round(each, 1) for each in times] for way, times in seconds.items()},
        "ratio": round(ratio, 2),
        "processor_seconds_while_the_page_paints": spent,
    }
    typer.echo(json.dumps(result, indent=2))


def on_page(context: BrowserContext, server: Server) -> tuple[float, dict[str, float]]:
    """Refines in front of a visitor: seconds from the click to the finished painting."""
    page = opened(context, server, "stylize", "Your photo")
    page.get_by_role("button", name=f"As {_PAINTING.painter}").click()
    page.get_by_alt_text(f"{_PHOTO.title}: at once", exact=True).wait_for()
    page.wait_for_timeout(_WARM_UP)
    before, began = processor_seconds(server), time.monotonic()
    page.get_by_role("button", name="Refine").click()
    page.get_by_text(re.compile(r"^\d+ steps in")).wait_for()
    seconds, after = time.monotonic() - began, processor_seconds(server)
    return seconds, {who: after[who] - before[who] for who in after}


def on_command_line() -> float:
    """Refines likewise; seconds as the command tells them, without the start of Python."""
    with tempfile.TemporaryDirectory() as folder:
        photo, painting = Path(folder, "photo.jpg"), Path(folder, "painting.jpg")
        photo.write_bytes(_PHOTO.read())
        painting.write_bytes(_PAINTING.read())
        command = [sys.executable, "-m", "core", "stylize", str(photo), str(painting)]
        printed = subprocess.run(
            [*command, "--out", str(Path(folder, "out.png")), "--json"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    told: float = json.loads(printed.splitlines()[-1])["seconds"]
    return told


def processor_seconds(server: Server) -> dict[str, float]:
    """What server, worker and browser have taken of the processor so far."""
    browsers = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if _first_line(process / "comm").startswith("chromium")
    ]
    return {
        "server": _seconds([server.pid]),
        "worker": _seconds(children(server.pid)),
        "browser": _seconds(browsers),
    }


def _seconds(pids: list[int]) -> float:
    ticks = 0
    for pid in pids:
        # The name of the process, in parentheses, may hold spaces.
        fields = _first_line(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12]) if fields else 0
    return ticks / _TICKS


def _first_line(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""


if __name__ == "__main__":
    typer.run(main)
