"""The classifiers and paintings that a command was asked for, checked before the work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from core.cli.console import say

if TYPE_CHECKING:
    from core import models
    from training.data import dataset
    from training.data.dataset import Painting


def classifiers(names: Sequence[str] | None, *, with_graph: bool = False) -> list[models.Entry]:
    """Those of the catalogue with these ids, each once; without ids all.

    Args:
        with_graph: Whether only those count that have a LiteRT graph.

    Raises:
        typer.BadParameter: If one of them is not there.
        training.data.inputs.TrainingError: If there is none at all.
    """
    from core import models
    from training.data.inputs import TrainingError

    known = {entry.id: entry for entry in models.classifiers() if entry.graphs or not with_graph}
    kind = "classifier with a LiteRT graph" if with_graph else "classifier"
    if not known:
        raise TrainingError(f"There is no {kind} in the catalogue of models.")
    if unknown := set(names or []) - set(known):
        raise typer.BadParameter(
            f"there is no {kind} {', '.join(sorted(unknown))}; there are {', '.join(known)}"
        )
    return [known[name] for name in dict.fromkeys(names or known)]


def paintings(data: dataset.Data, split: str) -> tuple[list[Painting], bool]:
    """The paintings of a split that can be read, and whether some were left out.

    Those are named: one damaged file is not to end a command in the middle.

    Raises:
        typer.BadParameter: If there are none in it.
        training.data.inputs.TrainingError: If none can be read.
    """
    from training.data import dataset, inputs

    found = [painting for painting in dataset.read(data) if painting.split == split]
    if not found:
        raise typer.BadParameter(f"{dataset.title(data)} has no paintings in its split {split}")
    unreadable = inputs.damaged([painting.path for painting in found])
    for path, reason in unreadable.items():
        say(f"Left out {path}: {reason}")
    readable = [painting for painting in found if painting.path not in unreadable]
    if not readable:
        raise inputs.TrainingError(f"None of the pictures in {dataset.title(data)} can be read.")
    return readable, bool(unreadable)


def refuse_overlap(
    entries: Sequence[models.Entry], paintings: Sequence[Painting], split: str
) -> None:
    """Ends a command that would measure on what was trained with, unless that was asked for.

    Raises:
        typer.Exit: If it would, or nobody can tell; why is said.
    """
    from core import models
    from training.publishing import evaluate

    if split == "train":
        return
    try:
        evaluate.check_overlap(entries, paintings, models.assets())
    except evaluate.OverlapError as error:
        say(f"Not measured: {error}")
        raise typer.Exit(1) from None
