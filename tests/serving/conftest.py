"""What tests of the service share: an application with a client, and pictures to send."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from core import examples, images
from core.settings import settings
from serving.app import create_app


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FastAPI]:
    """Makes the application with settings, `service_keys="…"` for ATELIER_SERVICE_KEYS."""

    def make(**chosen: object) -> FastAPI:
        for name, value in chosen.items():
            monkeypatch.setenv(f"ATELIER_{name.upper()}", str(value))
        settings.cache_clear()
        return create_app()

    return make


@pytest.fixture
def client(application: Callable[..., FastAPI]) -> Iterator[TestClient]:
    """Asks the application as the settings' defaults have it."""
    with TestClient(application()) as asking:
        yield asking


@pytest.fixture(scope="session")
def painting() -> bytes:
    """A painting by van Gogh, as a JPEG."""
    (found,) = [each for each in examples.catalogue() if "Auvers" in each.title]
    return found.read()


@pytest.fixture
def small(make_picture) -> bytes:
    """A picture of 64 x 48 pixels, as a PNG."""
    return images.encode(make_picture(48, 64))
