"""`python -m core identify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from core import files, images, models
from core import identify as recognizer
from core.cli import console
from core.cli.console import AsJson, say
from core.cli.fields import option
from core.cli.runs import folder
from core.errors import UnknownName
from core.identify import IdentifyRequest, outline
from core.images import encoding
from core.requests import described

_USUAL = IdentifyRequest()


def identify(
    pictures: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Paintings, or folders of them.")
    ],
    model: Annotated[
        str, option(IdentifyRequest, "model", help="Model id, see `models`.")
    ] = _USUAL.model,
    top: Annotated[int, option(IdentifyRequest, "top")] = _USUAL.top,
    explain: Annotated[
        Path | None,
        option(
            IdentifyRequest,
            "explain",
            metavar="DIR",
            help="Write here what the model looked at, as PNG: "
            + described(IdentifyRequest, "explain").term,
        ),
    ] = None,
    cut_out: Annotated[bool, option(IdentifyRequest, "cut_out", "--cut-out")] = _USUAL.cut_out,
    version: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="Of the model: 12 hexadecimal digits or a name, see `python -m operations "
            "versions`. [default: what ships]",
        ),
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
    try:
        chosen = models.versions.named(model, version).id if version is not None else None
    except UnknownName as error:
        console.refuse(str(error))
    request = IdentifyRequest(model=model, top=top, cut_out=cut_out, explain=explain is not None)
    pictures, _ = folder.expanded(pictures)
    outputs = console.outputs(pictures, explain) if explain else []
    batch = console.Batch(pictures, as_json)
    with batch.whole():
        models.load(request.model, progress=say, version=chosen)
    for number, path in enumerate(batch):
        with batch.one(path):
            if request.explain:
                outputs[number].check()
            picture = images.load(path, enough=None if request.explain else _enough(request))
            corners = None
            if request.cut_out:
                picture, corners = outline.without_wall(picture)
            result = recognizer.identify(picture, request.model, version=chosen, top=request.top)
            if request.explain:
                heat = recognizer.explain(
                    picture, request.model, artist_id=result.guesses[0].artist.id, version=chosen
                )
                lit = recognizer.overlay(picture.pixels, heat)
                outputs[number].write(encoding.encode(lit))
            if as_json:
                found = _as_dict(path, result)
                console.result(found | {"corners": corners} if request.cut_out else found)
            else:
                _print(path, result, "cut out" if corners else "")
    batch.close()


def _enough(request: IdentifyRequest) -> int:
    return outline.ENOUGH if request.cut_out else recognizer.ENOUGH


def _as_dict(path: Path, result: recognizer.Identification) -> dict[str, Any]:
    return {
        "image": files.printable(path),
        "model": result.model,
        "version": result.version,
        "artists": [
            {"name": g.artist.name, "probability": round(g.probability, 6)} for g in result.guesses
        ],
        "known": result.known,
        "known_score": None if result.known_score is None else round(result.known_score, 6),
        "kind": result.kind,
        "kinds": result.kinds and {name: round(p, 6) for name, p in result.kinds.items()},
        "seconds": round(result.seconds, 4),
    }


def _remark(result: recognizer.Identification) -> str:
    if result.kinds and result.kind == "photograph":
        return f"  (this is a photograph, {result.kinds['photograph']:.0%})"
    if result.kinds and result.kind == "unknown":
        return f"  (perhaps none of the artists I know, {result.kinds['unknown']:.0%})"
    remarks = {
        None: f"  ({recognizer.CANNOT_TELL})",
        False: "  (perhaps none of the artists I know)",
    }
    return remarks.get(result.known, "")


def _print(path: Path, result: recognizer.Identification, seen: str) -> None:
    shown = f"{files.printable(path)}, {seen}" if seen else files.printable(path)
    typer.echo(f"{shown}{_remark(result)}")
    for guess in result.guesses:
        typer.echo(f"    {guess.probability:6.1%}  {guess.artist.name}")
