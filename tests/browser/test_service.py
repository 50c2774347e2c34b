"""The app while a service does its work: two journeys; with ATELIER_TEST_SERVICE all are so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser import test_journeys, test_monet
from tests.browser.conftest import serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DESK = pytest.mark.parametrize("page", [("desktop", "light")], indirect=True, ids="-".join)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, and the service that it asks."""
    with serve(tmp_path_factory.mktemp("served"), by_service=True) as address:
        yield address


@DESK
def test_a_painting_is_named_explained_and_answered(served: str, page: Page, tmp_path: Path):
    test_journeys.test_a_dropped_painting_is_named_explained_and_answered(served, page, tmp_path)


@DESK
def test_a_photo_becomes_a_monet_and_back(served: str, page: Page, tmp_path: Path):
    test_monet.test_a_dropped_photo_becomes_a_monet_and_back(served, page, tmp_path)
