"""The fastest arithmetic on this processor, by the processor's own flags, and its name."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

from core.settings import settings

_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


@cache
def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 natively; without it, it is many times slower."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:  # no Linux
        return False
    lines = (line for line in text.splitlines() if line.startswith(("flags", "Features")))
    return bool(_BFLOAT16_FLAGS & set(next(lines, "").split()))


def compute_dtype() -> str:
    """The Keras dtype policy for heavy convolutions: `mixed_bfloat16` or `float32`."""
    if settings().precision == "auto":
        return "mixed_bfloat16" if has_bfloat16() else "float32"
    return settings().precision


@cache
def processor() -> str:
    """The processor's name, for figures on speed."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):  # no Linux, or no such line on some
        return platform.processor() or platform.machine()
