"""The files that go into the image and into a Space: those that `.dockerignore` lets through."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from core.settings import ROOT


def files(root: Path = ROOT) -> list[Path]:
    """Relative paths of the files of a checkout that belong to the image, in order.

    Of the language of `.dockerignore` it knows what ours uses: `*` first, then names at the root
    that come back (`!core`), then patterns that go again.
    """
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    wanted = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    refused = [rule for rule in rules[1:] if not rule.startswith("!")]
    found: list[Path] = []
    for name in wanted:
        top = root / name
        inside = top.rglob("*") if top.is_dir() else [top]
        paths = (path.relative_to(root) for path in inside if path.is_file())
        found += (path for path in paths if not any(_matches(path, rule) for rule in refused))
    return sorted(found)


def _matches(path: Path, rule: str) -> bool:
    """Whether a rule names the path, or a folder that it lies in; `**/` means at any depth."""
    anywhere = rule.startswith("**/")
    pattern = rule.removeprefix("**/")
    for part in (path, *path.parents):
        text = part.name if anywhere else part.as_posix()
        if fnmatch.fnmatchcase(text, pattern) and (anywhere or text.count("/") == rule.count("/")):
            return True
    return False
