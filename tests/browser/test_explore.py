"""Explore in a real browser: without a data set, and with the real paintings."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import no_sideways_scrolling, screenshot, serve, settled, watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory, real_paintings: Path) -> Iterator[str]:
    """The app with the real paintings, which it has not scanned yet: that takes 20 s or more."""
    with serve(
        tmp_path_factory.mktemp("gallery"), ATELIER_COLLECTION=str(real_paintings)
    ) as address:
        yield address


def view(page: Page, name: str) -> None:
    button = page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True)
    expect(button).to_be_visible()
    settled(page)
    button.click()


def test_a_bookmark_opens_its_page_under_the_same_navigation(tmp_path: Path, browser: Browser):
    """The first visitor of a server may come by a deep link."""
    with serve(tmp_path) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(f"{address}/explore")
        expect(page.get_by_role("heading", name="Explore the collection")).to_be_visible()
        expect(page.get_by_role("link", name="Welcome")).to_be_visible()
        expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
        context.close()


def test_the_painters_in_figures_and_charts(server: str, page: Page, tmp_path: Path):
    page.goto(f"{server}/explore")
    for figure in ("8,446", "168.92", "157.45", "123"):
        expect(page.locator(".figures b", has_text=figure)).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(6)
    settled(page)
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button").first.click()
    assert download.value.suggested_filename == "atelier-lives.csv"
    download.value.save_as(tmp_path / "lives.csv")
    with (tmp_path / "lives.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 50
    page.get_by_text("The table behind the charts").click()
    assert no_sideways_scrolling(page)


@pytest.mark.parametrize("page", [("phone", "dark")], indirect=True, ids="-".join)
def test_without_a_data_set_it_says_how_to_get_one(server: str, page: Page):
    page.goto(f"{server}/explore")
    view(page, "Training")
    expect(page.get_by_text("python -m training dataset fetch")).to_be_visible()
    expect(page.get_by_alt_text("The original")).to_be_visible()
    assert no_sideways_scrolling(page)


@pytest.mark.real_data
def test_the_page_answers_while_the_paintings_are_scanned(gallery: str, browser: Browser):
    """Everything here happens before the scan is through: it says so at the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(90_000)
    watch(page)
    page.goto(f"{gallery}/explore")
    view(page, "Color")
    progress = page.get_by_text("Scanning the paintings: ")
    expect(progress).to_be_visible()
    view(page, "Painters")
    expect(page.locator(".figures b", has_text="8,446")).to_be_visible()
    view(page, "Gallery")
    expect(page.get_by_alt_text("A painting: ").first).to_be_visible()
    view(page, "Training")
    expect(progress).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped. ")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(progress).to_be_visible()
    screenshot(page, "explore-scanning")
    # The end: progress gone, all files known.
    all_of_them = page.get_by_text("None among the 12,389 that were scanned.")
    expect(all_of_them).to_be_visible(timeout=300_000)
    expect(progress).to_have_count(0)
    context.close()


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "page"),
    [
        pytest.param("Gallery", ("phone", "light"), id="gallery-phone"),
        pytest.param("Color", ("desktop", "dark"), id="color-dark"),
        pytest.param("Training", ("desktop", "light"), id="training-desktop"),
    ],
    indirect=["page"],
)
def test_the_views_on_the_paintings(gallery: str, page: Page, name: str):
    page.goto(f"{gallery}/explore")
    view(page, name)
    first = {
        "Gallery": page.get_by_alt_text("A painting: ").first,
        "Color": page.get_by_text("Who paints light, who paints dark"),
        "Training": page.get_by_text("Duplicates: two files that show the same painting"),
    }[name]
    expect(first).to_be_visible()
    settled(page)
    assert no_sideways_scrolling(page)
