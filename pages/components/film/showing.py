"""Film, what is shown: frames as they come, players, the way to take a film home."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.film.painting import Film
from core.jobs import Handle
from pages.components.guard import guarded
from pages.components.stylize import progress as live
from pages.components.ui import downloads, progress, uploads


@st.fragment(run_every=0.5)
@guarded()
def follow(job: Handle, at_first: bytes, name: str) -> None:
    """Frames as they come; the rest of the page stays as it is until it is done."""
    job.touch()
    if job.is_finished:
        st.rerun()
    now = job.progress
    if now is not None and now.preview is not None:
        st.session_state.film_shown = (now.step, now.preview)
    number, shown = st.session_state.get("film_shown", (0, at_first))
    live.picture(shown, number=number, alt=f"{name}, being painted", key=f"film-live-{job.key}")
    text, share = progress.in_line(job) or "Mixing the colors", 0.0
    if now is not None and now.phase == "finishing":
        text, share = "Putting the sound to it", 1.0
    elif now is not None and now.step:
        text, share = f"Frame {now.step} of {now.of}", now.fraction
        if now.seconds_left is not None:
            text += f", {live.left(now.seconds_left)}"
    if progress.bar(share, text, key="stop-film"):
        job.cancel()


def play(path: Path, alt: str, width: int, *, loop: bool = False) -> None:
    """A player for a film; a GIF plays by itself. Its pixels are enlarged twice at most."""
    if path.suffix == ".gif":
        st.image(path.read_bytes(), alt=alt, width=2 * width)
    else:
        kind = "video/webm" if path.suffix == ".webm" else "video/mp4"
        # A loop has no sound, and browsers start by themselves only what is muted.
        st.video(
            path.read_bytes(), format=kind, width=2 * width, loop=loop, autoplay=loop, muted=loop
        )


def take_home(film: Film, stem: str) -> None:
    """The download, and what is to be known of a film."""
    downloads.button(
        "Download film",
        film.path.read_bytes,
        uploads.file_name(stem, f"-painted{film.path.suffix}"),
        type="primary",
    )
    counted = "1 frame" if film.frames == 1 else f"{film.frames} frames"
    st.caption(
        f"{counted} in {film.seconds:.0f} seconds, {film.width}×{film.height}, "
        f"{film.length:.1f} seconds of film. {film.note}"
    )
