"""The command line: `python -m core identify | stylize | monet | models | …`."""

from __future__ import annotations

import signal

# Until `console.set_up`, through the imports below, Ctrl-C ends the process without a traceback.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from core import files, images, models
from core import identify as recogniser
from core import monet as monet_painter
from core.cli import console
from core.cli import stylize as style_commands
from core.cli.console import AsJson, say
from core.collection import scan as scanner
from core.images import encoding, folders

app = typer.Typer(
    help="Atelier on the command line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command()(style_commands.stylize)
app.command("styles")(style_commands.list_styles)


@app.callback()
def main(verbose: console.Verbose = False) -> None:
    """Atelier on the command line: results on stdout, progress and complaints on stderr."""
    console.set_up(verbose, level=logging.WARNING)


@app.command()
def identify(
    pictures: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Paintings.")],
    model: Annotated[str, typer.Option(help="Model id, see `models`.")] = models.DEFAULT,
    top: Annotated[int, typer.Option(min=1, help="Artists to name.")] = 5,
    explain: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write here what the network looked at, as PNG."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Names the artists of paintings.

    In DIR nothing is replaced: NAME.jpg is explained in NAME.png, or NAME-2.png and so on where
    that is taken.

    Exit status: 0 done, 1 failed as a whole, 2 wrong usage, 3 some pictures failed (each is
    named), 130 stopped by Ctrl-C (what was left is named).
    """
    if model not in (known := [entry.id for entry in models.classifiers()]):
        console.refuse(
            f"No model {files.printable(model)!r} names artists; there are: {', '.join(known)}."
        )
    outputs = console.outputs(pictures, explain) if explain else []
    batch = console.Batch(pictures, as_json)
    with batch.whole():
        models.load(model, progress=say)
    for number, path in enumerate(batch):
        with batch.one(path):
            if explain:
                outputs[number].check()
            picture = images.load(path, enough=None if explain else recogniser.ENOUGH)
            result = recogniser.identify(picture, model, top=top)
            if explain:
                heat = recogniser.explain(picture, model, artist_id=result.guesses[0].artist.id)
                lit = recogniser.overlay(picture.pixels, heat)
                outputs[number].write(encoding.encode(lit))
            if as_json:
                console.result(_as_dict(path, result))
            else:
                _print(path, result)
    batch.close()


@app.command()
def monet(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos, or Monets.")],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="OUT",
            help=f"Folder to write; or, of one photo, a picture ({', '.join(encoding.ENDINGS)}).",
        ),
    ],
    direction: Annotated[monet_painter.Direction, typer.Option(help="Which way.")] = "to-monet",
    brush: Annotated[monet_painter.Brush, typer.Option(help="Size of the strokes.")] = "broad",
    strength: Annotated[
        float, typer.Option(min=0, max=1.25, help="0: the picture as it came, 1: the result.")
    ] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Turns photos into Monets, or back.

    The ending of a picture decides its format; one that is named is replaced, unless it is the
    photo. In a folder nothing is: NAME.jpg becomes NAME-to-monet.png, or NAME-to-monet-2.png and
    so on where that is taken.

    Exit status: 0 done, 1 failed as a whole, 2 wrong usage, 3 some photos failed (each is named),
    130 stopped by Ctrl-C (what was left is named).
    """
    outputs = _monets(photos, out, direction)
    batch = console.Batch(photos, as_json)
    with batch.whole():
        models.load(monet_painter.MODELS[direction], progress=say)
    for path, output in zip(batch, outputs, strict=True):
        with batch.one(path):
            output.check()
            picture = images.load(path, enough=monet_painter.LONGEST)
            result = monet_painter.paint(picture.pixels, direction, brush=brush)
            pixels = monet_painter.blend(result.before, result.after, strength)
            made = {
                "content": files.printable(path.name),
                "direction": direction,
                "brush": brush,
                "strength": strength,
            }
            written = output.write(encoding.encode(pixels, output.format, made))
            height, width = pixels.shape[:2]
            if as_json:
                console.result(
                    {
                        "image": files.printable(path),
                        "output": files.printable(written),
                        "direction": direction,
                        "seconds": round(result.seconds, 4),
                        "size": [width, height],
                    }
                )
            else:
                shown = files.printable(written)
                typer.echo(f"{shown}  ({width}×{height}, {result.seconds:.1f} s)")
    batch.close()


@app.command("models")
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


@app.command()
def scan(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of paintings.")],
    as_json: AsJson = False,
) -> None:
    """Measures the pictures of a directory, and remembers them. Goes on where it was stopped.

    Exit status: 0 done, also where pictures are damaged, which is remembered of them; 1 failed;
    2 wrong usage; 130 stopped by Ctrl-C.
    """
    known = total = 0

    def progress(done: int, of: int) -> None:
        nonlocal known, total
        known, total = done, of
        if as_json:
            console.result({"done": done, "of": of})
        else:
            say(f"{done} of {of}")

    try:
        scanner.scan(directory, on_progress=progress)
    except KeyboardInterrupt:
        left = f"{total - known} of {total} pictures" if total else "The pictures"
        say(
            f"Stopped. {left} in {files.printable(directory)} are not measured yet; the same "
            "command goes on from here."
        )
        raise typer.Exit(console.STOPPED) from None
    except (FileNotFoundError, scanner.ScanError) as error:
        console.fail(str(error))
    except OSError as error:
        console.fail(f"{files.printable(directory)} cannot be read: {error.strerror or error}.")
    except Exception as error:
        console.fail(console.sentence(error))


def _monets(
    photos: Sequence[Path], out: Path, direction: monet_painter.Direction
) -> list[console.Output]:
    """Where the pictures go: into a folder, or the one of a single photo into a named file."""
    is_picture = folders.has_picture_name(out) or encoding.has_ending(out)
    if len(photos) == 1 and is_picture and not os.path.isdir(out):  # noqa: PTH112
        return [console.named(out, photos)]
    return console.outputs(photos, out, added=f"-{direction}")


def _as_dict(path: Path, result: recogniser.Identification) -> dict[str, Any]:
    return {
        "image": files.printable(path),
        "model": result.model,
        "artists": [
            {"name": g.artist.name, "probability": round(g.probability, 6)} for g in result.guesses
        ],
        "known": result.known,
        "known_score": None if result.known_score is None else round(result.known_score, 6),
        "seconds": round(result.seconds, 4),
    }


def _print(path: Path, result: recogniser.Identification) -> None:
    remarks = {
        None: f"  ({recogniser.CANNOT_TELL})",
        False: "  (perhaps none of the artists I know)",
    }
    typer.echo(f"{files.printable(path)}{remarks.get(result.known, '')}")
    for guess in result.guesses:
        typer.echo(f"    {guess.probability:6.1%}  {guess.artist.name}")


if __name__ == "__main__":
    app()
