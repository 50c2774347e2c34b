"""The paintings that a benchmark looks at, evenly chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import typer

Thing = TypeVar("Thing")


def chosen(things: Sequence[Thing], count: int, *, what: str) -> list[Thing]:
    """So many of them from first to last, none twice: all if there are fewer.

    Args:
        what: They are, in the plural: "the directory has no" goes before it.

    Raises:
        typer.BadParameter: If there are none.
    """
    if not things:
        raise typer.BadParameter(f"the directory has no {what}")
    numbers = np.linspace(0, len(things) - 1, min(count, len(things))).astype(int)
    return [things[number] for number in numbers.tolist()]
