"""The file of results: a row a way, each with date, commit and command; ways are added to it."""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.pictures.painting import commit_of
from benchmarks.pictures.pairs import Pairs, PairsError
from core import files
from core.hardware import processor

FILE = Path(__file__).with_name("results.json")


def read(pairs: Pairs, path: Path) -> dict[str, Any]:
    """What was measured of these pairs; nothing if there is no such file.

    Raises:
        PairsError: If it is of other pairs.
    """
    if not path.is_file():
        return {"pairs": pairs.digest, "ways": {}}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if found["pairs"] != pairs.digest:
        raise PairsError(f"{path.name} has figures of other pairs: remove it, or measure those.")
    return found


def merge(pairs: Pairs, name: str, figures: dict[str, Any]) -> None:
    """Writes the figures of a way into the file, in the place of its earlier ones."""
    found = read(pairs, FILE)
    measured = {
        "date": date.today().isoformat(),
        "commit": commit_of(),
        "command": "python -m benchmarks.pictures " + " ".join(_command()),
        "processor": processor(),
        "cores": os.cpu_count(),
    }
    found["ways"][name] = measured | figures
    files.write(FILE, json.dumps(found, indent=1) + "\n")


def _command() -> list[str]:
    """The arguments, but of paths only the last part: others' directories are elsewhere."""
    return [Path(each).name if "/" in each else each for each in sys.argv[1:]]
