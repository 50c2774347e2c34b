"""A cluster of this machine, or a skip where there is no Ray."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Is there for all tests of a file."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("needs Ray (requirements-ray.txt)")
    from serving.cluster import connection

    connection.connect(8)
    yield
    connection.required().shutdown()
