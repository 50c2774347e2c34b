"""Shares of a count with their intervals."""

from __future__ import annotations

from typing import Any


def share(successes: int, of: int) -> dict[str, Any]:
    """A share with Wilson's 95 % interval (JASA 22, 1927); the share of nothing is None."""
    from scipy.stats import binomtest

    if not of:
        return {"share": None, "n": 0}
    interval = binomtest(successes, of).proportion_ci(0.95, "wilson")
    return {
        "share": round(successes / of, 4),
        "low": round(float(interval.low), 4),
        "high": round(float(interval.high), 4),
        "n": of,
    }
