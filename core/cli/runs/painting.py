"""One painting of `stylize`, in this process or in one of several."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from core import files, images
from core.cli import console
from core.cli.console import say
from core.images import encoding
from core.images.types import Pixels
from core.jobs import Progress, Uncontrolled
from core.stylize import artist_styles, refine, regions, session
from core.stylize.request import StylizeRequest
from core.stylize.session import Painting, metadata, quickest


@dataclass(frozen=True, eq=False)
class Asked:
    """What all photos of a run have in common.

    Attributes:
        count: How many a process paints.
        tells: Whether progress is told.
    """

    request: StylizeRequest
    styles: Sequence[Pixels | artist_styles.ArtistStyle]
    masks: Sequence[regions.Mask]
    names: Sequence[str]
    mask_names: Sequence[str]
    count: int
    tells: bool
    as_json: bool


@dataclass(frozen=True, eq=False)
class Made:
    """A painting as a file, its height and width, the time it took, and how it was made."""

    data: bytes
    size: tuple[int, int]
    seconds: float
    facts: dict[str, Any]
    note: str


def made(asked: Asked, task: tuple[Path, encoding.Format]) -> Made:
    """Paints one photo."""
    photo, form = task
    request = asked.request
    picture = images.load(photo, enough=2 * request.rows)
    encoding.check_size(form, *refine.size(picture.pixels, request.rows))
    started = time.monotonic()
    sketch = None
    engine = quickest.engine_for(asked.count) if request.mode == "instant" else None
    if engine is not None:
        sketch = session.at_once(
            request, picture.pixels, asked.styles, masks=asked.masks, engine=engine
        )
    painting = _paint(asked, picture.pixels, sketch)
    facts = metadata.made(
        painting.request,
        content=photo.name,
        styles=asked.names,
        weights=request.style_weights,
        masks=asked.mask_names,
        steps_made=painting.step,
        complete=painting.complete or painting.step == request.steps,
    )
    return Made(
        encoding.encode(painting.pixels, form, facts),
        painting.pixels.shape[:2],
        round(time.monotonic() - started, 2),
        facts,
        painting.note,
    )


class _CtrlC(Uncontrolled):
    """The control of work in the main thread, that Ctrl-C stops."""

    stopping = False


def _paint(asked: Asked, photo: Pixels, sketch: Pixels | None) -> Painting:
    """Paints one photo, as far as Ctrl-C lets it. `sketch` is its instant picture, if it is there.

    Raises:
        KeyboardInterrupt: If there is nothing yet.
    """
    control = _CtrlC()
    steps = session.paint(
        asked.request, photo, asked.styles, sketch=sketch, control=control, masks=asked.masks
    )
    while True:
        try:
            progress = next(steps)
            if asked.tells:
                _tell(progress, asked.as_json)
        except StopIteration as end:
            if end.value is None:  # the interrupted generator had nothing to keep
                raise KeyboardInterrupt from None
            painting: Painting = end.value
            return painting
        except KeyboardInterrupt:
            control.stopping = True


def report(output: Path, made: Made, as_json: bool) -> None:
    """Says what was made."""
    height, width = made.size
    shown, facts = files.printable(output), made.facts
    if as_json:
        found = {"output": shown, "seconds": made.seconds, "size": [width, height]}
        if not facts["complete"]:
            found |= {name: facts[name] for name in ("complete", "steps_made", "steps")}
        console.result(found)
    else:
        far = "" if facts["complete"] else f", {facts['steps_made']} of {facts['steps']} steps"
        typer.echo(f"{shown}  ({width}×{height}, {made.seconds:.1f} s{far})")


def _tell(progress: Progress, as_json: bool) -> None:
    if not progress.step:
        return
    losses = progress.losses
    say(
        f"{progress.step} of {progress.of}, {progress.fraction:.0%}: "
        f"style {losses['style_loss']:.4f}"
    )
    if as_json:
        console.result(
            {
                "step": progress.step,
                "of": progress.of,
                "seconds": round(progress.seconds, 3),
                "loss": losses["loss"],
                "content_loss": losses["content_loss"],
                "style_loss": losses["style_loss"],
            }
        )
