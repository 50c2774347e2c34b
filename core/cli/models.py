"""`python -m core models`."""

from __future__ import annotations

import typer

from core import models
from core.cli import console
from core.cli.console import AsJson


def list_models(as_json: AsJson = False) -> None:
    """Lists the models with their measured figures.

    Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    listed = [
        {
            "id": entry.id,
            "task": entry.task,
            "version": entry.version,
            "source": entry.source,
            "sha256": entry.file.sha256,
            "bytes": entry.total_bytes,
            "licence": entry.licence,
            "figures": entry.figures,
        }
        for entry in models.catalogue().values()
    ]
    if as_json:
        console.result(listed)
        return
    for entry in models.catalogue().values():
        typer.echo(f"{entry.id}  ({entry.task}, version {entry.version})")
        typer.echo(f"    {entry.summary}")
        test = entry.figures.get("test")
        if test:
            typer.echo(
                f"    test accuracy {test['macro_accuracy']:.3f} (mean over artists), "
                f"top 5 {test['top5_accuracy']:.3f}"
            )
        held_out = entry.figures.get("held_out", {})
        if "distance_closed" in held_out:
            typer.echo(f"    distance closed {held_out['distance_closed']:.2f}")
        if "loss_share" in held_out:
            typer.echo(f"    loss left {held_out['loss_share']:.2f} of the photo's")
        typer.echo(f"    {entry.total_bytes / 1e6:.1f} MB, {entry.licence}")
