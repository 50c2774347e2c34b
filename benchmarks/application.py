"""How soon the application answers, and the memory it takes, as a visitor's browser sees it.

    python -m benchmarks.application [--rounds 3] [--moments 12]

Prints one JSON object. Each round starts a fresh server three times, for a browser that has loaded
the application's scripts before: one opens Welcome, then pages at every moment that follows; one
opens Identify, drops a painting, and goes on to Monet and Stylize; one opens Stylize at once.
Seconds are medians, from the start of the server or from the drop; the first page of a browser
that has loaded nothing yet is told apart. Needs Debian's chromium and `requirements-dev.txt`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from playwright.sync_api import BrowserContext, Page, sync_playwright

from core import examples
from core.hardware import has_bfloat16, processor
from core.settings import ROOT

LIMIT = 180_000  # milliseconds
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")


@dataclass(frozen=True)
class Server:
    """A fresh server, and when it was started."""

    address: str
    pid: int
    started: float

    def since(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.started

    def memory(self) -> dict[str, int | bool]:
        """Megabytes: of the server now and at most, and at most of all processes it started."""
        maps = Path(f"/proc/{self.pid}/maps").read_text()
        return {
            "tensorflow_in_server": "libtensorflow" in maps,
            "server_mb": _megabytes(self.pid, "VmRSS"),
            "server_peak_mb": _megabytes(self.pid, "VmHWM"),
            "other_processes_peak_mb": sum(_megabytes(pid, "VmHWM") for pid in children(self.pid)),
        }


def main(
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    moments: Annotated[int, typer.Option(min=1, help="Pages opened after a start.")] = 12,
) -> None:
    """Measures the application from outside."""
    chromium = found_chromium()
    times: dict[str, list[float]] = defaultdict(list)
    memory: dict[str, dict[str, int | bool]] = {}
    port = free_port()  # one for all: what the browser has cached stays good
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(LIMIT)
        with serve(port) as server:
            opened(context, server, "", "Who painted this?")
            times["welcome_visible_first_visit"].append(server.since())
        for _ in range(rounds):
            with serve(port) as server:
                times["listening"].append(server.since())
                pages(context, server, moments, times)
            with serve(port) as server:
                journey(context, server, times, memory)
            with serve(port) as server:
                stylize(opened(context, server, "stylize", "Your photo"), "stylize", times)
        browser.close()
    result = {
        "cores": os.cpu_count(),
        "processor": processor(),
        "bfloat16": has_bfloat16(),
        "load_average": round(os.getloadavg()[0], 2),
        "rounds": rounds,
        "seconds": {name: round(statistics.median(found), 2) for name, found in times.items()},
        "slowest_seconds": {name: round(max(found), 2) for name, found in times.items()},
        "memory_after": memory,
    }
    typer.echo(json.dumps(result, indent=2))


def found_chromium() -> str:
    """The path of the browser.

    Raises:
        SystemExit: If it is not installed.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("There is no chromium: install Debian's package.")
    return chromium


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serve(port: int) -> Iterator[Server]:
    """The application as the README starts it, listening."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "Home.py", "--server.headless=true"),
                *(f"--server.port={port}", "--server.address=127.0.0.1"),
            ],
            cwd=ROOT,
            env=os.environ
            | {"ATELIER_JOURNAL_URL": f"sqlite:///{folder}/j.db", "ATELIER_CACHE": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            while True:
                try:
                    urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.01)
            yield Server(address, process.pid, started)
        finally:
            process.terminate()
            process.wait()


def opened(context: BrowserContext, server: Server, page_name: str, heading: str) -> Page:
    """A page whose heading is there."""
    page = context.new_page()
    page.goto(f"{server.address}/{page_name}", wait_until="commit")
    page.get_by_role("heading", name=heading).first.wait_for()
    return page


def pages(
    context: BrowserContext, server: Server, moments: int, times: dict[str, list[float]]
) -> None:
    """Opens Welcome, and then pages in turn while the server does what it does after its start."""
    opened(context, server, "", "Who painted this?").close()
    times["welcome_visible"].append(server.since())
    for moment in range(moments):
        name = ("identify", "explore", "")[moment % 3]
        heading = ("Who painted this?", "Explore the collection", "Who painted this?")[moment % 3]
        began = time.monotonic()
        opened(context, server, name, heading).close()
        times["page_at_any_moment"].append(time.monotonic() - began)
        time.sleep(0.3)


def journey(
    context: BrowserContext,
    server: Server,
    times: dict[str, list[float]],
    memory: dict[str, dict[str, int | bool]],
) -> None:
    """Identify, its heat map, Monet and Stylize, one after the other."""
    page = opened(context, server, "identify", "Who painted this?")
    times["identify_visible"].append(server.since())
    page.locator("input[type=file]").first.wait_for(state="attached")
    dropped = time.monotonic()
    page.locator("input[type=file]").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": examples.catalogue()[0].read()}
    )
    page.get_by_text("Most likely painted by").wait_for()
    times["drop_to_first_identification"].append(time.monotonic() - dropped)
    memory["identify"] = server.memory()
    clicked = time.monotonic()
    page.get_by_test_id("stCheckbox").first.click()
    page.get_by_text("Grad-CAM heat map. Lit").wait_for()
    times["first_heat_map"].append(time.monotonic() - clicked)
    page.close()
    page = opened(context, server, "monet", "Monet might have painted")
    page.locator("input[type=file]").first.wait_for(state="attached")
    dropped = time.monotonic()
    page.locator("input[type=file]").set_input_files(
        {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": examples.photos()[1].read()}
    )
    page.get_by_text(re.compile("Download")).first.wait_for()
    times["drop_to_first_monet"].append(time.monotonic() - dropped)
    memory["monet"] = server.memory()
    page.close()
    stylize(opened(context, server, "stylize", "Your photo"), "later_stylize", times)
    memory["instant"] = server.memory()


def stylize(page: Page, name: str, times: dict[str, list[float]]) -> None:
    """The first picture at once, and another a while later."""
    clicked = time.monotonic()
    page.get_by_role("button", name="As Mary Cassatt").click()
    picture = page.get_by_alt_text("Dandelions: at once", exact=True)
    picture.wait_for()
    times[f"{name}_first_instant"].append(time.monotonic() - clicked)
    page.wait_for_timeout(15_000)  # whatever warms up has done so
    before, began = picture.get_attribute("src"), time.monotonic()
    page.get_by_role("slider", name="Brush").press("ArrowRight")
    while picture.get_attribute("src") == before:
        page.wait_for_timeout(10)
    times[f"{name}_next_instant"].append(time.monotonic() - began)
    page.close()


def _megabytes(pid: int, line: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"^{line}:\s+(\d+) kB", status, re.MULTILINE)
    return 0 if found is None else int(found[1]) // 1024


def children(pid: int) -> list[int]:
    """Processes that a process has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


if __name__ == "__main__":
    typer.run(main)
