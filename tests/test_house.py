"""The house is in order: folders and modules stay small, and each says what it holds."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from core.settings import ROOT

_A_DOZEN = 12
_LONGEST = 350  # lines


def modules(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


HOUSE = modules("core", "training", "pages", "serving", "operations", "deploy")
NAMED = modules("core", "serving", "operations", "deploy")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def test_no_folder_has_more_than_a_dozen_modules_side_by_side():
    counts = Counter(name(path.parent) for path in HOUSE if path.name != "__init__.py")
    assert {folder: count for folder, count in counts.items() if count > _A_DOZEN} == {}


@pytest.mark.parametrize("path", HOUSE, ids=name)
def test_a_long_module_says_why(path: Path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    told = any(line.startswith("Long because") for line in docstring(path).splitlines())
    assert lines <= _LONGEST or told, f"{name(path)} has {lines} lines"


@pytest.mark.parametrize("path", NAMED, ids=name)
def test_the_first_line_of_a_module_says_what_it_holds(path: Path):
    first = docstring(path).partition("\n")[0]
    assert first.endswith("."), f"{name(path)} begins with {first!r}"
