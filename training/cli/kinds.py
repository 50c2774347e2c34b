"""`python -m training publish-photographs`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from core import models
from training.cli.options import AllData, Photos, progress


def publish_photographs(
    data: AllData,
    photos: Photos,
    model: Annotated[str, typer.Option(help="Model id of a classifier.")] = models.DEFAULT,
) -> None:
    """Fits what tells photographs from paintings, and measures it.

    On the paintings of the split val and half of the photos, less those that the model was trained
    with; the measure is on the split test and the other half.
    """
    from training.data import dataset, inputs
    from training.publishing import classifier

    entry = classifier.publish_kinds(
        models.get(model),
        dataset.read(data),
        inputs.photos(photos),
        models.assets(),
        on_progress=progress("Looked at"),
    )
    typer.echo(json.dumps(entry.figures["kinds"], indent=2))
