"""`python -m core scan`."""

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
    except (FileNotFoundError, ScanError) as error:
        console.fail(str(error))
    except OSError as error:
        console.fail(f"{files.printable(directory)} cannot be read: {error.strerror or error}.")
    except Exception as error:
        console.fail(console.sentence(error))
