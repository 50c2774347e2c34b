"""Stylize: a photo painted like a picture, or like a painter, while you watch."""

from __future__ import annotations

import dataclasses
import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import errors, images, models, tensorflow_compat
from core.errors import AtelierError
from core.images.types import Pixels
from core.jobs import Handle, State
from core.stylize import artist_styles, extractors
from core.stylize.request import StylizeRequest
from core.stylize.session import Painting, making_of, metadata, quickest
from pages.components import noted
from pages.components.guard import guarded
from pages.components.stylize import progress, regions, settings, subject
from pages.components.stylize.regions import Parts
from pages.components.stylize.subject import Subject
from pages.components.ui import compare, downloads, pictures, theme, uploads
from pages.components.work import painting
from pages.components.work.commission import Commission

PATIENCE = 20.0  # seconds after which an abandoned page stops painting
KEPT = 8  # paintings of a visit that stay
PAINT = "stylize-paint"  # key of the button that has it painted, or painted further

theme.apply()

if "stylize_painted" not in st.session_state:
    st.session_state.stylize_painted = {}  # key to Painting, the latest last
    st.session_state.stylize_noted = {}  # key to its number in the journal,
    st.session_state.stylize_sketched = None  # and that of the instant picture on screen
    st.session_state.stylize_refused = {}  # key to a sentence
    st.session_state.stylize_jobs = {}  # of which the painting is to be taken: key, what was before
    st.session_state.stylize_job = None  # the latest,
    st.session_state.stylize_key = None  # what it paints,
    st.session_state.stylize_scale = None  # and the scale that was shown last
    st.session_state.stylize_sketched_key = None  # of the latest instant picture


@st.cache_resource(max_entries=12, show_spinner=False)
def sketch(key: str, _wanted: Commission) -> tuple[Pixels, int | None]:
    """An instant picture, painted and noted once, and its number in the journal."""
    started = time.monotonic()
    pixels = painting.at_once(_wanted)
    seconds = time.monotonic() - started
    return pixels, noted.painted("instant", seconds=seconds, pixels=pixels[..., 0].size)


@st.cache_data(max_entries=24, show_spinner=False)
def as_jpeg(picture: Pixels) -> bytes:
    """A painting as the page shows it."""
    return images.encode(images.preview(picture, pictures.SHOWN_SIDE), "JPEG", quality=92)


def commission(chosen: Subject, request: StylizeRequest, parts: Parts) -> Commission:
    """Puts together what is to be painted."""
    for style in chosen.styles:
        if style.artist:  # a damaged one is told here
            artist_styles.load(style.artist)
    styles = [each.picture or each.key for each in chosen.styles]
    return Commission(request=request, photo=chosen.photo, styles=styles, masks=parts.masks)


def key_of(chosen: Subject, parts: Parts, *how: object) -> str:
    """A short name for a painting: the same for the same picture, styles and settings."""
    told = (chosen.photo.digest, [each.key for each in chosen.styles], parts.digests, *how)
    return pictures.digest(repr(told).encode())


def begin(key: str, wanted: Commission) -> Handle:
    """Has it painted, and shows it from then on."""
    job = painting.refine(wanted, PATIENCE)
    st.session_state.stylize_refused.pop(key, None)
    st.session_state.stylize_jobs[job] = key, wanted.earlier
    st.session_state.stylize_job = job
    st.session_state.stylize_key, st.session_state.stylize_scale = key, None
    return job


def collect() -> None:
    """Takes what finished jobs have painted, whoever looked at them last."""
    painted: dict[str, Painting] = st.session_state.stylize_painted
    waiting: dict[Handle, tuple[str, Painting | None]] = st.session_state.stylize_jobs
    for job, (key, earlier) in list(waiting.items()):
        if not job.is_finished:
            continue
        del waiting[job]
        if job.state is State.failed:
            st.session_state.stylize_refused[key] = job.sentence
        elif (found := job.result()) is not None:
            painted.pop(key, None)
            painted[key] = found
            if earlier is None or found.step > earlier.step:
                st.session_state.stylize_noted[key] = noted.refined(found, earlier)
    for old in list(painted)[:-KEPT]:
        del painted[old]


def job_of(key: str) -> Handle | None:
    """The job that paints this now. One for something else is stopped: minds change."""
    job: Handle | None = st.session_state.stylize_job
    if job is not None and job.is_finished:
        st.session_state.stylize_job = job = None
    if job is not None and st.session_state.stylize_key != key:
        job.cancel()
        st.session_state.stylize_job = None
        st.rerun()
    collect()  # now, lest a job finishes in between
    return job


# Watching takes of the same cores as painting: what is drawn anew often is little.
@st.fragment(run_every=0.4)
@guarded()
def follow(job: Handle, at_first: bytes, name: str) -> None:
    """The picture as it forms; the rest of the page stays as it is until it is done."""
    job.touch()
    if job.is_finished:
        st.rerun()
    now, shown = job.progress, at_first
    if now is not None and now.step:
        shown = now.preview or at_first
        if now.still is not None and now.scale != st.session_state.stylize_scale:
            shown, st.session_state.stylize_scale = now.still, now.scale
    progress.picture(
        shown,
        number=now.step if now else 0,
        alt=f"{name}, being painted",
        key=f"live-{job.key}",
    )
    share, text = progress.words(job, warming=quickest.WARMING)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, share), text=text)
        if st.button("Stop", icon=":material/stop_circle:", key="stop-stylize"):
            job.cancel()


@st.fragment(run_every=3)
@guarded()
def follow_losses(job: Handle) -> None:
    """The losses so far: a chart costs the browser more than a picture does."""
    now = job.progress
    if now is not None and len(now.curve) > 1:
        progress.draw_curves(now.curve, key="curves-live")


def at_once(
    chosen: Subject, parts: Parts, wanted: Commission, place: DeltaGenerator
) -> Pixels | None:
    """The instant picture, or a sentence on the page in its place."""
    how = wanted.request
    in_regions = how.region_styles, how.region_strengths, how.soft_edge
    key = key_of(
        chosen,
        parts,
        *(how.style_weights, how.strength, how.rows, how.brush, how.keep_colors),
        *(in_regions if parts.masks else ()),
    )
    try:
        waiting = painting.waits()
        if waiting and key != st.session_state.stylize_sketched_key:
            with place.container():
                st.image(pictures.shown(chosen.photo.data), width="stretch", alt=chosen.photo.name)
                with st.spinner(waiting):
                    sketch(key, wanted)
        picture, st.session_state.stylize_sketched = sketch(key, wanted)
        st.session_state.stylize_sketched_key = key
        return picture
    except models.WeightsError as error:
        instead = " Refine paints all the same, from the photo." if painting.can_refine() else ""
        st.info(
            f"There is no picture at once. {error}{instead}",
            icon=":material/brush:",
        )
    except Exception as error:  # refining may still do, and says itself what it cannot
        st.error(errors.sentence(error))
    return None


def save(picture: Pixels, request: StylizeRequest, chosen: Subject, **more: object) -> bytes:
    """The picture as a PNG with its settings."""
    names = [each.name for each in chosen.styles]
    regions_of = request.region_styles or (None,)  # the last one is all else
    masks = [f"region {number}" for number in range(1, len(regions_of))]
    return metadata.png(
        picture, request, content=chosen.photo.name, styles=names, masks=masks, **more
    )


def show(picture: Pixels, name: str, chosen: Subject) -> None:
    """Photo and painting with a line to draw across, or the painting alone, to look closely."""
    if st.session_state.get("stylize_view") == "alone":
        jpeg = images.encode(picture, "JPEG", quality=95)
        st.image(jpeg, width="stretch", alt=f"{chosen.name}: {name.lower()}")
        return
    compare.before_after(
        pictures.shown(chosen.photo.data),
        as_jpeg(picture),
        names=("Photo", name),
        of=chosen.name,
        key="stylize-compare",  # one for all: the line stays where it was drawn to
    )


def view() -> None:
    """With the photo, or alone: there Streamlit offers the whole screen."""
    st.segmented_control(
        "Show",
        ["both", "alone"],
        format_func={"both": "With the photo", "alone": "Alone"}.__getitem__,
        default="both",
        required=True,
        key="stylize_view",
        label_visibility="collapsed",
        help="Alone it can be opened over the whole screen.",
    )


def unfinished(picture: Pixels | None, chosen: Subject, request: StylizeRequest) -> None:
    """Before refining: the instant picture, and the way on."""
    can_refine = painting.can_refine()
    if picture is None:
        st.image(pictures.shown(chosen.photo.data), width="stretch", alt=chosen.photo.name)
    else:
        show(picture, "At once", chosen)
    with st.container(horizontal=True, vertical_alignment="center"):
        if can_refine:
            st.button("Refine", type="primary", icon=":material/brush:", key=PAINT)
        if picture is not None:
            downloads.button(
                "Download",
                noted.taken(
                    [st.session_state.stylize_sketched],
                    lambda: save(picture, request.changed(mode="instant"), chosen),
                ),
                uploads.file_name(chosen.name, "-instant.png"),
            )
            view()
    if can_refine:
        st.caption("Refine goes over it again and again, coarse to fine, while you watch.")
    else:
        st.caption(tensorflow_compat.missing("Refining"))


def finished(done: Painting, key: str, chosen: Subject) -> None:
    """What was painted, as far as it came, to look at, take home and go on with."""
    show(done.pixels, "Painting", chosen)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Go on painting",
            type="secondary" if done.complete else "primary",
            icon=":material/play_arrow:",
            key=PAINT,
        )
        downloads.button(
            "Download picture",
            noted.taken(
                [st.session_state.stylize_noted.get(key)],
                lambda: save(done.pixels, done.request, chosen, steps_done=done.step),
            ),
            uploads.file_name(chosen.name, "-painted.png"),
            type="primary" if done.complete else "secondary",
        )
        downloads.button(
            "Download film",
            lambda: making_of.animate(done.frames),
            uploads.file_name(chosen.name, "-painted.webp"),
            type="secondary",
            icon=":material/movie:",
            help="The painting being made, as an animated WebP",
        )
        view()
    title = extractors.get(done.request.network).title
    height, width = done.pixels.shape[:2]
    steps = "1 step" if done.step == 1 else f"{done.step} steps"
    words = f"{steps} in {done.seconds:.0f} seconds with {title}, {width}×{height}."
    st.caption(words if done.complete else f"Stopped, and kept as it is: {words}")
    if done.note:
        st.info(done.note, icon=":material/info:")
    if len(done.curve) > 1:
        with st.expander("How it went"):
            progress.draw_curves(done.curve, key=f"curves-{key}")


st.title("Your photo, as they would have painted it")
chosen = subject.choose()
if chosen is None:
    st.stop()

job: Handle | None = st.session_state.stylize_job
# Known before its button is drawn again, further down: painting begins in the run of the click.
asked: bool = st.session_state.get(PAINT, False)
running = job is not None and not job.is_finished
parts = regions.choose(chosen, disabled=asked or running)
left, right = st.columns([5, 2], gap="large")
with right:
    try:
        if asked and not running:
            settings.hold()
        request = settings.choose(chosen.styles, disabled=asked or running)
        request = parts.asked(request, chosen.styles)
        wanted = commission(chosen, request, parts)
    except AtelierError as error:
        left.error(str(error))
        st.stop()
key = key_of(chosen, parts, request.changed(steps=1))  # more steps make the same painting
job = job_of(key)
asked = asked and job is None  # a second click of a double one finds the job of the first

with left:
    if not asked and (sentence := st.session_state.stylize_refused.get(key)):
        st.error(sentence)
    painted: Painting | None = st.session_state.stylize_painted.get(key)
    place = st.empty()
    if job is None and painted is not None and not asked:
        finished(painted, key, chosen)
        st.stop()
    at_first = at_once(chosen, parts, wanted, place) if painted is None else painted.pixels
    place.empty()
    if asked:
        sketched = at_first if painted is None else None
        job = begin(key, dataclasses.replace(wanted, sketch=sketched, earlier=painted))
    if job is None:
        unfinished(at_first, chosen, request)
    else:
        follow(
            job,
            pictures.shown(chosen.photo.data) if at_first is None else as_jpeg(at_first),
            chosen.name,
        )
        follow_losses(job)
painting.warm_up()  # while the visitor looks at the instant picture
