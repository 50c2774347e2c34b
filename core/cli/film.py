"""`python -m core film`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core import files, monet
from core.cli import console
from core.cli.console import AsJson, say
from core.cli.fields import option
from core.cli.stylize import given_style, weights
from core.errors import InvalidRequest
from core.film.clips import containers
from core.film.request import FilmRequest
from core.jobs import Progress, Uncontrolled

# What paints is imported by the command: no other one is to wait for it.
if TYPE_CHECKING:
    from core.film.clips.stills import Stills
    from core.film.painting import Film

_USUAL = FilmRequest()
WRITTEN = ", ".join(containers.WRITTEN)


def film(
    clip: Annotated[
        Path,
        typer.Argument(
            metavar="CLIP",
            help="What is to be painted: MP4, MOV, WebM or GIF; or a folder of frames.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="OUT", help=f"A film ({WRITTEN})."),
    ],
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STYLE...", help="How to paint it: pictures, or artists, see `styles`."
        ),
    ] = None,
    by_monet: Annotated[
        bool, typer.Option("--monet", help="Paint as Monet, by the generator of `monet`.")
    ] = False,
    rows: Annotated[
        int | None, option(FilmRequest, "rows", show_default="those of the clip")
    ] = None,
    strength: Annotated[float, option(FilmRequest, "strength")] = _USUAL.strength,
    strength_end: Annotated[
        float | None, option(FilmRequest, "strength_end", show_default="the same")
    ] = None,
    steadiness: Annotated[float, option(FilmRequest, "steadiness")] = _USUAL.steadiness,
    mix: Annotated[str, option(FilmRequest, "style_weights", "--mix", metavar="X,Y,…")] = "",
    brush: Annotated[float, option(FilmRequest, "brush")] = _USUAL.brush,
    keep_colors: Annotated[
        bool, option(FilmRequest, "keep_colors", "--keep-colors")
    ] = _USUAL.keep_colors,
    monet_brush: Annotated[monet.Brush, option(FilmRequest, "monet_brush")] = _USUAL.monet_brush,
    fps: Annotated[
        float,
        typer.Option("--fps", min=0.1, max=240, help="Frames a second of a folder of frames."),
    ] = 25.0,
    as_json: AsJson = False,
) -> None:
    """Paints a clip without flicker, with its own sound and speed.

    Ctrl-C keeps what is there; a second one leaves nothing. A file that is named OUT is replaced,
    unless it is one of those that are read.

    Exit status: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
    """
    from core.film.clips.stills import Stills

    names = given or []
    try:
        request = FilmRequest(
            way="monet" if by_monet else "style",
            rows=rows,
            strength=strength,
            strength_end=strength_end,
            steadiness=steadiness,
            style_weights=weights(mix, len(names)),
            brush=brush,
            keep_colors=keep_colors,
            monet_brush=monet_brush,
        )
        containers.kind_of(out)
    except InvalidRequest as error:
        console.refuse(str(error))
    if by_monet == bool(names):
        console.refuse("Name a style, or --monet; not both, and not neither.")
    with console.whole():
        source = Stills(clip, fps) if clip.is_dir() else clip
    frames = source.paths if isinstance(source, Stills) else []
    for path in (clip, *frames, *map(Path, names)):
        if files.same(path, out):
            console.refuse(
                f"{files.printable(out)} is one of the files that are read, and would be "
                "overwritten: choose another name."
            )
    try:
        with console.whole():
            enough = round(2 * (rows or 512) * max(1.0, brush))
            styles = [given_style(name, enough, as_json) for name in names]
            done = _paint(request, source, styles, out, as_json)
    except KeyboardInterrupt:
        done = None
    if done is None:
        say("Stopped. There is no film.")
        raise typer.Exit(console.STOPPED)
    if done.note:
        say(done.note)
    report(clip, done, as_json)
    if not done.complete:
        say(f"Stopped. {files.printable(out)} holds what was painted.")
        raise typer.Exit(console.STOPPED)


class CtrlC(Uncontrolled):
    """The control of work that the first Ctrl-C stops after the present frame."""

    stopping = False

    def __enter__(self) -> CtrlC:
        self._before = signal.signal(signal.SIGINT, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _stop(self, *_: object) -> None:
        self.stopping = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _paint(
    request: FilmRequest, source: Path | Stills, styles: list[Any], out: Path, as_json: bool
) -> Film | None:
    """Paints as far as Ctrl-C lets it.

    Raises:
        KeyboardInterrupt: If it came twice.
    """
    from core.film import painting

    with CtrlC() as control:
        steps = painting.paint(request, source, styles, out, control=control)
        while True:
            try:
                tell(next(steps), as_json)
            except StopIteration as end:
                done: Film | None = end.value
                return done


def tell(progress: Progress, as_json: bool) -> None:
    """Says how far it is."""
    if progress.phase != "painting":
        return
    left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
    say(f"{progress.step} of {progress.of}, {progress.fraction:.0%}{left}")
    if as_json:
        console.result(
            {
                "step": progress.step,
                "of": progress.of,
                "seconds": round(progress.seconds, 3),
                "seconds_left": round(progress.seconds_left or 0.0, 3),
            }
        )


def report(clip: Path, done: Film, as_json: bool) -> None:
    """Says what was made."""
    shown = files.printable(done.path)
    if as_json:
        found = {
            "clip": files.printable(clip),
            "output": shown,
            "seconds": round(done.seconds, 2),
            "size": [done.width, done.height],
            "frames": done.frames,
            "shots": done.shots,
            "length": round(done.length, 3),
        }
        console.result(found if done.complete else found | {"complete": False})
    else:
        typer.echo(
            f"{shown}  ({done.width}×{done.height}, {done.frames} frames, {done.length:.1f} s of "
            f"film, {done.seconds:.1f} s)"
        )
