"""A photo painted like a picture while one watches, in a real headless Chromium."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core import examples, images
from tests.browser.conftest import (
    WAIT,
    download_button,
    drop,
    leads_to,
    no_sideways_scrolling,
    settled,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRST = 4 * WAIT  # the networks are loaded
PHOTO, STYLE = examples.photos()[1], examples.catalogue()[0]


def saved(page: Page, label: str, path: Path) -> tuple[str, bytes]:
    """Presses a button for a download; gives the suggested name and the file."""
    settled(page)
    with page.expect_download() as download:
        download_button(page, label).click()
    download.value.save_as(path)
    return download.value.suggested_filename, path.read_bytes()


def previews(page: Page, number: int) -> list[str]:
    """Watches until so many different pictures have been seen in the same place."""
    seen: list[str] = []
    shown = page.get_by_alt_text("the meadow, being painted")
    for _ in range(WAIT // 100):
        url = shown.get_attribute("src")
        if url and url not in seen:
            seen.append(url)
        if len(seen) == number:
            break
        page.wait_for_timeout(100)
    return seen


def set_slider(page: Page, name: str, key: str) -> None:
    page.get_by_role("slider", name=name).press(key)


@pytest.mark.tensorflow
def test_two_dropped_files_become_a_painting(server: str, page: Page, tmp_path):
    page.goto(f"{server}/stylize")
    drop(page, ("the meadow.jpg", PHOTO.read()))
    expect(page.get_by_text("Like what?")).to_be_visible()
    drop(page, ("village.jpg", STYLE.read()), field=1)

    at_once = page.get_by_alt_text("the meadow: at once", exact=True)
    expect(at_once).to_be_visible(timeout=FIRST)
    assert no_sideways_scrolling(page)
    set_slider(page, "Detail", "Home")
    expect(at_once).to_have_js_property("naturalHeight", 160)
    set_slider(page, "Time to spend", "End")

    settled(page)
    page.get_by_role("button", name="Refine", exact=True).click()
    expect(page.get_by_text(re.compile(r"Step \d+ of 400"))).to_be_visible(timeout=FIRST)
    seen = previews(page, 4)
    assert len(seen) == 4
    assert all(url.startswith("data:image/jpeg;base64,") for url in seen)
    expect(page.get_by_text(re.compile("left$|nearly done"))).to_be_visible()
    # The one before may still be in the page for a moment, hidden.
    expect(page.get_by_test_id("stPlotlyChart").filter(visible=True)).to_have_count(1)
    assert no_sideways_scrolling(page)

    stop = page.get_by_role("button", name="Stop")
    stopped = page.get_by_text(re.compile(r"Stopped, and kept as it is: \d+ steps"))
    leads_to(lambda: stop.click(timeout=WAIT / 4), stopped)
    before = int(re.search(r"(\d+) steps", stopped.inner_text())[1])
    assert 0 < before < 400
    expect(page.get_by_alt_text("the meadow: painting", exact=True)).to_be_visible()

    set_slider(page, "Time to spend", "Home")
    settled(page)
    page.get_by_role("button", name="Go on painting").click()
    expect(page.get_by_text(f"{before + 25} steps in")).to_be_visible(timeout=FIRST)
    assert no_sideways_scrolling(page)

    name, png = saved(page, "Download picture", tmp_path / "painting.png")
    assert name == "the meadow-painted.png"
    with Image.open(io.BytesIO(png)) as image:
        told = json.loads(image.text["atelier"])
    assert (told["content"], told["styles"]) == ("the meadow.jpg", ["village"])
    assert (told["rows"], told["steps_done"]) == (160, before + 25)
    painted, photo = images.load(png).pixels, images.load(PHOTO.read()).pixels
    assert painted.shape[0] == 160
    assert painted.shape[1] / 160 == pytest.approx(photo.shape[1] / photo.shape[0], abs=0.01)
    assert painted.std() > 10

    name, webp = saved(page, "Download film", tmp_path / "film.webp")
    assert name == "the meadow-painted.webp"
    with Image.open(io.BytesIO(webp)) as film:
        assert film.format == "WEBP"
        assert film.n_frames > 10
        film.seek(film.n_frames - 1)
        last = np.asarray(film.convert("RGB").resize(painted.shape[1::-1]), float)
    assert np.abs(last - painted).mean() < 20

    page.get_by_text("Alone", exact=True).click()
    alone = page.get_by_test_id("stImage").get_by_alt_text("the meadow: painting")
    expect(alone).to_have_js_property("naturalHeight", 160)


@pytest.mark.tensorflow
def test_a_painting_survives_another_page(server: str, page: Page):
    page.goto(f"{server}/stylize")
    page.get_by_role("heading", name="Your photo").wait_for()
    if page.viewport_size["width"] < 600:
        pytest.skip("On a phone the pages are behind a menu")
    expect(page.get_by_role("button", name="As Mary Cassatt")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="As Mary Cassatt").click()
    at_once = page.get_by_alt_text("Dandelions: at once", exact=True)
    expect(at_once).to_be_visible(timeout=FIRST)
    set_slider(page, "Detail", "Home")
    expect(at_once).to_have_js_property("naturalHeight", 160)
    page.get_by_role("link", name="Monet").click()
    expect(page.get_by_role("heading", name="Monet might have painted")).to_be_visible()
    page.get_by_role("link", name="Stylize").click()
    expect(at_once).to_have_js_property("naturalHeight", 160)
    expect(page.get_by_role("button", name="Refine", exact=True)).to_be_visible()
