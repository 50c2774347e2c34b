"""A limit to the memory of this process."""

from __future__ import annotations

import os
from pathlib import Path


def limit(more: int) -> None:
    """Allows so many bytes more than what is in use; where that cannot be told, in all."""
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        used = int(Path("/proc/self/statm").read_text().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        used = 0
    resource.setrlimit(resource.RLIMIT_DATA, (used + more, used + more))
