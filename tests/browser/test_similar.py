"""Similar paintings in a real browser: below an answer, and from one to the next in the gallery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core import examples, images
from tests.browser.conftest import drop, no_sideways_scrolling, screenshot, serve, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def museum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with a collection of details of the paintings to try, not described yet."""
    folder = tmp_path_factory.mktemp("museum")
    for example in examples.catalogue():
        pixels = images.load(example.read()).pixels
        height, width = (side // 2 for side in pixels.shape[:2])
        painter = folder / "paintings" / example.painter.replace(" ", "_")
        painter.mkdir(parents=True, exist_ok=True)
        corners = [(0, 0), (0, width), (height, 0), (height, width)]
        details = [pixels, *(pixels[y : y + height, x : x + width] for y, x in corners)]
        for number, detail in enumerate(details):
            data = images.encode(np.ascontiguousarray(detail), "JPEG", quality=90)
            (painter / f"{Path(example.file).stem}_{number}.jpg").write_bytes(data)
    with serve(folder, ATELIER_COLLECTION=str(folder / "paintings")) as address:
        yield address


def test_an_answer_leads_to_paintings_like_it(museum: str, page: Page):
    page.goto(f"{museum}/identify")
    wave = examples.catalogue()[2]
    mirrored = np.ascontiguousarray(images.load(wave.read()).pixels[:, ::-1])
    drop(page, ("the wave mirrored.jpg", images.encode(mirrored, "JPEG")))
    expect(page.locator(".label .name")).to_be_visible()  # nobody waits for the collection
    first = page.get_by_alt_text("A painting like it: ").first
    expect(first).to_have_attribute(
        "alt", "A painting like it: Katsushika Hokusai, hokusai-great-wave 0, distance 0.00"
    )
    expect(page.get_by_text("Paintings like this one", exact=True)).to_be_visible()
    expect(page.get_by_alt_text("A painting like it: ")).to_have_count(6)
    expect(page.get_by_text("Looking at the collection")).to_have_count(0)
    assert no_sideways_scrolling(page)


def test_the_gallery_leads_from_one_painting_to_the_next(museum: str, page: Page):
    page.goto(f"{museum}/explore")
    gallery = page.get_by_test_id("stButtonGroup").get_by_text("Gallery", exact=True)
    expect(gallery).to_be_visible()
    settled(page)
    gallery.click()
    expect(page.get_by_alt_text("A painting: ").first).to_be_visible()
    screenshot(page, f"gallery-offers-{page.viewport_size['width']}")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": 844})
    settled(page)
    page.get_by_role("button", name="More like this").first.click()
    expect(page.get_by_text("Paintings like this one", exact=True)).to_be_visible()
    near = page.get_by_alt_text("A painting like it: ")
    expect(near.first).to_be_visible()
    expect(page.get_by_text("Looking at the collection")).to_have_count(0)
    settled(page)
    words = near.nth(1).get_attribute("alt")
    assert words is not None
    page.get_by_role("button", name="More like this").nth(1).click()
    chosen = words.removeprefix("A painting like it: ").rpartition(", distance")[0]
    expect(page.get_by_alt_text(chosen, exact=True)).to_be_visible()
    assert no_sideways_scrolling(page)
    settled(page)
    page.get_by_role("button", name="Back to the gallery").click()
    expect(page.get_by_alt_text("A painting: ").first).to_be_visible()
    expect(near).to_have_count(0)
    settled(page)
    page.get_by_role("button", name="More like this").first.click()
    expect(near.first).to_be_visible()
