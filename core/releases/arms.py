"""The arms of an experiment, and which of them a visitor is dealt to.

By a hash, so that nothing has to be kept: a visitor stays in an arm, and when the challenger's
share grows, nobody leaves it.
"""

from __future__ import annotations

import hashlib

CHAMPION, CANARY, FORCED = "champion", "canary", "forced"
"""Who answered: the version that serves, the one that is tried out, or one that was asked for."""


def experiment(model: str, challenger: str) -> str:
    """What the arms of a challenger are dealt by: the next one meets other visitors."""
    return f"{model}/{challenger}"


def is_challenged(experiment: str, visitor: str, share: float) -> bool:
    """Whether a visitor is answered by the challenger.

    Args:
        experiment: Each deals anew.
        visitor: Tells visitors apart, and nothing else.
        share: Of visitors, 0..1.
    """
    told = f"{experiment}\0{visitor}".encode("utf-8", "surrogatepass")
    number = int.from_bytes(hashlib.blake2b(told, digest_size=8).digest())
    return number < share * 2**64
