"""`python -m core stylize` and `python -m core styles`."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from core import artists, files, images
from core.cli import console
from core.cli.console import AsJson, say
from core.cli.fields import option
from core.errors import AtelierError, InvalidRequest
from core.images import encoding, folders
from core.images.types import Pixels
from core.jobs import Progress, Uncontrolled
from core.stylize import artist_styles, refine, regions, session
from core.stylize.request import Mode, Start, StylizeRequest
from core.stylize.session import Painting, metadata, quickest

_USUAL = StylizeRequest()
_FORMS = f"{_USUAL.forms:g}; 0 by painters and other networks"


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
    mode: Annotated[Mode, option(StylizeRequest, "mode")] = _USUAL.mode,
    network: Annotated[str, option(StylizeRequest, "network")] = _USUAL.network,
    rows: Annotated[int, option(StylizeRequest, "rows")] = _USUAL.rows,
    steps: Annotated[int, option(StylizeRequest, "steps")] = _USUAL.steps,
    content_weight: Annotated[
        float, option(StylizeRequest, "content_weight")
    ] = _USUAL.content_weight,
    style_weight: Annotated[float, option(StylizeRequest, "style_weight")] = _USUAL.style_weight,
    forms: Annotated[float | None, option(StylizeRequest, "forms", show_default=_FORMS)] = None,
    mix: Annotated[str, option(StylizeRequest, "style_weights", "--mix", metavar="X,Y,…")] = "",
    brush: Annotated[float, option(StylizeRequest, "brush")] = _USUAL.brush,
    mask: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A picture that is white where a region is, and black elsewhere; again for "
            "further regions, which lie over earlier ones.",
        ),
    ] = None,
    region_styles: Annotated[
        str, option(StylizeRequest, "region_styles", metavar="STYLE,STYLE,…")
    ] = "",
    region_strengths: Annotated[
        str, option(StylizeRequest, "region_strengths", metavar="X,Y,…")
    ] = "",
    soft_edge: Annotated[float, option(StylizeRequest, "soft_edge")] = _USUAL.soft_edge,
    start: Annotated[Start, option(StylizeRequest, "start")] = _USUAL.start,
    keep_colors: Annotated[
        bool, option(StylizeRequest, "keep_colors", "--keep-colors")
    ] = _USUAL.keep_colors,
    keep_contours: Annotated[
        bool, option(StylizeRequest, "keep_contours", "--keep-contours")
    ] = _USUAL.keep_contours,
    seed: Annotated[int, option(StylizeRequest, "seed")] = _USUAL.seed,
    as_json: AsJson = False,
) -> None:
    """Paints photos in a style; several blend. Ctrl-C keeps what is there, at full size.

    The ending of OUT decides the format. A file that is named there is replaced, unless it is one
    of the pictures that are read. In a folder nothing is: NAME.jpg becomes NAME.png, or NAME-2.png
    and so on where that is taken.

    Exit status: 0 done, 1 failed as a whole, 2 wrong usage, 3 some photos failed (each is named),
    130 stopped by Ctrl-C (what was left is named).
    """
    files_of_masks = mask or []
    try:
        request = StylizeRequest(
            mode=mode,
            network=network,
            rows=rows,
            steps=steps,
            content_weight=content_weight,
            style_weight=style_weight,
            **({} if forms is None else {"forms": forms}),  # by default the network's own
            style_weights=weights(mix, len(given)),
            brush=brush,
            region_styles=tuple(region_styles.split(",")) if region_styles else None,
            region_strengths=_numbers("--region-strengths", region_strengths),
            soft_edge=soft_edge,
            keep_colors=keep_colors,
            keep_contours=keep_contours,
            start=start,
            seed=seed,
        )
        regions.wanted(request, len(files_of_masks), len(given))
    except InvalidRequest as error:
        console.refuse(str(error))
    photos, outputs = _outputs(content, out, [*given, *map(str, files_of_masks)])
    batch = console.Batch(photos, as_json)
    note = ""
    with batch.whole():
        enough = round(2 * request.rows * max(1.0, request.brush))
        chosen = [given_style(name, enough, as_json) for name in given]
        masks = [_mask(path, as_json) for path in files_of_masks]
        if mode == "refine":
            request, note = session.at_hand(request, say)
            if note:
                say(note)
        engine = quickest.engine_for(len(photos)) if mode == "instant" else None
    for photo, output in zip(batch, outputs, strict=True):
        with batch.one(photo):
            output.check()
            picture = images.load(photo, enough=2 * rows)
            encoding.check_size(output.format, *refine.size(picture.pixels, rows))
            started = time.monotonic()
            sketch = None
            if engine is not None:
                sketch = session.at_once(
                    request, picture.pixels, chosen, masks=masks, engine=engine
                )
            painting = _paint(request, picture.pixels, chosen, masks, sketch, as_json)
            if painting.note not in ("", note):
                say(painting.note)
            made = metadata.made(
                painting.request,
                content=photo.name,
                styles=[Path(name).name for name in given],
                weights=request.style_weights,
                masks=[path.name for path in files_of_masks],
                steps_made=painting.step,
                complete=painting.complete or painting.step == request.steps,
            )
            written = output.write(encoding.encode(painting.pixels, output.format, made))
            _report(written, painting.pixels, round(time.monotonic() - started, 2), made, as_json)
            if not painting.complete:
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


def weights(mix: str, count: int) -> tuple[float, ...] | None:
    """How much of each style, as it was typed; None for equal shares."""
    weights = _numbers("--mix", mix)
    if weights is not None and len(weights) != count:
        raise InvalidRequest(f"{count} styles and {len(weights)} weights: one each is needed.")
    return weights


def _numbers(flag: str, text: str) -> tuple[float, ...] | None:
    """What was typed for an option of several numbers; None if nothing was."""
    if not text:
        return None
    try:
        return tuple(float(each) for each in text.split(","))
    except ValueError:
        raise InvalidRequest(f"{flag} takes numbers such as 1,0.5 and not {text!r}.") from None


def _mask(path: Path, as_json: bool) -> regions.Mask:
    """Where a region is.

    Raises:
        typer.Exit: If it cannot be read, which is said.
    """
    try:
        return regions.load(path)
    except (AtelierError, OSError) as error:
        console.complain(path, console.sentence(error), as_json)
        raise typer.Exit(console.FAILED) from None


def given_style(name: str, enough: int, as_json: bool) -> Pixels | artist_styles.ArtistStyle:
    """A picture, or what is known of an artist.

    Args:
        enough: Pixels a side of a picture, see `images.load`.

    Raises:
        WeightsError: If the style of the artist is damaged.
        typer.Exit: If it is neither, which is said.
    """
    path = Path(name)
    exists = os.path.exists(path)  # noqa: PTH110 - likewise
    if not exists and name in {entry.artist for entry in artist_styles.catalogue()}:
        return artist_styles.load(name)
    try:
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


class _CtrlC(Uncontrolled):
    """The control of work in the main thread, that Ctrl-C stops."""

    stopping = False


def _paint(
    request: StylizeRequest,
    photo: Pixels,
    styles: Sequence[Pixels | artist_styles.ArtistStyle],
    masks: Sequence[regions.Mask],
    sketch: Pixels | None,
    as_json: bool,
) -> Painting:
    """Paints one photo, as far as Ctrl-C lets it. `sketch` is its instant picture, if it is there.

    Raises:
        KeyboardInterrupt: If there is nothing yet.
    """
    control = _CtrlC()
    steps = session.paint(request, photo, styles, sketch=sketch, control=control, masks=masks)
    while True:
        try:
            _tell(next(steps), as_json)
        except StopIteration as end:
            if end.value is None:  # the interrupted generator had nothing to keep
                raise KeyboardInterrupt from None
            painting: Painting = end.value
            return painting
        except KeyboardInterrupt:
            control.stopping = True


def _report(
    output: Path, pixels: Pixels, seconds: float, made: dict[str, Any], as_json: bool
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
