"""The Laboratory in a real browser: all models, one closely, two on one painting."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core import artists, examples, models
from core.models import evaluations
from tests.browser.conftest import (
    download_button,
    drop,
    leads_to,
    no_sideways_scrolling,
    screenshot,
    serve,
    settled,
    still,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ENTRY = models.get(models.DEFAULT)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory, real_paintings: Path) -> Iterator[str]:
    """The app with the real paintings."""
    with serve(tmp_path_factory.mktemp("lab"), ATELIER_COLLECTION=str(real_paintings)) as address:
        yield address


def view(page: Page, *names: str) -> None:
    for name in names:
        button = page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True)
        expect(button).to_be_visible()
        settled(page)
        button.click()


def named(page: Page) -> str:
    """Keeps screenshots of several views of one visit apart."""
    look = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
    return f"{page.viewport_size['width']}-{look}"


def picture(page: Page, name: str) -> None:
    """A screenshot that leaves the window as it was."""
    size = page.viewport_size
    screenshot(page, f"laboratory-{name}-{named(page)}")
    page.set_viewport_size(size)


def choose(page: Page, chart: str, x: float, y: float) -> None:
    """A click in a chart, at shares of its width and height."""
    area = page.locator(f".st-key-{chart} .nsewdrag").first
    # A chart may be taller than the window: the place is brought to its middle.
    area.evaluate(
        """(area, share) => {
            const box = area.getBoundingClientRect();
            const main = document.querySelector("[data-testid=stMain]");
            main.scrollBy(0, box.top + box.height * share - innerHeight / 2);
        }""",
        y,
    )
    box = still(area)
    page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)


def test_all_models_and_their_table(server: str, page: Page, tmp_path: Path):
    page.goto(f"{server}/laboratory")
    expect(page.get_by_role("heading", name="The laboratory")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        download_button(page, "Download as CSV").click()
    assert download.value.suggested_filename == "atelier-models.csv"
    download.value.save_as(tmp_path / "models.csv")
    expected = evaluations.overview(models.classifiers())
    written = pd.read_csv(tmp_path / "models.csv", keep_default_na=False, na_values=[""])
    assert written["model"].tolist() == expected["model"].tolist()
    assert written["test"].tolist() == expected["test"].tolist()
    settled(page)
    assert no_sideways_scrolling(page)


def test_every_view_of_a_model(server: str, page: Page):
    page.goto(f"{server}/laboratory")
    view(page, "One model")
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    settled(page)
    page.get_by_text("How it was trained").click()
    expect(page.get_by_text("Augmentation")).to_be_visible()
    settled(page)
    picture(page, "training")
    marks = {
        "Artists": page.get_by_text("Recall: of the painter's"),
        "Calibration": page.get_by_text("expected calibration error"),
        "Errors": page.get_by_text("test paintings got another painter's name"),
        "Confusions": page.get_by_text("The most frequent confusions"),
    }
    for name, mark in marks.items():
        view(page, name)
        expect(mark).to_be_visible()
        settled(page)
        assert no_sideways_scrolling(page), name
        if name != "Confusions":  # the fixture takes that
            picture(page, name.lower())


def test_a_cell_of_the_confusion_matrix_shows_its_pair(server: str, page: Page):
    page.goto(f"{server}/laboratory")
    view(page, "One model", "Confusions")
    confusion = evaluations.table(ENTRY, "confusion").set_index("artist")
    order = sorted(confusion.index, key=lambda artist: artists.get(artist).born)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    settled(page)
    for painter, other in (
        ("katsushika-hokusai", "utagawa-kuniyoshi"),
        ("utagawa-kuniyoshi", "katsushika-hokusai"),
        ("titian", "titian"),
    ):
        row, column = (order.index(artist) + 0.5 for artist in (painter, other))
        cell = column / len(order), row / len(order)
        label = page.locator(".label .name", has_text=artists.get(painter).name)
        leads_to(partial(choose, page, "lab-matrix", *cell), label)
        times, of = confusion.loc[painter, other], confusion.loc[painter].sum()
        words = "named rightly" if painter == other else f"taken for {artists.get(other).name}"
        expect(page.get_by_text(f"{words}: {times} of {of} paintings")).to_be_visible()
        settled(page)
    first = evaluations.confused_pairs(confusion.reset_index()).iloc[0]
    label = page.locator(".label .name", has_text=artists.get(first["artist"]).name)
    leads_to(partial(choose, page, "lab-pairs", 0.1, 0.5 / 10), label)  # uppermost of ten bars
    settled(page)
    assert no_sideways_scrolling(page)


def test_two_models_look_at_one_dropped_painting(server: str, page: Page):
    page.goto(f"{server}/laboratory")
    view(page, "Two models")
    drop(page, ("the wave.jpg", examples.catalogue()[2].read()))
    expect(page.get_by_alt_text("Your picture the wave.jpg")).to_be_visible()
    expect(page.locator(".label .name")).to_have_count(2)
    expect(page.get_by_role("heading", name="Katsushika Hokusai")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    settled(page)
    page.get_by_text("Show where each looked").click()
    expect(page.get_by_alt_text("is lit, the rest is in shade")).to_have_count(2)
    settled(page)
    assert no_sideways_scrolling(page)


@pytest.mark.real_data
@pytest.mark.parametrize(
    "page", [("desktop", "dark"), ("phone", "light")], indirect=True, ids="-".join
)
def test_the_surest_errors_as_pictures(gallery: str, page: Page):
    page.goto(f"{gallery}/laboratory")
    view(page, "One model", "Errors")
    errors = evaluations.errors(evaluations.table(ENTRY, "paintings"))
    free = errors[errors["artist"].map(lambda artist: artists.get(artist).public_domain)]
    first = artists.get(free["artist"].iloc[0]).name
    expect(page.get_by_alt_text(f"A painting: {first}, taken for").first).to_be_visible()
    expect(page.get_by_text("died less than 70 years ago")).to_be_visible()
    settled(page)
    assert no_sideways_scrolling(page)
