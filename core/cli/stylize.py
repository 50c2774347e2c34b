"""`python -m core stylize` and `python -m core styles`."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer

from core import artists, files, images
from core.cli import console
from core.cli.console import AsJson, say
from core.errors import InvalidRequest
from core.images import encoding, folders
from core.stylize import artist_styles, extractors, refine, session

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
        typer.Option(
            "-o",
            "--out",
            metavar="OUT",
            help=f"A picture ({', '.join(encoding.ENDINGS)}), or a folder for a folder.",
        ),
    ],
    mode: Annotated[Mode, typer.Option(help="At once, or step by step.")] = "refine",
    network: Annotated[
        str, typer.Option(help=f"One of {', '.join(extractors.TABLE)}.")
    ] = extractors.DEFAULT,
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
        bool, typer.Option("--keep-colors", help="Keep the colors of the photo.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of noise, where there is any.")] = _DEFAULT.seed,
    as_json: AsJson = False,
) -> None:
    """Paints photos in a style; several blend. Ctrl-C keeps what is there, at full size.

    The ending of OUT decides the format. A file that is named there is replaced, unless it is one
    of the pictures that are read. In a folder nothing is: NAME.jpg becomes NAME.png, or NAME-2.png
    and so on where that is taken.

    Exit status: 0 done, 1 failed as a whole, 2 wrong usage, 3 some photos failed (each is named),
    130 stopped by Ctrl-C (what was left is named).
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
        weights = _weights(mix, len(given))
    except InvalidRequest as error:
        console.refuse(str(error))
    photos, outputs = _outputs(content, out, given)
    batch = console.Batch(photos, as_json)
    with batch.whole():
        chosen = [_style(name, options, as_json) for name in given]
        if mode == "refine":
            options, note = session.at_hand(options, say)
            if note:
                say(note)
    for photo, output in zip(batch, outputs, strict=True):
        with batch.one(photo):
            output.check()
            picture = images.load(photo, enough=2 * rows)
            encoding.check_size(output.format, *refine.size(picture.pixels, rows))
            order = session.Order(
                photo=picture.pixels,
                styles=chosen,
                weights=weights,
                options=options,
                from_instant=start == "instant" or mode == "instant",
            )
            started = time.monotonic()
            pixels, steps_made, stopped = _paint(order, mode, as_json)
            made = session.made(
                options,
                content=photo.name,
                styles=[Path(name).name for name in given],
                weights=weights,
                mode=mode,
                steps_made=steps_made,
                complete=not stopped or steps_made == options.steps,
            )
            written = output.write(encoding.encode(pixels, output.format, made))
            _report(written, pixels, round(time.monotonic() - started, 2), made, as_json)
            if stopped:
                batch.stop(kept=True)
    batch.close()


def list_styles(as_json: AsJson = False) -> None:
    """Lists the artists in whose style can be painted.

    Exit status: 0 done, 1 failed, 2 wrong usage.
    """
    for entry in artist_styles.catalogue():
        artist = artists.get(entry.artist)
        if as_json:
            console.result(entry.model_dump() | {"name": artist.name})
        else:
            typer.echo(f"{entry.artist}  ({artist.name}, from {entry.paintings} paintings)")


def _weights(mix: str, count: int) -> list[float] | None:
    """How much of each style, as it was typed; None for equal shares."""
    if not mix:
        return None
    try:
        weights = [float(share) for share in mix.split(",")]
    except ValueError:
        raise InvalidRequest(f"--mix takes numbers such as 1,0.5 and not {mix!r}.") from None
    if len(weights) != count:
        raise InvalidRequest(f"{count} styles and {len(weights)} weights: one each is needed.")
    if not all(0 <= weight < math.inf for weight in weights) or not 0 < sum(weights) < math.inf:
        raise InvalidRequest("Weights of styles are positive numbers, and not all of them zero.")
    return weights


def _style(
    name: str, options: refine.Options, as_json: bool
) -> np.ndarray | artist_styles.ArtistStyle:
    """A picture, or what is known of an artist.

    Raises:
        WeightsError: If the style of the artist is damaged.
        typer.Exit: If it is neither, which is said.
    """
    path = Path(name)
    exists = os.path.exists(path)  # noqa: PTH110 - likewise
    if not exists and name in {entry.artist for entry in artist_styles.catalogue()}:
        return artist_styles.load(name)
    try:
        enough = round(2 * options.rows * max(1.0, options.brush))
        return images.load(path, enough=enough).pixels
    except FileNotFoundError:
        message = (
            "There is neither a picture nor an artist of this name; `python -m core styles` lists "
            "the artists."
        )
    except (images.UnreadablePicture, OSError) as error:
        message = console.sentence(error)
    console.complain(path, message, as_json)
    raise typer.Exit(console.FAILED)


def _outputs(
    content: Path, out: Path, given: Sequence[str]
) -> tuple[list[Path], list[console.Output]]:
    """Photos, and where their paintings go."""
    if not os.path.isdir(content):  # noqa: PTH112 - unlike Path's, it takes any name
        return [content], [console.named(out, [content, *map(Path, given)])]
    with console.whole():
        photos, left_out = folders.pictures_in(content)
    for left in left_out:
        console.say(f"{files.printable(left.path)}: left out. {left.reason}")
    if not photos:
        console.fail(f"There are no pictures in {files.printable(content)}.")
    return photos, console.outputs(photos, out)


def _paint(order: session.Order, mode: Mode, as_json: bool) -> tuple[np.ndarray, int, bool]:
    """Paints one photo, as far as Ctrl-C lets it.

    Returns:
        The picture at full size, the number of steps that were made, and whether it was stopped.

    Raises:
        KeyboardInterrupt: If there is nothing yet.
    """
    if mode == "instant":
        return session.at_once(order), 0, False
    begun = session.at_once(order) if order.from_instant else None
    look: Callable[[], np.ndarray] | None = None if begun is None else lambda: begun
    made, stopped = 0, False
    try:
        for step in _refined(order, begun):
            look, made = step.pixels, step.step
            _tell(step, as_json)
    except KeyboardInterrupt:
        if look is None:
            raise
        stopped = True
    assert look is not None, "there is at least one step"
    size = refine.size(order.photo, order.options.rows)
    return session.full_size(look(), order.photo, size), made, stopped


def _refined(order: session.Order, begun: np.ndarray | None) -> Iterator[refine.Step]:
    options = order.options
    if begun is not None:
        plan = refine.scales(*refine.size(order.photo, options.rows), options)
        options = dataclasses.replace(options, scales=plan)
    return refine.refine(
        order.photo, order.styles, options, style_weights=order.weights, canvas=begun
    )


def _report(
    output: Path, pixels: np.ndarray, seconds: float, made: dict[str, Any], as_json: bool
) -> None:
    height, width = pixels.shape[:2]
    shown = files.printable(output)
    if as_json:
        found = {"output": shown, "seconds": seconds, "size": [width, height]}
        if not made["complete"]:
            found |= {name: made[name] for name in ("complete", "steps_made", "steps")}
        console.result(found)
    else:
        far = "" if made["complete"] else f", {made['steps_made']} of {made['steps']} steps"
        typer.echo(f"{shown}  ({width}×{height}, {seconds:.1f} s{far})")


def _tell(step: refine.Step, as_json: bool) -> None:
    say(f"{step.step} of {step.of}, {step.done:.0%}: style {step.style_loss:.4f}")
    if as_json:
        console.result(
            {
                "step": step.step,
                "of": step.of,
                "seconds": round(step.seconds, 3),
                "loss": step.loss,
                "content_loss": step.content_loss,
                "style_loss": step.style_loss,
            }
        )
