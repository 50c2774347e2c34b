"""The evidence beside the weights of a model: options and history of its run, its figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import models
from core.files import write
from training import runs
from training.data.files import json_text, plain
from training.data.inputs import MissingError, read_json
from training.publishing import cards


def keep_run(run: Path, directory: Path, options: dict[str, Any]) -> None:
    """Keeps how a model was trained beside it: the history of its run, and its options."""
    try:
        history = (run / "history.csv").read_bytes()
    except OSError:
        raise MissingError(f"{run} is no finished run: history.csv is missing.") from None
    write(directory / "history.csv", history)
    write(directory / "options.json", json_text(options))


def is_of(run: Path, directory: Path) -> bool:
    """Whether what was kept beside a model is of this very run."""
    kept = directory / "history.csv"
    return kept.is_file() and kept.read_bytes() == (run / "history.csv").read_bytes()


def finish_generator(
    entry: models.Entry,
    figures: dict[str, Any],
    run: Path,
    stage: Path,
    sections: Sequence[str],
    published: dict[str, Any] | None = None,
) -> models.Entry:
    """Makes card, figures and history of a network that paints ready, see `catalogue.staged`.

    Args:
        sections: Of the card, see `cards.write_card`.
        published: What was decided when it was exported, kept with its options.

    Returns:
        The entry with its figures.
    """
    entry = entry.model_copy(update={"figures": {"held_out": plain(figures)}})
    cards.write_card(entry, stage, sections)
    directory = stage / entry.id
    options = read_json(run / runs.options.FILE)
    keep_run(run, directory, options | ({"published": published} if published else {}))
    write(directory / "evaluation.json", json_text(figures))
    return entry
