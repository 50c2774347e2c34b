"""The command line: `python -m core identify | stylize | monet | models | …`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from core import identify as recogniser
from core import images, models
from core import monet as monet_painter
from core import scan as scanner
from core.console import AsJson, load, say
from core.stylize import commands as style_commands

app = typer.Typer(help="Atelier on the command line.", no_args_is_help=True, add_completion=False)

app.command()(style_commands.stylize)
app.command("styles")(style_commands.list_styles)


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
    """Names the artists of paintings. Exit status 2 if a picture could not be read."""
    try:
        models.load(model, progress=say)
    except (KeyError, models.WeightsError) as error:
        say(str(error.args[0]))
        raise typer.Exit(1) from None
    failed = False
    for path in pictures:
        picture = load(path, as_json, enough=None if explain else recogniser.ENOUGH)
        if picture is None:
            failed = True
            continue
        result = recogniser.identify(picture, model, top=top)
        if explain:
            _explain(picture, result, explain / f"{path.stem}.png")
        if as_json:
            typer.echo(json.dumps(_as_dict(path, result), ensure_ascii=False))
        else:
            _print(path, result)
    if failed:
        raise typer.Exit(2)


@app.command()
def monet(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos, or Monets.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Directory to write.")],
    direction: Annotated[monet_painter.Direction, typer.Option(help="Which way.")] = "to-monet",
    brush: Annotated[monet_painter.Brush, typer.Option(help="Size of the strokes.")] = "broad",
    strength: Annotated[
        float, typer.Option(min=0, max=1.25, help="0: the picture as it came, 1: the result.")
    ] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Turns photos into Monets, or back. Exit status 2 if a picture could not be read."""
    try:
        models.load(monet_painter.MODELS[direction], progress=say)
    except models.WeightsError as error:
        say(str(error))
        raise typer.Exit(1) from None
    failed = False
    for path in photos:
        picture = load(path, as_json, enough=monet_painter.LONGEST)
        if picture is None:
            failed = True
            continue
        result = monet_painter.paint(picture.pixels, direction, brush=brush)
        pixels = monet_painter.blend(result.before, result.after, strength)
        out.mkdir(parents=True, exist_ok=True)
        output = out / f"{path.stem}-{direction}.png"
        output.write_bytes(images.encode(pixels))
        height, width = pixels.shape[:2]
        if as_json:
            found = {
                "image": str(path),
                "output": str(output),
                "direction": direction,
                "seconds": round(result.seconds, 4),
                "size": [width, height],
            }
            typer.echo(json.dumps(found, ensure_ascii=False))
        else:
            typer.echo(f"{output}  ({width}×{height}, {result.seconds:.1f} s)")
    if failed:
        raise typer.Exit(2)


@app.command("models")
def list_models(as_json: AsJson = False) -> None:
    """Lists the models with their measured figures."""
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
        typer.echo(json.dumps(listed, ensure_ascii=False))
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
    """Measures the pictures of a directory, and remembers them. Goes on where it was stopped."""

    def progress(done: int, of: int) -> None:
        if as_json:
            typer.echo(json.dumps({"done": done, "of": of}))
        else:
            say(f"{done} of {of}")

    try:
        scanner.scan(directory, on_progress=progress)
    except (FileNotFoundError, scanner.ScanError) as error:
        say(str(error))
        raise typer.Exit(1) from None


def _explain(picture: images.Picture, result: recogniser.Identification, out: Path) -> None:
    heat = recogniser.explain(picture, result.model, artist_id=result.guesses[0].artist.id)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(images.encode(recogniser.overlay(picture.pixels, heat)))


def _as_dict(path: Path, result: recogniser.Identification) -> dict[str, Any]:
    return {
        "image": str(path),
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
    typer.echo(f"{path}{remarks.get(result.known, '')}")
    for guess in result.guesses:
        typer.echo(f"    {guess.probability:6.1%}  {guess.artist.name}")


if __name__ == "__main__":
    app()
