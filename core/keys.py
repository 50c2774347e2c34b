"""Keys of callers and keepers: known by their digests alone, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence


def listed(setting: str) -> tuple[str, ...]:
    """The digests of a setting, which are separated by commas."""
    return tuple(part for each in setting.split(",") if (part := each.strip()))


def digest(key: str) -> str:
    """What is kept of a key: 64 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def name_of(key: str, digests: Sequence[str]) -> str | None:
    """What a key is called in journals, 12 digits of its digest; None if it is not among them."""
    found = digest(key)
    # All are compared, each in the same time, so that nothing can be learned from how long it took.
    known = sum([hmac.compare_digest(found, each) for each in digests])
    return found[:12] if known else None
