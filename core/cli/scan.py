"""`python -m core scan`, and the scan that `similar` begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core import files
from core.cli import console
from core.cli.console import AsJson, say
from core.collection import scan as scanner
from core.collection.store import ScanError


def scan(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of paintings.")],
    similar: Annotated[
        bool, typer.Option("--similar", help="Also describe the paintings, for `similar`.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measures the pictures of a directory, and remembers them. Goes on where it was stopped.

    Exit status: 0 done, also where pictures are damaged, which is remembered of them; 1 failed;
    2 wrong usage; 130 stopped by Ctrl-C.
    """
    whole(directory, similar=similar, as_json=as_json)


def whole(directory: Path, *, similar: bool, as_json: bool) -> None:
    """Scans, and describes if asked to.

    Args:
        as_json: Progress as objects on stdout, not as lines on stderr.

    Raises:
        typer.Exit: If it was stopped, or failed.
    """
    known = total = 0
    doing = "measured"

    def progress(done: int, of: int) -> None:
        nonlocal known, total
        known, total = done, of
        phase = {"phase": "describing"} if doing == "described" else {}
        if as_json:
            console.result({"done": done, "of": of} | phase)
        else:
            say(f"{done} of {of}" + (" described" if phase else ""))

    try:
        scanner.scan(directory, on_progress=progress)
        if similar:
            from core import similar as paintings  # with the network: a scan alone needs none

            doing = "described"
            paintings.build(directory, on_progress=progress)
    except KeyboardInterrupt:
        left = f"{total - known} of {total} pictures" if total else "The pictures"
        say(
            f"Stopped. {left} in {files.printable(directory)} are not {doing} yet; the same "
            "command goes on from here."
        )
        raise typer.Exit(console.STOPPED) from None
    except (FileNotFoundError, ScanError) as error:
        console.fail(str(error))
    except OSError as error:
        console.fail(f"{files.printable(directory)} cannot be read: {error.strerror or error}.")
    except Exception as error:
        console.fail(console.sentence(error))
