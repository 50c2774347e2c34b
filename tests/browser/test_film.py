"""A clip becomes a film in a real headless Chromium."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core import images
from core.film.clips.reading import look
from tests.browser.conftest import (
    WAIT,
    download_button,
    drop_file,
    leads_to,
    no_sideways_scrolling,
    screenshot,
    settled,
)
from tests.core.film import scenes

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_dropped_clip_becomes_a_film(server: str, page: Page, tmp_path: Path):
    frames = [scenes.scene(number, 120, 160) for number in range(8)]
    clip = scenes.write(tmp_path / "the lake.mp4", frames=frames, sound="aac")
    page.goto(f"{server}/film")
    drop_file(page, clip)
    expect(page.get_by_text("8 frames, 160×120, with sound")).to_be_visible()
    for second in ("0.0", "0.2", "0.6"):
        expect(page.get_by_alt_text(f"the lake.mp4 at {second} s")).to_be_visible()
    assert no_sideways_scrolling(page)
    page.get_by_role("button", name="Paint the film").click()
    expect(page.get_by_text("seconds of film")).to_be_visible()
    expect(page.locator("video")).to_have_count(1)
    # Its size is known then: the button stands below it.
    page.wait_for_function("document.querySelector('video').readyState > 0")
    settled(page)
    with page.expect_download() as download:
        download_button(page, "Download film").click()
    assert download.value.suggested_filename == "the lake-painted.mp4"
    download.value.save_as(tmp_path / "film.mp4")
    film = look(tmp_path / "film.mp4")
    assert (film.frames, film.width, film.height, film.sound) == (8, 160, 120, "aac")
    page.get_by_text("With the clip", exact=True).click()
    expect(page.locator("video")).to_have_count(2)
    assert no_sideways_scrolling(page)


def test_what_is_no_clip_is_refused_in_a_sentence(server: str, page: Page, tmp_path: Path):
    (tmp_path / "notes.mp4").write_text("no clip")
    page.goto(f"{server}/film")
    drop_file(page, tmp_path / "notes.mp4")
    expect(page.get_by_text("This is not a clip that can be opened here")).to_be_visible()


def test_a_film_can_be_stopped_and_is_kept(server: str, page: Page, tmp_path: Path):
    frames = [scenes.scene(number % 60, 240, 320) for number in range(120)]
    clip = scenes.write(tmp_path / "long.mp4", frames=frames)
    page.goto(f"{server}/film")
    drop_file(page, clip)
    expect(page.get_by_text("120 frames, 320×240")).to_be_visible()
    settled(page)
    page.get_by_test_id("stButtonGroup").get_by_text("Monet", exact=True).click()
    expect(page.get_by_text("By the network of the page Monet")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Paint the film").click()
    expect(page.get_by_text(re.compile(r"Frame \d+ of 120"))).to_be_visible()
    screenshot(page, f"film-running-{page.viewport_size['width']}")
    stop = page.get_by_role("button", name="Stop")
    leads_to(lambda: stop.click(timeout=WAIT / 4), page.get_by_text("Stopped. What was painted"))
    expect(page.locator("video")).to_have_count(1)


def test_a_photo_goes_on_a_slow_journey(server: str, page: Page, tmp_path: Path):
    (tmp_path / "the hill.png").write_bytes(images.encode(scenes.scene(0, 96, 128)))
    page.goto(f"{server}/film")
    settled(page)
    page.get_by_text("No clip? Send a photo on a slow journey").click()
    photos = page.get_by_test_id("stExpander").locator("input[type=file]")
    expect(photos).to_have_count(1)
    settled(page)
    photos.set_input_files(tmp_path / "the hill.png")
    expect(page.get_by_role("button", name="Set out")).to_be_visible()
    settled(page)
    for slider in ("Detail", "Length"):  # the least of both
        page.get_by_test_id("stExpander").get_by_role("slider", name=slider).press("Home")
        settled(page)
    page.get_by_test_id("stExpander").get_by_text("GIF", exact=True).click()
    settled(page)
    page.get_by_role("button", name="Set out").click()
    expect(page.get_by_text("seconds of film")).to_be_visible()
    expect(page.get_by_alt_text("the hill.png, on its way")).to_be_visible()
    assert no_sideways_scrolling(page)
    screenshot(page, f"film-journey-{page.viewport_size['width']}")
    settled(page)
    with page.expect_download() as download:
        download_button(page, "Download film").click()
    assert download.value.suggested_filename == "the hill-painted.gif"
    download.value.save_as(tmp_path / "loop.gif")
    assert (look(tmp_path / "loop.gif").frames, look(tmp_path / "loop.gif").height) == (48, 180)
