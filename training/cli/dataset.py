"""The commands of `python -m training dataset`: from Kaggle's archive to an index for training."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.console import say
from training.cli.options import progress

app = typer.Typer(
    help="Download, organise, check, split and sum up a data set of paintings.",
    no_args_is_help=True,
)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Directory of paintings.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


class How(StrEnum):
    """As `training.data.organise.How`."""

    copy = "copy"
    hardlink = "hardlink"
    symlink = "symlink"


@app.command()
def fetch(
    to: Annotated[Path, typer.Option(metavar="DIR", help="Directory to download into.")],
) -> None:
    """Downloads Kaggle's Best Artworks of All Time. Resumes where it was interrupted."""
    from training.data import kaggle

    there = kaggle.fetch(to)
    typer.echo(f"The paintings lie in {there}")
    organised = to.resolve().with_name(f"{to.resolve().name}-organised")
    _next("organise", there, "--to", organised)


@app.command()
def organise(
    source: Annotated[Path, typer.Argument(help="Data set as downloaded; only read.")],
    to: Annotated[Path, typer.Option(metavar="DIR", help="Directory of folders to make.")],
    how: Annotated[How, typer.Option(help="Copies need room, links need the source.")] = How.copy,
    as_json: AsJson = False,
) -> None:
    """Makes one folder an artist with the best copy of each painting; SOURCE stays as it is."""
    from training.data import organise as organiser

    done = organiser.organise(
        source, to, how=how.value, on_reading=progress("Read"), on_writing=progress("Placed")
    )
    if as_json:
        _print({"to": str(to), **asdict(done)})
        return
    typer.echo(
        f"{done.paintings:,} paintings by {done.artists:,} artists in {to}: {done.written:,} new; "
        f"{done.copies:,} further copies not needed."
    )
    if done.left_out:
        typer.echo(f"{done.left_out:,} left out, see {to / organiser.LEFT_OUT}")
    _next("check", to, "--to", to.resolve().with_name(f"{to.resolve().name}-report"))


@app.command()
def check(
    directory: Directory,
    to: Annotated[
        Path, typer.Option(metavar="REPORT_DIR", help="Directory of the report to write.")
    ],
    tiny: Annotated[
        int, typer.Option(min=0, help="Shorter side below which a picture is tiny, pixels.")
    ] = 100,
    grey: Annotated[
        float, typer.Option(min=0, help="Colorfulness below which a picture is gray.")
    ] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Reports damage, tiny and gray pictures, duplicates, empty folders, what was left out."""
    from core.files import write_if_new
    from training.data import check as checker
    from training.data import check_report

    checked = checker.check(directory, tiny=tiny, grey=grey, on_progress=progress("Read"))
    table, page = to / "findings.csv", to / "report.html"
    write_if_new(table, checked.csv())
    write_if_new(page, check_report.page(directory, checked))
    counts = checked.counts()
    if as_json:
        _print({"files": checked.files, "findings": counts, "csv": str(table), "html": str(page)})
        return
    typer.echo(f"{checked.files:,} files checked")
    for kind, heading in checker.KINDS.items():
        typer.echo(f"{counts[kind]:7,}  {heading.lower()}")
    typer.echo(f"Report: {page}, all rows: {table}")
    _next("split", directory)


@app.command()
def split(
    directory: Directory,
    at_least: Annotated[
        int, typer.Option(min=1, metavar="N", help="Leave out artists with fewer paintings.")
    ] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the split.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="By default index.csv in DIR."),
    ] = None,
    force: Annotated[
        bool, typer.Option(help="Overwrite an index, or weights, that this command did not write.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Writes index.csv and class_weights.json: 80/10/10 by artist, duplicates in one split.

    With --out NAME.csv the weights go beside it, as NAME_class_weights.json.
    """
    from training.data import split as splitter

    done = splitter.divide(
        directory,
        at_least=at_least,
        seed=seed,
        out=out,
        force=force,
        on_progress=progress("Read"),
    )
    if as_json:
        _print(asdict(done) | {"index": str(done.index)})
        return
    shares = ", ".join(f"{count:,} {name}" for name, count in done.paintings.items())
    typer.echo(f"{done.artists:,} artists: {shares}")
    for reason, count in done.left_out.items():
        if count:
            typer.echo(f"{count:7,}  left out: {reason}")
    for artist, count in done.too_few.items():
        typer.echo(f"         {artist} ({count})")
    typer.echo(f"{'Wrote' if done.changed else 'Nothing new in'} {done.index}")


@app.command()
def stats(directory: Directory, as_json: AsJson = False) -> None:
    """Counts paintings by artist and split, with their median size, brightness and colorfulness."""
    from training.data import statistics

    found = statistics.statistics(directory, on_progress=progress("Read"))
    if as_json:
        _print(found)
        return
    rows = list(found["artists"])
    if found["outside"]:
        rows.append({"artist": "(outside the collection)", **found["outside"]})
    splits = [name for name in ("train", "val", "test") if rows and name in rows[0]]
    heads = ["paintings", *splits, "width", "height", "brightness", "colourfulness"]
    typer.echo(f"{'artist':32}" + "".join(f"{head:>{len(head) + 2}}" for head in heads))
    for row in rows:
        cells = ("-" if row[head] is None else f"{row[head]:g}" for head in heads)
        typer.echo(
            f"{row['artist'][:31]:32}"
            + "".join(f"{c:>{len(h) + 2}}" for c, h in zip(cells, heads, strict=True))
        )
    whole = found["paintings_per_artist"]
    figures = (
        f"{name} {'-' if whole[name] is None else format(whole[name], '.4g')}"
        for name in ("mean", "std", "median", "min", "max")
    )
    typer.echo(f"\n{whole['artists']} artists; paintings of each: {', '.join(figures)}")
    for many in statistics.MANY:
        typer.echo(f"{whole[f'at_least_{many}']:7,}  with at least {many}")


def _next(command: str, *arguments: Path | str) -> None:
    words = ["python", "-m", "training", "dataset", command, *map(str, arguments)]
    say(f"Next: {shlex.join(words)}")


def _print(result: dict[str, Any]) -> None:
    typer.echo(json.dumps(result, ensure_ascii=False))
