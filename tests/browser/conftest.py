"""The app in a real headless Chromium: a server, a browser, a visitor."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest
from playwright.sync_api import (
    Browser,
    FilePayload,
    Locator,
    Page,
    WebSocket,
    expect,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.settings import ROOT

CHROMIUM = os.environ.get("ATELIER_TEST_CHROMIUM") or shutil.which("chromium")
# Where screenshots go, for people to look at; without it none are taken.
SCREENSHOTS = os.environ.get("ATELIER_TEST_SCREENSHOTS")
# Whether a service does the work for the app, and not its own process: all journeys are the same.
BY_SERVICE = bool(os.environ.get("ATELIER_TEST_SERVICE"))
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
# Both sizes and both schemes; all four together for people to look at.
VISITORS = [("desktop", "light"), ("phone", "dark")]
if SCREENSHOTS:
    VISITORS += [("phone", "light"), ("desktop", "dark")]
SECOND = 1000
WAIT = 90 * SECOND
KEY = "open sesame"  # of the keeper of `server`
expect.set_options(timeout=WAIT)


@contextmanager
def serve(folder: Path, *, by_service: bool = BY_SERVICE, **settings: str) -> Iterator[str]:
    """The app, started as the README says, on a free port; gives its address.

    Args:
        by_service: Whether a service does the work, which has the same journal.
    """
    environment = os.environ | {
        "ATELIER_JOURNAL_URL": f"sqlite:///{folder / 'journal.db'}",
        "ATELIER_CACHE": str(folder / "cache"),
        "ATELIER_KEPT": str(folder / "kept"),
        "ATELIER_OFFLINE": "true",
        "PYTHONFAULTHANDLER": "1",
    }
    environment |= settings
    with ExitStack() as stack:
        if by_service:
            command, port = ["-m", "serving"], free_port()
            options = [f"--port={port}"]
            address = f"http://127.0.0.1:{port}"
            ready = f"{address}/v2/health/ready"
            log = folder / "service.log"
            stack.enter_context(_running([*command, *options], environment, log, ready))
            environment["ATELIER_SERVICE"] = address
        port = free_port()
        command = ["-m", "streamlit", "run", "Home.py"]
        options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
        address = f"http://127.0.0.1:{port}"
        ready = f"{address}/_stcore/health"
        log = folder / "streamlit.log"
        stack.enter_context(_running([*command, *options], environment, log, ready))
        yield address


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(
    arguments: list[str], environment: dict[str, str], log: Path, ready: str
) -> Iterator[None]:
    """A server, until it is told to stop; what it logs must hold no traceback."""
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=file, stderr=file
        )
    for _ in range(240):
        try:
            urllib.request.urlopen(ready, timeout=2)
            break
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.5)
    yield
    stuck = not _stops(process)
    text = log.read_text()
    assert "Traceback" not in text, text
    if stuck:  # Streamlit and Uvicorn end the process: below is which threads they waited for
        warnings.warn(f"The server did not stop when told to:\n{text}", stacklevel=1)


def _stops(process: subprocess.Popen[bytes]) -> bool:
    """Ends the server; false if it took force, with the stacks of its threads in the log."""
    process.terminate()
    try:
        process.wait(60)
        return True
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        process.wait(60)
        return False


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app without any data set; one for all tests, since it loads its networks but once."""
    keeper = hashlib.sha256(KEY.encode()).hexdigest()
    folder = tmp_path_factory.mktemp("server")
    with serve(folder, ATELIER_SERVICE_KEEPERS=keeper) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one a file. While it is open, Playwright keeps an event loop in the thread
    of the tests, beside which `asyncio.run` refuses to work."""
    if not CHROMIUM:
        pytest.skip("No Chromium: install Debian's package or set ATELIER_TEST_CHROMIUM")
    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(params=VISITORS, ids="-".join)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A fresh visitor. Complaints in the browser's console fail the test."""
    size, scheme = request.param
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(WAIT)
    watch(page)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    screenshot(page, request.node.name)
    context.close()
    assert errors == []


def screenshot(page: Page, name: str) -> None:
    """The whole page: Streamlit scrolls inside, so the window is made as tall as it needs."""
    if not SCREENSHOTS:
        return
    folder = Path(SCREENSHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": min(tall + 60, 5000)})
    page.wait_for_timeout(1500)
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
    page.screenshot(path=folder / f"{safe}.png")


# Pages that asked for a run which has not begun.
_asked: WeakKeyDictionary[Page, bool] = WeakKeyDictionary()


def watch(page: Page) -> None:
    """From now on `settled` knows of runs that the page has asked for and that have not begun.

    Streamlit's page looks as before until the server answers: on a busy machine for a second.
    """

    def sent(data: str | bytes) -> None:
        if isinstance(data, bytes) and BackMsg.FromString(data).HasField("rerun_script"):
            _asked[page] = True

    def came(data: str | bytes) -> None:
        if isinstance(data, bytes) and ForwardMsg.FromString(data).HasField("new_session"):
            _asked[page] = False

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", sent)
        socket.on("framereceived", came)

    page.on("websocket", listen)


def settled(page: Page) -> None:
    """Nothing of an earlier view is left, and everything of this one is there.

    What is clicked or dropped before may be lost; a file, too, when a run begins that was asked
    for earlier. Before its first run a page is empty and not running either: its heading tells
    that it has begun.
    """
    page.wait_for_timeout(50)  # what was just done is sent by then
    for _ in range(200):  # some pages ask for a run twice a second: no more than 10 s
        if not _asked.get(page):
            break
        page.wait_for_timeout(50)
    expect(page.get_by_test_id("stMain").get_by_role("heading", level=1).first).to_be_attached()
    expect(page.locator("[data-test-script-state=notRunning]")).to_have_count(1)
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


def still(place: Locator) -> dict[str, float]:
    """Where something is, in pixels of the window, once it stays there: what is above may grow."""
    seen: list[dict[str, float] | None] = []
    for _ in range(WAIT // 150):
        seen.append(place.bounding_box())
        if len(seen) > 2 and (box := seen[-1]) and seen[-3:] == [box] * 3:
            return box
        place.page.wait_for_timeout(150)
    raise AssertionError("It does not stand still")


def leads_to(press: Callable[[], None], sign: Locator) -> None:
    """Presses something until a sign of it comes: a chart or a board that is drawn anew under
    the pointer, between press and release, takes no notice."""
    for _ in range(3):
        with suppress(AssertionError, PlaywrightError):
            press()
            expect(sign).to_be_visible(timeout=WAIT / 4)
            return
    expect(sign).to_be_visible()


def no_sideways_scrolling(page: Page) -> bool:
    """Whether nothing is cut off at the right, once everything is in its place."""
    for _ in range(10):
        if page.evaluate(
            "(e => e.scrollWidth <= e.clientWidth + 1)"
            "(document.querySelector('[data-testid=stMain]'))"
        ):
            return True
        page.wait_for_timeout(500)
    return False


def drop(page: Page, *files: tuple[str, bytes], field: int = 0) -> None:
    """Drops pictures, name and JPEG, on a field for files, counted from the top of the page."""
    _drop(
        page,
        field,
        [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in files],
    )


def drop_file(page: Page, path: Path) -> None:
    """Drops a file on the first field, as what its name says."""
    _drop(page, 0, path)


def _drop(page: Page, field: int, files: Path | list[FilePayload]) -> None:
    place = page.locator("input[type=file]").nth(field)
    expect(place).to_be_attached()
    settled(page)
    place.set_input_files(files)


def download_button(page: Page, text: str) -> Locator:
    return page.get_by_test_id("stDownloadButton").get_by_role("button", name=text)
