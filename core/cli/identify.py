"""`python -m core identify`."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from core import files, models
from core import identify as recognizer
from core.cli import console
from core.cli.console import AsJson, say
from core.cli.fields import option
from core.cli.runs import crews, found, naming, rows, sources
from core.cli.runs.sources import Source
from core.errors import InvalidRequest, UnknownName
from core.identify import IdentifyRequest
from core.requests import described

_USUAL = IdentifyRequest()
_EVERY = 2.0  # seconds between two words of how far it is


def identify(
    pictures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IMAGE...", help="Paintings, or folders of them; or URLs: file://, s3://."
        ),
    ] = None,
    listed: Annotated[
        Path | None,
        typer.Option("--list", metavar="FILE", help="A text file of further ones, a line each."),
    ] = None,
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
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="TABLE",
            help=f"Write a table, a row a picture ({', '.join(rows.ENDINGS)}), in place of names "
            "on stdout.",
        ),
    ] = None,
    engine: crews.OfEngine = "local",
    jobs: crews.OfJobs = None,
    as_json: AsJson = False,
) -> None:
    """Names the artists of paintings.

    In DIR nothing is replaced: NAME.jpg is explained in NAME.png, or NAME-2.png and so on where
    that is taken. What is in TABLE already and unchanged is not done again, also after a kill.

    Exit status: 0 done, 1 failed as a whole, 2 wrong usage, 3 some pictures failed (each is
    named), 130 stopped by Ctrl-C (what was left is named).
    """
    if model not in (known := [entry.id for entry in models.classifiers()]):
        console.refuse(
            f"No model {files.printable(model)!r} names artists; there are: {', '.join(known)}."
        )
    if not pictures and listed is None:
        console.refuse("Name paintings, or a list of them (--list).")
    try:
        chosen = models.versions.named(model, version).id if version is not None else None
        if out is not None:
            rows.check(out)
    except (UnknownName, InvalidRequest) as error:
        console.refuse(str(error))
    request = IdentifyRequest(model=model, top=top, cut_out=cut_out, explain=explain is not None)
    with console.whole():
        named = sources.expanded(pictures or [], listed)
    with console.whole(), ExitStack() as stack:
        kept: found.Table | None = None
        if out is not None:
            told = chosen or models.versions.shipped(model).id
            kept = stack.enter_context(found.Table(out, ["identify", request, told]))
            named = kept.left(named)
        paths = [Path(each) for each in named]
        outputs = console.outputs(paths, explain) if explain else []
        batch = console.Batch(named, as_json)
        if kept is not None:
            batch.when_failed = kept.failed
        with batch.whole():
            crew = crews.hired(engine if named else "local", jobs)
            if named:
                models.load(request.model, progress=say, version=chosen)
        progress = _Progress(len(named), kept is not None)
        asked = naming.Asked(request, chosen)
        for number, result in batch.finished(crew.work(naming.named, asked, named, crew.count)):
            source = named[number]
            with batch.one(source):
                if request.explain:
                    outputs[number].check()
                made = result()
                if made.lit is not None:
                    outputs[number].write(made.lit)
                if kept is not None:
                    kept.done(source, made.digest, made.found)
                if as_json:
                    cut = {"corners": made.corners} if cut_out else {}
                    console.result(_as_dict(source, made.found) | cut)
                elif kept is None:
                    _print(source, made)
            progress.tell()
        batch.close()


class _Progress:
    """How many are done, said once in a while."""

    def __init__(self, of: int, tells: bool) -> None:
        self._of, self._tells = of, tells
        self._done = 0
        self._began = self._said = 0.0

    def tell(self) -> None:
        """Counts one, and says how far it is if it is time to."""
        self._done += 1
        moment = time.monotonic()
        if self._done == 1:  # what came before was the beginning of processes
            self._began = self._said = moment
        if self._tells and (self._done == self._of or moment - self._said > _EVERY):
            self._said = moment
            left = (moment - self._began) / max(1, self._done - 1) * (self._of - self._done)
            say(f"{self._done} of {self._of}, {left:.0f} s left")


def _as_dict(path: Source, result: recognizer.Identification) -> dict[str, Any]:
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


def _print(source: Source, made: naming.Named) -> None:
    seen, result = ", cut out" if made.corners else "", made.found
    typer.echo(f"{files.printable(source)}{seen}{_remark(result)}")
    for guess in result.guesses:
        typer.echo(f"    {guess.probability:6.1%}  {guess.artist.name}")
