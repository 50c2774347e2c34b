"""`python -m operations accepted`: what keepers accepted of visitors, as new paintings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli import console
from operations.cli.releases import told


def accepted(
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="NEW", help="A directory, new or empty.")
    ],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Paintings so far: what shows one of them is left out; repeatable."),
    ] = None,
) -> None:
    """Writes the pictures that visitors let be kept and a keeper accepted, for `cycle --new NEW`.

    NEW/accepted.csv says who accepted each, when, and from which request it came. Exit status: 0
    done, 1 failed, 2 wrong usage.
    """
    with told():
        from operations import accepted as accepting

        found = accepting.write_out(out, data or [])
    console.say(f"{found.pictures:,} pictures in {out}")
    if found.twins:
        console.say(f"{found.twins:,} show a painting that is there already: left out")
    if found.unknown:
        console.say(f"{found.unknown:,} are by artists who are not in the catalogue: left out")
    if found.elsewhere:
        console.say(f"{found.elsewhere:,} are not on this machine (ATELIER_KEPT): left out")
