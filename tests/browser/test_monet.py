"""Photo to Monet and back in a real headless Chromium."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core import examples, images
from tests.browser.conftest import download_button, drop, no_sideways_scrolling, settled, still

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_dropped_photo_becomes_a_monet_and_back(server: str, page: Page, tmp_path):
    page.goto(f"{server}/monet")
    photo = examples.photos()[0].read()
    drop(page, ("the lake.jpg", photo))
    handle = page.get_by_role("slider", name="the lake.jpg: how much is uncovered")
    expect(handle).to_be_visible()
    settled(page)
    for name in ("photo", "monet"):
        picture = page.get_by_alt_text(f"the lake.jpg: {name}", exact=True)
        assert picture.evaluate("e => e.decode().then(() => e.naturalWidth)") == 640
    # The line follows the keys and the pointer.
    line = "e => getComputedStyle(e.parentElement).getPropertyValue('--at')"
    assert handle.evaluate(line) == "50%"
    handle.press("Home")
    assert handle.evaluate(line) == "0%"
    box = still(handle)
    page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    assert float(handle.evaluate(line).rstrip("%")) == pytest.approx(80, abs=1)

    with page.expect_download() as download:
        download_button(page, "Download").click()
    assert download.value.suggested_filename == "the lake-monet.jpg"
    download.value.save_as(tmp_path / "monet.jpg")
    painted, given = images.load(tmp_path / "monet.jpg").pixels, images.load(photo).pixels
    assert painted.shape == given.shape
    assert np.abs(painted.astype(float) - given).mean() > 2

    settled(page)
    page.get_by_text("Show the cycle").click()
    expect(page.get_by_text("Cycle error: back again")).to_be_visible()
    assert no_sideways_scrolling(page)
    settled(page)
    page.get_by_text("Monet to photo", exact=True).click()
    expect(page.get_by_role("heading", name="A Monet, as a camera")).to_be_visible()
    expect(page.locator("input[type=file]")).to_have_count(1)  # that of the other way is gone
    settled(page)
    drop(page, ("a monet.jpg", (tmp_path / "monet.jpg").read_bytes()))
    expect(page.get_by_role("slider", name="a monet.jpg: how much is uncovered")).to_be_visible()
    assert no_sideways_scrolling(page)


def test_several_photos_come_back_in_one_file(server: str, page: Page, tmp_path):
    page.goto(f"{server}/monet")
    drop(
        page,
        ("one.jpg", examples.photos()[0].read()),
        ("notes.jpg", b"no picture"),
        ("two.jpg", examples.photos()[3].read()),
    )
    expect(download_button(page, "Download all 2")).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        download_button(page, "Download all 2").click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.namelist() == ["01-one-monet.jpg", "02-two-monet.jpg"]
        for name in archive.namelist():
            assert images.load(archive.read(name)).format == "JPEG"
    expect(page.locator("strong", has_text="notes.jpg")).to_be_visible()
