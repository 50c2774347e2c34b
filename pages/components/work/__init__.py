"""What pages have done for a visitor: in this process, or by the service of `ATELIER_SERVICE`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from core.settings import settings

if TYPE_CHECKING:
    from serving.client import Client

T = TypeVar("T")


def is_service() -> bool:
    """Whether a service does the work, and not this process."""
    return bool(settings().service)


def where() -> str:
    """What becomes of a picture that a visitor gives, in a sentence."""
    if is_service():
        return "It is sent to the service that works for this page, and nowhere else."
    return "Nothing leaves this machine."


def ask(question: Callable[[Client], T]) -> T:
    """Asks the service one thing, see `asking.ask`."""
    from pages.components.work import asking  # HTTP takes long to import, and most need none

    return asking.ask(question)
