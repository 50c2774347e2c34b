"""The main journeys in a real headless Chromium, against the real app."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from benchmarks.walls import on_a_wall
from core import examples, images
from tests.browser.conftest import (
    KEY,
    WAIT,
    download_button,
    drop,
    no_sideways_scrolling,
    screenshot,
    settled,
    still,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


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


def test_a_picture_that_may_be_kept_is_accepted_by_a_key_of_the_keyboard(server: str, page: Page):
    page.goto(f"{server}/identify")
    drop(page, ("the wave.jpg", examples.catalogue()[2].read()))
    expect(page.locator(".label .name", has_text="Katsushika Hokusai")).to_be_visible()
    settled(page)
    page.get_by_text("Yes", exact=True).click()
    allow = page.get_by_text("You may keep this picture")
    expect(allow).to_be_visible()
    settled(page)
    allow.click()
    expect(page.get_by_text("Thank you, it is kept.")).to_be_visible()
    page.goto(f"{server}/monitor")
    feedback = page.get_by_test_id("stButtonGroup").get_by_text("Feedback", exact=True)
    expect(feedback).to_be_visible()
    settled(page)
    feedback.click()
    expect(page.locator("input[type=password]")).to_be_visible()
    settled(page)
    page.locator("input[type=password]").fill(KEY)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_alt_text("The picture of prediction")).to_be_visible()
    assert no_sideways_scrolling(page)
    screenshot(page, f"feedback-{page.viewport_size['width']}")
    settled(page)
    for _ in range(2):  # one may be left by a visitor before, whose test failed
        page.keyboard.press("a")
        settled(page)
        if page.get_by_text("Nothing waits").is_visible():
            break
    expect(page.get_by_text("Nothing waits")).to_be_visible()


def test_a_dropped_painting_is_named_explained_and_answered(server: str, page: Page, tmp_path):
    page.goto(f"{server}/identify")
    wave = examples.catalogue()[2]
    drop(page, ("the wave.jpg", wave.read()))
    expect(page.locator(".label .name", has_text="Katsushika Hokusai")).to_be_visible()
    expect(page.get_by_alt_text("Your picture the wave.jpg")).to_be_visible()
    expect(page.get_by_role("link", name="Read on at Wikipedia")).to_have_attribute(
        "href", "https://en.wikipedia.org/wiki/Hokusai"
    )
    settled(page)
    page.get_by_text("Show where I looked").click()
    expect(page.get_by_alt_text("what spoke for Katsushika Hokusai")).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        download_button(page, "Download this picture").click()
    assert download.value.suggested_filename == "the wave-where-I-looked.jpg"
    settled(page)
    page.get_by_text("Yes", exact=True).click()
    expect(page.get_by_text("Thank you, that is noted.")).to_be_visible()
    settled(page)
    page.get_by_text("Seen in this visit (1)").click()
    expect(download_button(page, "Download as CSV")).to_be_visible()
    settled(page)
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


def test_a_painting_is_cut_out_of_a_photo_by_corners_to_drag(server: str, page: Page):
    wave = images.load(examples.catalogue()[2].read(), enough=600).pixels
    page.goto(f"{server}/identify")
    drop(page, ("museum.jpg", images.encode(on_a_wall(wave, 2)[0], "JPEG")))
    expect(page.locator(".label .name", has_text="Katsushika Hokusai")).to_be_visible()
    expect(page.get_by_alt_text("Your picture museum, cut out.jpg")).to_be_visible()
    settled(page)
    page.get_by_text("Cut out of your photo").click()
    corner = page.get_by_role("button", name="top left corner")
    expect(corner).to_be_visible()
    expect(page.get_by_text("Seen in this visit (2)")).to_be_visible()
    assert no_sideways_scrolling(page)
    screenshot(page, f"cut-out-{page.viewport_size['width']}")
    settled(page)
    corner.scroll_into_view_if_needed()
    box = still(corner)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 9, box["y"] + box["height"] / 2 + 9, steps=3)
    page.mouse.up()
    expect(page.get_by_text("Seen in this visit (3)")).to_be_visible()
    settled(page)
    still(corner)
    corner.press("ArrowRight")
    expect(page.get_by_text("Seen in this visit (4)")).to_be_visible()


def test_an_example_is_one_click_away(server: str, page: Page):
    page.goto(f"{server}/identify")
    expect(page.get_by_role("button", name="Village Street in Auvers", exact=True)).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Village Street in Auvers", exact=True).click()
    expect(page.locator(".label .name", has_text="Vincent van Gogh")).to_be_visible(timeout=WAIT)
