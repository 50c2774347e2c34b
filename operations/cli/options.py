"""Options that commands of retraining share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path, typer.Option("--data", help="Paintings so far; their test split is the measure.")
]
Model = Annotated[str, typer.Option("--model", help="Id, see `python -m core models`.")]
Photos = Annotated[
    Path | None,
    typer.Option(
        "--photos",
        exists=True,
        file_okay=False,
        help="Directory of photographs, for a model that tells them from paintings.",
    ),
]
