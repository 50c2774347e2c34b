"""Regions painted on a photo with mouse and finger, in a real headless Chromium."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from core import examples, images
from tests.browser.conftest import (
    SIZES,
    WAIT,
    download_button,
    leads_to,
    no_sideways_scrolling,
    screenshot,
    settled,
    still,
    watch,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRST = 4 * WAIT  # the networks are loaded
(PHOTO,) = (each for each in examples.photos() if each.title == "Dandelions")


@pytest.fixture(params=["mouse", "finger"])
def visitor(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[str, Page]]:
    """Somebody at a desk with a mouse, and somebody with a phone."""
    touch = request.param == "finger"
    width, height = SIZES["phone" if touch else "desktop"]
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=touch, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(WAIT)
    watch(page)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield request.param, page
    screenshot(page, request.node.name)
    context.close()
    assert errors == []


def draw(page: Page, by: str, board: Locator, *path: tuple[float, float]) -> None:
    """Goes along a path, in shares of the board."""
    board.scroll_into_view_if_needed()
    box = still(board)
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in path]
    if by == "mouse":
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=6)
        page.mouse.up()
        return
    client = page.context.new_cdp_session(page)

    def touch(kind: str, *place: float) -> None:
        points = [{"x": place[0], "y": place[1]}] if place else []
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", *places[0])
    for (x0, y0), (x1, y1) in pairwise(places):
        for n in range(1, 7):
            touch("touchMove", x0 + (x1 - x0) * n / 6, y0 + (y1 - y0) * n / 6)
    touch("touchEnd")


def painted_share(board: Locator) -> float:
    """How much of the board is painted."""
    return board.evaluate(
        """(own) => {
          const all = own.getContext("2d").getImageData(0, 0, own.width, own.height).data;
          let count = 0;
          for (let i = 3; i < all.length; i += 4) count += all[i] > 127;
          return count / (own.width * own.height);
        }"""
    )


def test_a_part_stays_as_it_is_and_the_rest_is_painted(
    server: str, visitor: tuple[str, Page], tmp_path: Path
):
    by, page = visitor
    page.goto(f"{server}/stylize")
    expect(page.get_by_role("button", name="As Mary Cassatt")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="As Mary Cassatt").click()
    at_once = page.get_by_alt_text("Dandelions: at once", exact=True)
    expect(at_once).to_be_visible(timeout=FIRST)
    settled(page)
    page.get_by_role("slider", name="Detail").press("Home")
    expect(at_once).to_have_js_property("naturalHeight", 160)

    page.get_by_text("Regions: paint parts of it differently").click()
    board = page.get_by_role("img", name="Dandelions: region 1, to be painted")
    expect(board).to_be_visible()
    expect(page.get_by_role("button", name="Paint it so")).to_have_count(1)
    expect(page.get_by_role("button", name="Paint it so")).to_be_disabled()
    page.get_by_role("button", name="Box").click()
    settled(page)  # what is drawn on a board that still moves is drawn elsewhere
    draw(page, by, board, (0.02, 0.5), (0.98, 0.98))
    expect(page.get_by_role("combobox", name="Region 1")).to_be_visible()
    share = painted_share(board)
    assert 0.4 < share < 0.5
    settled(page)
    page.get_by_role("button", name="Eraser").click()
    draw(page, by, board, (0.1, 0.9), (0.9, 0.9))
    assert painted_share(board) < share - 0.02
    settled(page)
    page.get_by_role("button", name="Undo").click()
    assert painted_share(board) == pytest.approx(share, abs=0.001)
    settled(page)
    page.get_by_role("button", name="Brush", exact=True).click()
    draw(page, by, board, (0.2, 0.4), (0.3, 0.3), (0.4, 0.4))
    assert painted_share(board) > share
    settled(page)
    assert no_sideways_scrolling(page)
    screenshot(page, f"regions-board-{by}")

    before = at_once.get_attribute("src")
    page.get_by_role("button", name="Paint it so").click()
    expect(page.get_by_text("Regions: 1 marked")).to_be_visible()
    expect(at_once).not_to_have_attribute("src", before)
    settled(page)
    with page.expect_download() as download:
        download_button(page, "Download").click()
    download.value.save_as(tmp_path / "painting.png")
    png = (tmp_path / "painting.png").read_bytes()
    with Image.open(io.BytesIO(png)) as image:
        told = json.loads(image.text["atelier"])
    assert told["masks"] == ["region 1"]
    assert told["region_styles"] == ["photo", "1"]
    found = images.load(png).pixels
    height, width = found.shape[:2]
    photo = np.asarray(Image.fromarray(images.load(PHOTO.read()).pixels).resize((width, height)))
    away = np.abs(found.astype(float) - photo).mean(-1)
    kept = away[round(0.55 * height) : round(0.95 * height), round(0.05 * width) :]
    assert np.median(kept) < 3
    assert np.median(away[: round(0.2 * height)]) > 8


def test_something_is_found_from_a_stroke(server: str, visitor: tuple[str, Page]):
    by, page = visitor
    page.goto(f"{server}/stylize")
    expect(page.get_by_role("button", name="As Mary Cassatt")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="As Mary Cassatt").click()
    expect(page.get_by_alt_text("Dandelions: at once", exact=True)).to_be_visible(timeout=FIRST)
    settled(page)
    page.get_by_text("Regions: paint parts of it differently").click()
    board = page.get_by_role("img", name="Dandelions: region 1, to be painted")
    expect(board).to_be_visible()
    settled(page)
    draw(page, by, board, (0.3, 0.5), (0.7, 0.5))
    expect(page.get_by_role("combobox", name="Region 1")).to_be_visible()
    settled(page)
    rough = painted_share(board)
    page.get_by_role("button", name="Find its edges").click()
    share = rough
    for _ in range(WAIT // 500):
        settled(page)
        if board.count() == 1:  # not two, while one fades
            share = painted_share(board)
            if share > 0 and share != pytest.approx(rough, abs=0.002):
                break
        page.wait_for_timeout(500)
    assert share > 0
    assert share != pytest.approx(rough, abs=0.002)
    page.get_by_role("button", name="Another region").click()
    other = page.get_by_role("img", name="Dandelions: region 2, to be painted")
    expect(other).to_be_visible()
    settled(page)
    assert painted_share(other) == 0
    draw(page, by, other, (0.1, 0.1), (0.4, 0.1))
    expect(page.get_by_role("combobox", name="Region 2")).to_be_visible()
    settled(page)
    assert no_sideways_scrolling(page)
    screenshot(page, f"regions-two-{by}")
    page.get_by_role("button", name="Paint it so").click()
    expect(page.get_by_text("Regions: 2 marked")).to_be_visible()
    page.wait_for_timeout(1500)  # the picture at once is painted anew, and the page drawn again
    settled(page)
    page.get_by_text("Regions: 2 marked").click()
    expect(page.get_by_role("button", name="Without regions")).to_be_visible()
    settled(page)
    none = page.get_by_text("Regions: paint parts of it differently")
    without = page.get_by_role("button", name="Without regions")
    leads_to(lambda: without.click(timeout=WAIT / 4), none)
