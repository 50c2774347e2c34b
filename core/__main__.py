"""The command line: `python -m core identify | stylize | monet | models | scan`."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL.PngImagePlugin import PngInfo

from core import identify as recogniser
from core import images, models
from core import monet as monet_painter
from core import scan as scanner
from core.precision import compute_dtype
from core.stylize import networks, refine

app = typer.Typer(help="Atelier on the command line.", no_args_is_help=True, add_completion=False)

_PAINT = refine.Options()

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")]


def say(message: str) -> None:
    """Progress and complaints go to stderr: stdout is for results."""
    typer.echo(message, err=True)


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
        try:
            picture = images.load(path, enough=None if explain else recogniser.ENOUGH)
        except (images.UnreadablePicture, OSError) as error:
            failed = True
            _print_error(path, _why(error), as_json)
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
        try:
            picture = images.load(path, enough=monet_painter.LONGEST)
        except (images.UnreadablePicture, OSError) as error:
            failed = True
            _print_error(path, _why(error), as_json)
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


@app.command()
def stylize(
    content: Annotated[Path, typer.Argument(metavar="CONTENT", help="What is to be seen.")],
    styles: Annotated[list[Path], typer.Argument(metavar="STYLE...", help="How to paint it.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="PNG file to write.")],
    network: Annotated[
        str, typer.Option(help=f"One of {', '.join(networks.TABLE)}.")
    ] = networks.DEFAULT,
    rows: Annotated[int, typer.Option(help="Height of the painting in pixels.")] = _PAINT.rows,
    steps: Annotated[int, typer.Option(help="Steps in all; more are slower.")] = _PAINT.steps,
    content_weight: Annotated[
        float, typer.Option(help="Faithfulness to the photo.")
    ] = _PAINT.content_weight,
    style_weight: Annotated[float, typer.Option(help="Strength of style.")] = _PAINT.style_weight,
    keep_colors: Annotated[
        bool, typer.Option("--keep-colors", help="Keep the colours of the photo.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of noise, where there is any.")] = _PAINT.seed,
    as_json: AsJson = False,
) -> None:
    """Paints a photo in the style of pictures; several blend. Ctrl-C keeps what is there."""
    started, pictures, step = time.monotonic(), [], None
    try:
        options = refine.Options(
            network=network,
            rows=rows,
            steps=steps,
            content_weight=content_weight,
            style_weight=style_weight,
            keep_colors=keep_colors,
            seed=seed,
        )
        for path in (content, *styles):
            try:
                pictures.append(images.load(path, enough=2 * rows).pixels)
            except (images.UnreadablePicture, OSError) as error:
                _print_error(path, _why(error), as_json)
                raise typer.Exit(2) from None
        options = dataclasses.replace(options, network=_at_hand(network))
        for step in refine.refine(pictures[0], pictures[1:], options):
            _print_step(step, as_json)
    except KeyboardInterrupt:
        say("Stopped.")
    except (ValueError, models.WeightsError) as error:
        say(str(error))
        raise typer.Exit(1) from None
    if step is None:
        raise typer.Exit(1)
    pixels, chosen = step.pixels(), dataclasses.asdict(options)
    chosen |= {"content": content.name, "styles": [path.name for path in styles]}
    metadata = PngInfo()
    metadata.add_itxt("atelier", json.dumps(chosen, ensure_ascii=False))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(images.encode(pixels, pnginfo=metadata))
    height, width = pixels.shape[:2]
    seconds = round(time.monotonic() - started, 2)
    if as_json:
        found = {"output": str(out), "seconds": seconds, "size": [width, height]}
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        typer.echo(f"{out}  ({width}×{height}, {seconds:.1f} s)")


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
        held_out = entry.figures.get("held_out")
        if held_out:
            typer.echo(f"    distance closed {held_out['distance_closed']:.2f}")
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


def _at_hand(network: str) -> str:
    """The network, or VGG16 where its weights are not on this machine and out of reach."""
    try:
        networks.load(network, dtype=compute_dtype(), progress=say)
    except networks.NotHere as error:
        say(f"{error} Painting with VGG16 instead.")
        return networks.DEFAULT
    return network


def _print_step(step: refine.Step, as_json: bool) -> None:
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
        "known_score": round(result.known_score, 6),
        "seconds": round(result.seconds, 4),
    }


def _print(path: Path, result: recogniser.Identification) -> None:
    typer.echo(str(path) if result.known else f"{path}  (perhaps none of the artists I know)")
    for guess in result.guesses:
        typer.echo(f"    {guess.probability:6.1%}  {guess.artist.name}")


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The file cannot be opened: {error.strerror}."
    return str(error)


def _print_error(path: Path, message: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"image": str(path), "error": message}, ensure_ascii=False))
    else:
        say(f"{path}: {message}")


if __name__ == "__main__":
    app()
