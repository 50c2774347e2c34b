"""`python -m core stylize` and `python -m core styles`."""

from __future__ import annotations

import dataclasses
import functools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer

from core import artists, images, models
from core.console import AsJson, load, say
from core.stylize import networks, painting, refine, styles

Mode = Literal["instant", "refine"]
Begin = Literal["photo", "noise", "instant"]

_DEFAULT = refine.Options()


def stylize(
    content: Annotated[
        Path, typer.Argument(metavar="CONTENT", help="What is to be seen: a photo, or a folder.")
    ],
    given: Annotated[
        list[str],
        typer.Argument(
            metavar="STYLE...", help="How to paint it: pictures, or artists, see `styles`."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="OUT", help="PNG, or a folder for a folder."),
    ],
    mode: Annotated[Mode, typer.Option(help="At once, or step by step.")] = "refine",
    network: Annotated[
        str, typer.Option(help=f"One of {', '.join(networks.TABLE)}.")
    ] = networks.DEFAULT,
    rows: Annotated[int, typer.Option(help="Height of the painting in pixels.")] = _DEFAULT.rows,
    steps: Annotated[int, typer.Option(help="Steps in all; more are slower.")] = _DEFAULT.steps,
    content_weight: Annotated[
        float, typer.Option(help="Faithfulness to the photo.")
    ] = _DEFAULT.content_weight,
    style_weight: Annotated[float, typer.Option(help="Strength of style.")] = _DEFAULT.style_weight,
    mix: Annotated[
        str, typer.Option(metavar="X,Y,…", help="How much of each style; equal by default.")
    ] = "",
    brush: Annotated[float, typer.Option(help="Size of the strokes.")] = _DEFAULT.brush,
    start: Annotated[Begin, typer.Option(help="What is on the canvas at first.")] = "photo",
    keep_colors: Annotated[
        bool, typer.Option("--keep-colors", help="Keep the colours of the photo.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of noise, where there is any.")] = _DEFAULT.seed,
    as_json: AsJson = False,
) -> None:
    """Paints photos in a style; several blend. Ctrl-C keeps what is there.

    Exit status 2 if a picture could not be read.
    """
    try:
        options = refine.Options(
            network=network,
            rows=rows,
            steps=steps,
            content_weight=content_weight,
            style_weight=style_weight,
            brush=brush,
            keep_colors=keep_colors,
            start="noise" if start == "noise" else "photo",
            seed=seed,
        )
        weights = [float(share) for share in mix.split(",")] if mix else None
        chosen = [_style(name, options, as_json) for name in given]
        if mode == "refine":
            options, note = painting.at_hand(options, say)
            if note:
                say(note)
        order = painting.Order(
            photo=np.empty((0, 0, 3), np.uint8),  # each photo in its turn
            styles=chosen,
            weights=weights,
            options=options,
            from_instant=start == "instant" or mode == "instant",
        )
        unread = False
        for photo, output in _outputs(content, out):
            picture = load(photo, as_json, enough=2 * rows)
            if picture is None:
                unread = True
                continue
            order = dataclasses.replace(order, photo=picture.pixels)
            whole = _paint(order, mode, photo, given, output, as_json)
            if not whole:
                break
    except (ValueError, models.WeightsError) as error:
        say(str(error))
        raise typer.Exit(1) from None
    if unread:
        raise typer.Exit(2)


def list_styles(as_json: AsJson = False) -> None:
    """Lists the artists in whose style can be painted."""
    for entry in styles.catalogue():
        artist = artists.get(entry.artist)
        if as_json:
            typer.echo(json.dumps(entry.model_dump() | {"name": artist.name}, ensure_ascii=False))
        else:
            typer.echo(f"{entry.artist}  ({artist.name}, from {entry.paintings} paintings)")


def _style(name: str, options: refine.Options, as_json: bool) -> np.ndarray | styles.ArtistStyle:
    """A picture, or what is known of an artist."""
    if not Path(name).exists() and name in {entry.artist for entry in styles.catalogue()}:
        return styles.load(name)
    picture = load(Path(name), as_json, enough=round(2 * options.rows * max(1.0, options.brush)))
    if picture is None:
        raise typer.Exit(2)
    return picture.pixels


def _outputs(content: Path, out: Path) -> list[tuple[Path, Path]]:
    """Photos, and where their paintings go."""
    if not content.is_dir():
        return [(content, out)]
    photos = images.listed(content)
    if not photos:
        raise ValueError(f"There are no pictures in {content}.")
    return [(photo, out / f"{photo.stem}.png") for photo in photos]


def _paint(
    order: painting.Order,
    mode: Mode,
    photo: Path,
    given: Sequence[str],
    output: Path,
    as_json: bool,
) -> bool:
    """Paints one photo; false if Ctrl-C ended it early."""
    started, whole = time.monotonic(), True
    look: Callable[[], np.ndarray] | None = None
    try:
        if mode == "instant":
            look = functools.partial(np.asarray, painting.at_once(order))
        else:
            for step in _refined(order):
                look = step.pixels
                _tell(step, as_json)
    except KeyboardInterrupt:
        say("Stopped.")
        whole = False
    if look is None:
        raise typer.Exit(1)
    pixels = look()
    output.parent.mkdir(parents=True, exist_ok=True)
    names = [Path(name).name for name in given]
    output.write_bytes(
        painting.png(
            pixels,
            order.options,
            content=photo.name,
            styles=names,
            weights=order.weights,
            mode=mode,
        )
    )
    height, width = pixels.shape[:2]
    seconds = round(time.monotonic() - started, 2)
    if as_json:
        found = {"output": str(output), "seconds": seconds, "size": [width, height]}
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        typer.echo(f"{output}  ({width}×{height}, {seconds:.1f} s)")
    return whole


def _refined(order: painting.Order) -> Iterator[refine.Step]:
    options, canvas = order.options, None
    if order.from_instant:
        canvas = painting.at_once(order)
        plan = refine.scales(*refine.size(order.photo, options.rows), options)
        options = dataclasses.replace(options, scales=plan)
    return refine.refine(
        order.photo, order.styles, options, style_weights=order.weights, canvas=canvas
    )


def _tell(step: refine.Step, as_json: bool) -> None:
    say(f"{step.step} of {step.of}, {step.done:.0%}: style {step.style_loss:.4f}")
    if as_json:
        found = {
            "step": step.step,
            "of": step.of,
            "seconds": round(step.seconds, 3),
            "loss": step.loss,
            "content_loss": step.content_loss,
            "style_loss": step.style_loss,
        }
        typer.echo(json.dumps(found))
