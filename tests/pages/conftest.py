"""What tests of pages share."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Puts `__main__` back, in whose place AppTest leaves the page.

    A process that a later test starts would import that, and end before it begins.
    """
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
