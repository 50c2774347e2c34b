"""The main journeys in a real headless Chromium, against the real app."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from core import examples
from core.settings import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHROMIUM = os.environ.get("ATELIER_TEST_CHROMIUM") or shutil.which("chromium")
# Screenshots are kept here for people to look at; never committed.
ARTIFACTS = ROOT / "artifacts"
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
SECOND = 1000
WAIT = 90 * SECOND
expect.set_options(timeout=WAIT)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, started as the README says, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    journal = tmp_path_factory.mktemp("journal") / "journal.db"
    command = [sys.executable, "-m", "streamlit", "run", "Home.py"]
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    environment = os.environ | {
        "ATELIER_JOURNAL_URL": f"sqlite:///{journal}",
        "ATELIER_OFFLINE": "true",
    }
    log = (tmp_path_factory.mktemp("log") / "streamlit.log").open("w")
    process = subprocess.Popen(
        [*command, *options], cwd=ROOT, env=environment, stdout=log, stderr=log
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2)
            break
        except OSError:
            assert process.poll() is None, Path(log.name).read_text()
            time.sleep(0.5)
    yield address
    process.terminate()
    process.wait(20)
    text = Path(log.name).read_text()
    assert "Traceback" not in text, text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
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


@pytest.fixture(
    params=[("desktop", "light"), ("phone", "light"), ("desktop", "dark")], ids="-".join
)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A fresh visitor. Complaints in the browser's console fail the test."""
    size, scheme = request.param
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(WAIT)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    screenshot(page, request.node.name)
    context.close()
    assert errors == []


def screenshot(page: Page, name: str) -> None:
    """The whole page: Streamlit scrolls inside, so the window is made as tall as it needs."""
    ARTIFACTS.mkdir(exist_ok=True)
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": min(tall + 60, 5000)})
    page.wait_for_timeout(1500)
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
    page.screenshot(path=ARTIFACTS / f"{safe}.png")


def no_sideways_scrolling(page: Page) -> bool:
    return page.evaluate(
        "(e => e.scrollWidth <= e.clientWidth + 1)(document.querySelector('[data-testid=stMain]'))"
    )


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    page.locator("input[type=file]").set_input_files(
        [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in files]
    )


def download_button(page: Page, text: str) -> Locator:
    return page.get_by_test_id("stDownloadButton").get_by_role("button", name=text)


def test_welcome_leads_to_identify(server: str, page: Page):
    page.goto(server)
    expect(page.get_by_role("heading", name="Who painted this?")).to_be_visible()
    expect(
        page.get_by_alt_text("The Great Wave off Kanagawa by Katsushika Hokusai")
    ).to_be_visible()
    assert no_sideways_scrolling(page)
    screenshot(page, f"welcome-{page.viewport_size['width']}")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": 844})
    page.get_by_role("button", name="Identify a painting").click()
    expect(page.get_by_text("Drop a painting here")).to_be_visible()


def test_a_dropped_painting_is_named_explained_and_answered(server: str, page: Page, tmp_path):
    page.goto(f"{server}/identify")
    wave = examples.catalogue()[2]
    drop(page, ("the wave.jpg", wave.read()))
    expect(page.locator(".label .name", has_text="Katsushika Hokusai")).to_be_visible()
    expect(page.get_by_alt_text("Your picture the wave.jpg")).to_be_visible()
    expect(page.get_by_role("link", name="Read on at Wikipedia")).to_have_attribute(
        "href", "https://en.wikipedia.org/wiki/Hokusai"
    )
    page.get_by_text("Show where I looked").click()
    expect(page.get_by_alt_text("what spoke for Katsushika Hokusai")).to_be_visible()
    with page.expect_download() as download:
        download_button(page, "Download this picture").click()
    assert download.value.suggested_filename == "the wave-where-I-looked.jpg"
    page.get_by_text("Yes", exact=True).click()
    expect(page.get_by_text("Thank you, that is noted.")).to_be_visible()
    page.get_by_text("Seen in this visit (1)").click()
    with page.expect_download() as download:
        download_button(page, "Download as CSV").click()
    download.value.save_as(tmp_path / "seen.csv")
    lines = (tmp_path / "seen.csv").read_text().splitlines()
    assert len(lines) == 2
    assert "Katsushika Hokusai" in lines[1]
    assert no_sideways_scrolling(page)


def test_a_mixed_drop_names_what_can_be_read(server: str, page: Page):
    page.goto(f"{server}/identify")
    drop(
        page,
        ("letter.txt", b"Dear Theo"),
        ("auvers.jpg", examples.catalogue()[0].read()),
        ("torn.jpg", examples.catalogue()[1].read()[:20_000]),
    )
    expect(page.locator(".label .name", has_text="Vincent van Gogh")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("letter.txt: This is not a picture")).to_be_visible()
    expect(page.get_by_text("torn.jpg: The picture is damaged")).to_be_visible()


def test_an_example_is_one_click_away(server: str, page: Page):
    page.goto(f"{server}/identify")
    page.get_by_role("button", name="Village Street in Auvers", exact=True).click()
    expect(page.locator(".label .name", has_text="Vincent van Gogh")).to_be_visible(timeout=WAIT)
