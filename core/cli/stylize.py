"""`python -m core stylize` and `python -m core styles`."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated

import typer

from core import artists, files, images, models
from core.cli import console
from core.cli.console import AsJson, say
from core.cli.fields import option
from core.cli.runs import crews, folder, painting
from core.errors import AtelierError, InvalidRequest
from core.images import encoding
from core.images.types import Pixels
from core.stylize import artist_styles, instant, regions, session
from core.stylize.request import Mode, Start, StylizeRequest

_USUAL = StylizeRequest()
_FORMS = f"{_USUAL.forms:g}; 0 by other networks"


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
    engine: crews.OfEngine = "local",
    jobs: crews.OfJobs = None,
    as_json: AsJson = False,
) -> None:
    """Paints photos in a style; several blend. Ctrl-C keeps what is there, at full size.

    The ending of OUT decides the format. A file that is named there is replaced, unless it is one
    of the pictures that are read. In a folder nothing is: NAME.jpg becomes NAME.png, or NAME-2.png
    and so on where that is taken; `results.csv` there has a row a picture, `contact-sheet.jpg`
    shows them, and what is finished and unchanged is not done again.

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
    is_folder = os.path.isdir(content)  # noqa: PTH112 - unlike Path's, it takes any name
    photos = folder.expanded([content])[0]
    with console.whole(), ExitStack() as stack:
        chosen = [given_style(name, request.style_enough, as_json) for name in given]
        masks = [_mask(path, as_json) for path in files_of_masks]
        kept: folder.Folder | None = None
        if is_folder:
            console.outputs([], out)  # whether it can be written into
            kinds = ["stylize", request, *map(folder.digest_of, [*chosen, *masks])]
            kinds.append(models.versions.shipped(instant.MODEL).id)
            kept = stack.enter_context(folder.Folder(out, kinds))
            photos = kept.left(photos)
            outputs = console.outputs(photos, out)
        else:
            outputs = [console.named(out, [content, *map(Path, given), *files_of_masks])]
        batch = console.Batch(photos, as_json)
        if kept is not None:
            batch.when_failed = kept.failed
        note = ""
        with batch.whole():
            crew = crews.hired(engine if photos else "local", jobs)
            if mode == "refine" and photos:
                request, note = session.at_hand(request, say)
                if note:
                    say(note)
        asked = painting.Asked(
            request,
            chosen,
            masks,
            [Path(name).name for name in given],
            [path.name for path in files_of_masks],
            len(photos) // crew.count,
            engine == "local" and crew.count == 1,
            as_json,
        )
        tasks = [(photo, output.format) for photo, output in zip(photos, outputs, strict=True)]
        for number, result in batch.finished(crew.work(painting.made, asked, tasks, crew.count)):
            photo, output = photos[number], outputs[number]
            with batch.one(photo):
                output.check()
                made = result()
                if made.note not in ("", note):
                    say(made.note)
                written = output.write(made.data)
                complete = bool(made.facts["complete"])
                if kept is not None and complete:
                    kept.done(photo, written, made.data, made.seconds)
                elif kept is not None:
                    with suppress(files.OutputError):  # that is no reason to go on
                        kept.stopped(photo, written, made.data)
                painting.report(written, made, as_json)
                if not complete:
                    batch.stop(kept=photo)
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
