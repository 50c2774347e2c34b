"""The model cards: what a model is, where it comes from, how it was measured, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import models
from core.files import write


def write_card(entry: models.Entry, out: Path, sections: Sequence[str] = ()) -> None:
    """Writes the model card, `<id>.md` beside the weights.

    Args:
        sections: Lines of what only this kind of model has to say.
    """
    lines = [
        f"# {entry.title}",
        "",
        entry.summary,
        "",
        f"- **File**: `{entry.file.name}`, {entry.file.bytes / 1e6:.1f} MB, "
        f"SHA-256 `{entry.file.sha256}`",
        f"- **Version**: {entry.version}, {entry.date}",
        f"- **Source**: {entry.source}",
        f"- **Licence**: {entry.licence}",
    ]
    if entry.graphs:
        apart = ", ".join(f"{name} {far:g}" for name, far in entry.graphs.difference.items())
        lines.append(
            f"- **Runs on**: LiteRT, by `{entry.graphs.file.name}` "
            f"({entry.graphs.file.bytes / 1e3:.0f} kB), which takes its weights from the file "
            f"above; largest difference from Keras in float32 on {entry.graphs.pictures} "
            f"pictures: {apart}"
        )
    if entry.trained_on:
        lines.append(f"- **Trained on**: {entry.trained_on}")
    if sections:
        lines += ["", *sections]
    write(out / f"{entry.id}.md", "\n".join(lines) + "\n")


def figure_rows(figures: dict[str, Any]) -> list[str]:
    """Figures as a table for a card."""
    return [
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in figures.items()),
    ]
