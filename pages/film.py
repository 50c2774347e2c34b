"""Film: a clip painted without flicker, with its own sound."""

from __future__ import annotations

import uuid
from pathlib import Path

import streamlit as st

from core import images, jobs
from core.errors import AtelierError
from core.film import moments
from core.film.moments import Moment
from core.film.painting import Film
from core.film.tasks import FILM, JOURNEY, FilmOrder, JourneyOrder
from core.images.types import Pixels
from core.jobs import Handle, State
from core.stylize import instant
from pages.components.film import choosing, journey, showing
from pages.components.film.choosing import Chosen
from pages.components.film.journey import Journey
from pages.components.ui import pictures, theme
from pages.components.ui.uploads import Given

PATIENCE = 60.0  # seconds after which an abandoned page stops painting
KEPT = 4  # films of a visit that stay
PAINT = "film-paint"  # key of the button that has it painted
SET_OUT = "film-set-out"  # and of that for a journey

theme.apply()

if "film_made" not in st.session_state:
    st.session_state.film_made = {}  # key to Film, the latest last
    st.session_state.film_refused = {}  # key to a sentence
    st.session_state.film_jobs = {}  # handle to key, of those whose film is to be taken
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


def begin(chosen: Chosen) -> None:
    """Has the film painted, and shows it from then on."""
    ending = ".gif" if chosen.clip.kind == "gif" else ".mp4"
    # Its own file: the film of before stays until this one is whole.
    out = choosing.folder() / f"{chosen.key}-{uuid.uuid4().hex}{ending}"
    order = FilmOrder(chosen.request, chosen.path, styles_of(chosen), out)
    started(jobs.submit(FILM, order, patience=PATIENCE), chosen.key)


def started(job: Handle, key: str) -> None:
    """A job is at work for the page from now on."""
    state = st.session_state
    state.film_refused.pop(key, None)
    state.pop("film_shown", None)
    state.film_jobs[job] = key
    state.film_job, state.film_key = job, key


def collect() -> None:
    """Takes what finished jobs have made, whoever looked at them last."""
    state = st.session_state
    waiting: dict[Handle, str] = state.film_jobs
    for job, key in list(waiting.items()):
        if not job.is_finished:
            continue
        del waiting[job]
        if job.state is State.failed:
            if key not in waiting.values():  # else a later one for the same is at work
                state.film_refused[key] = job.sentence
        elif (film := job.result()) is not None:
            state.film_made[key] = better(film, state.film_made.pop(key, None))
        if job is state.film_job:
            state.film_job = None
    # Those that were stopped go first, whole ones stay longest; the last is what the page shows.
    *others, _ = state.film_made or [""]
    for old in sorted(others, key=lambda key: state.film_made[key].complete)[: 1 - KEPT]:
        state.film_made.pop(old).path.unlink(missing_ok=True)


def better(film: Film, before: Film | None) -> Film:
    """The film to keep of two of the same: the later one, unless only the other is whole."""
    if before is None:
        return film
    if before.complete and not film.complete:
        film, before = before, film
    before.path.unlink(missing_ok=True)
    return film


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
            showing.play(chosen.path, f"{chosen.given.name}, as it came", film.width)
    with places[-1]:
        showing.play(film.path, f"{chosen.given.name}, painted", film.width)
    showing.take_home(film, chosen.given.stem)


def look_ahead(chosen: Chosen, found: list[Moment]) -> None:
    """Three moments, painted at once; none of a clip that does not say when they are."""
    if not found:
        return
    columns = st.columns(len(found))
    ready = chosen.request.way == "monet" or instant.is_loaded()
    waiting = "Painting three moments" if ready else "Mixing the colors. This takes a few seconds."
    with st.spinner(waiting):
        for number, (column, moment) in enumerate(zip(columns, found, strict=True)):
            second = f"{moment.share * chosen.clip.seconds:.1f} s"
            jpeg = still(chosen.key, number, moment, chosen)
            column.image(
                jpeg, width="stretch", caption=second, alt=f"{chosen.given.name} at {second}"
            )


def standing(key: str) -> tuple[Handle | None, Film | None]:
    """The job at work on this, and the film that is there already; what failed is said.

    A job for something else is stopped: minds change. What it has painted is kept.
    """
    state = st.session_state
    job: Handle | None = state.film_job
    if job is not None and not job.is_finished and state.film_key != key:
        job.cancel()
        state.film_job = None
    collect()
    if state.film_job is None and (sentence := state.film_refused.get(key)):
        st.error(sentence)
    return state.film_job, state.film_made.get(key)


def set_out(wanted: Journey) -> None:
    """A photo on a slow journey: has it painted, follows it, shows it."""
    job, made = standing(wanted.key)
    name = wanted.given.name
    if job is None and made is not None:
        showing.play(made.path, f"{name}, on its way", made.width, loop=True)
        showing.take_home(made, wanted.given.stem)
    elif job is not None:
        showing.follow(job, wanted.shown, name)
    elif st.button("Set out", icon=":material/route:", key=SET_OUT):
        request = wanted.request
        photo = images.load(wanted.given.data, enough=2 * request.rows).pixels
        out = choosing.folder() / f"{wanted.key}-{uuid.uuid4().hex}{wanted.ending}"
        order = JourneyOrder(request, photo, wanted.painters, out)
        started(jobs.submit(JOURNEY, order, patience=PATIENCE), wanted.key)
        st.rerun()


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
    with st.expander("No clip? Send a photo on a slow journey", icon=":material/route:"):
        wanted = journey.choose()
        if wanted is not None:
            try:
                set_out(wanted)
            except AtelierError as error:
                st.error(str(error))
    st.stop()

job, made = standing(chosen.key)
if job is None and made is not None:
    show(made, chosen)
try:
    found = taken(chosen.given.digest, str(chosen.path), chosen.request.rows, chosen)
    if job is not None:
        first = images.encode(found[0].pixels, "JPEG") if found else b""
        showing.follow(job, first, chosen.given.name)
    else:
        again = made is not None
        if st.button(
            "Paint it again" if again else "Paint the film",
            type="secondary" if again else "primary",
            icon=":material/movie:",
            key=PAINT,
        ):
            begin(chosen)
            st.rerun()
    look_ahead(chosen, found)
except AtelierError as error:
    st.error(str(error))
