"""Film: a clip painted without flicker, with its own sound."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import images, jobs
from core.errors import AtelierError
from core.film import moments
from core.film.moments import Moment
from core.film.painting import Film
from core.film.tasks import FILM, FilmOrder
from core.images.types import Pixels
from core.jobs import Handle, State
from core.stylize import instant
from pages.components.film import choosing
from pages.components.film.choosing import Chosen
from pages.components.guard import guarded
from pages.components.stylize import progress as live
from pages.components.ui import downloads, pictures, progress, theme, uploads
from pages.components.ui.uploads import Given

PATIENCE = 60.0  # seconds after which an abandoned page stops painting
KEPT = 4  # films of a visit that stay
PAINT = "film-paint"  # key of the button that has it painted

theme.apply()

if "film_made" not in st.session_state:
    st.session_state.film_made = {}  # key to Film, the latest last
    st.session_state.film_refused = {}  # key to a sentence
    st.session_state.film_job = None  # the latest,
    st.session_state.film_key = None  # and what it paints


@st.cache_resource(max_entries=12, show_spinner=False)
def style(digest: str, enough: int, _given: Given) -> Pixels:
    """A style picture, read once. Nobody writes into it."""
    return images.load(_given.data, enough=enough).pixels


@st.cache_resource(max_entries=8, show_spinner=False)
def taken(digest: str, path: str, rows: int | None, _chosen: Chosen) -> list[Moment]:
    """Three moments of a clip."""
    return moments.take(Path(path), _chosen.request)


@st.cache_data(max_entries=24, show_spinner=False)
def still(key: str, number: int, _moment: Moment, _chosen: Chosen) -> bytes:
    """One of them, painted, as a JPEG."""
    painted = moments.paint(_chosen.request, _moment, styles_of(_chosen))
    return images.encode(images.preview(painted, pictures.SHOWN_SIDE), "JPEG", quality=92)


def styles_of(chosen: Chosen) -> list[Pixels | str]:
    """What paints, as the library takes it."""
    enough = round(2 * (chosen.request.rows or chosen.clip.height) * chosen.request.brush)
    return [
        each if isinstance(each, str) else style(each.digest, enough, each)
        for each in chosen.styles
    ]


def begin(chosen: Chosen) -> Handle:
    """Has the film painted, and shows it from then on."""
    ending = ".gif" if chosen.clip.kind == "gif" else ".mp4"
    out = choosing.folder() / f"{chosen.key}{ending}"
    order = FilmOrder(chosen.request, chosen.path, styles_of(chosen), out)
    job = jobs.submit(FILM, order, patience=PATIENCE)
    st.session_state.film_refused.pop(chosen.key, None)
    st.session_state.film_job, st.session_state.film_key = job, chosen.key
    return job


def collect() -> None:
    """Takes what a finished job has made; one for something else is stopped: minds change."""
    state = st.session_state
    job: Handle | None = state.film_job
    if job is None or not job.is_finished:
        return
    if job.state is State.failed:
        state.film_refused[state.film_key] = job.sentence
    elif (film := job.result()) is not None:
        state.film_made.pop(state.film_key, None)
        state.film_made[state.film_key] = film
    for old in list(state.film_made)[:-KEPT]:
        state.film_made.pop(old).path.unlink(missing_ok=True)
    state.film_job = None


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


def show(film: Film, chosen: Chosen) -> None:
    """The film, or the clip beside it, and what is to be known of it."""
    if not film.complete:
        st.info(f"Stopped. What was painted is kept: {film.frames} of {chosen.clip.frames} frames.")
    view = st.segmented_control(
        "Show",
        ["film", "both"],
        format_func={"film": "The film", "both": "With the clip"}.__getitem__,
        default="film",
        required=True,
        key="film_view",
        label_visibility="collapsed",
    )
    places = st.columns(2) if view == "both" else [st.container()]
    if view == "both":
        with places[0]:
            play(chosen.path, f"{chosen.given.name}, as it came", film.width)
    with places[-1]:
        play(film.path, f"{chosen.given.name}, painted", film.width)
    downloads.button(
        "Download film",
        film.path.read_bytes,
        uploads.file_name(chosen.given.stem, f"-painted{film.path.suffix}"),
        type="primary",
    )
    counted = "1 frame" if film.frames == 1 else f"{film.frames} frames"
    st.caption(
        f"{counted} in {film.seconds:.0f} seconds, {film.width}×{film.height}, "
        f"{film.length:.1f} seconds of film. {film.note}"
    )


def play(path: Path, alt: str, width: int) -> None:
    """A player for a film; a GIF plays by itself. Its pixels are enlarged twice at most."""
    if path.suffix == ".gif":
        st.image(path.read_bytes(), alt=alt, width=2 * width)
    else:
        kind = "video/webm" if path.suffix == ".webm" else "video/mp4"
        st.video(path.read_bytes(), format=kind, width=2 * width)


def look_ahead(chosen: Chosen, found: list[Moment]) -> None:
    """Three moments, painted at once."""
    columns = st.columns(len(found) or 1)
    ready = chosen.request.way == "monet" or instant.is_loaded()
    waiting = "Painting three moments" if ready else "Mixing the colors. This takes a few seconds."
    with st.spinner(waiting):
        for number, (column, moment) in enumerate(zip(columns, found, strict=True)):
            second = f"{moment.share * chosen.clip.seconds:.1f} s"
            jpeg = still(chosen.key, number, moment, chosen)
            column.image(
                jpeg, width="stretch", caption=second, alt=f"{chosen.given.name} at {second}"
            )


st.title("Your clip, as they would have painted it")
try:
    chosen = choosing.choose()
except AtelierError as error:
    st.error(str(error))
    st.stop()
if chosen is None:
    st.caption(
        "It comes back with its own sound, speed and shape, and without flicker: paint goes along "
        "with what it lies on. Short clips first: each second is some thirty paintings."
    )
    st.stop()

job: Handle | None = st.session_state.film_job
if job is not None and not job.is_finished and st.session_state.film_key != chosen.key:
    job.cancel()
    st.session_state.film_job = job = None
collect()
job = st.session_state.film_job
if job is None and (sentence := st.session_state.film_refused.get(chosen.key)):
    st.error(sentence)
made: Film | None = st.session_state.film_made.get(chosen.key)
if job is None and made is not None:
    show(made, chosen)
try:
    found = taken(chosen.given.digest, str(chosen.path), chosen.request.rows, chosen)
    if job is not None:
        first = images.encode(found[0].pixels, "JPEG") if found else b""
        follow(job, first, chosen.given.name)
    else:
        again = made is not None
        if st.button(
            "Paint it again" if again else "Paint the film",
            type="secondary" if again else "primary",
            icon=":material/movie:",
            key=PAINT,
        ):
            st.session_state.pop("film_shown", None)
            begin(chosen)
            st.rerun()
    look_ahead(chosen, found)
except AtelierError as error:
    st.error(str(error))
