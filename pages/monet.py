"""Monet: a photo becomes a painting, a painting a photo."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import get_args

import streamlit as st

from core import examples, images, models, monet
from core.jobs import Handle, State
from core.monet import MonetPayload, MonetRequest, MonetResult
from core.requests import described
from pages.components import noted
from pages.components.guard import guarded
from pages.components.monet import evaluation
from pages.components.ui import charts, compare, downloads, pictures, progress, theme, uploads
from pages.components.ui.fields import label, tip
from pages.components.ui.uploads import Given
from pages.components.work import painting, where

PATIENCE = 20.0  # seconds after which an abandoned page stops painting
KEPT = 24  # pictures of a visit that stay painted
DEFAULT = MonetRequest()

theme.apply()


@dataclass(frozen=True)
class Way:
    """What the page says in one direction."""

    choice: str
    title: str
    drop: str
    names: tuple[str, str]
    works: str


WAYS: dict[monet.Direction, Way] = {
    "to-monet": Way(
        choice="Photo to Monet",
        title="Your photo, as Monet might have painted it",
        drop="Drop a photo here, or several",
        names=("Photo", "Monet"),
        works="Landscapes, water, gardens and skies in daylight suit it best. "
        "Faces, night, lettering and close-ups of things do not: Monet painted few.",
    ),
    "to-photo": Way(
        choice="Monet to photo",
        title="A Monet, as a camera might have seen it",
        drop="Drop a painting here, or several",
        names=("Painting", "Photo"),
        works="Impressionist landscapes suit it best. It takes the brush strokes for leaves, "
        "waves and clouds; where there are none, little changes.",
    ),
}


if "monet_painted" not in st.session_state:
    st.session_state.monet_painted = {}  # key to MonetResult, or to a sentence that says why not
    st.session_state.monet_noted = {}  # key to its number in the journal
    st.session_state.monet_jobs = {}  # key to the job that paints it, in the order of painting
    st.session_state.monet_refused = {}  # key to a sentence: without its model nothing is painted
    st.session_state.monet_stopped = False
    st.session_state.monet_example = {}  # direction to the number of the example


def collect() -> None:
    """Takes what finished jobs have painted; those that were stopped before stay as they are."""
    state = st.session_state
    for key, job in list(state.monet_jobs.items()):
        if not job.is_finished:
            continue
        if job.state is State.failed:
            without_model = isinstance(job.error, models.WeightsError)
            (state.monet_refused if without_model else state.monet_painted)[key] = job.sentence
        elif (result := job.result()) is not None:
            state.monet_painted[key] = result
            state.monet_noted[key] = noted.monet(key, result)
        else:
            continue
        del state.monet_jobs[key]


def forget(wanted: dict[str, bytes]) -> None:
    """The visitor has changed their mind: what is not wanted any more is not painted either."""
    state = st.session_state
    for key in [key for key in state.monet_jobs if key not in wanted]:
        state.monet_jobs.pop(key).cancel()
    for key in [key for key in state.monet_refused if key not in wanted]:
        del state.monet_refused[key]
    for key in [key for key in state.monet_painted if key not in wanted][:-KEPT]:
        del state.monet_painted[key]


def stop() -> None:
    """Stops all; what is painted stays."""
    for key, job in st.session_state.monet_jobs.items():
        if job.state is State.running:
            noted.monet(key, None)
        job.cancel()
    st.session_state.monet_stopped = True
    st.rerun()


@st.fragment(run_every=0.4)
@guarded()
def follow(running: dict[str, Handle], of: int) -> None:
    """The progress, while the rest of the page stays as it is; each result redraws it."""
    for job in running.values():
        job.touch()
    if any(job.is_finished for job in running.values()):
        st.rerun()
    now, done = next(iter(running.values())), of - len(running)
    text = f"Painting picture {done + 1} of {of}"
    if now.progress is not None and now.progress.phase == "loading":
        text = progress.LOADING
    if progress.bar((done + 0.5) / of, progress.in_line(now) or text, key="stop-monet"):
        stop()


def see_to(wanted: dict[str, bytes], request: MonetRequest) -> None:
    """Has pictures painted that are not painted yet, and shows how far that is."""
    state = st.session_state
    collect()
    forget(wanted)
    for sentence in dict.fromkeys(state.monet_refused.values()):
        st.error(sentence)
    known = {*state.monet_painted, *state.monet_refused}
    missing = {key: data for key, data in wanted.items() if key not in known}
    given_up = any(job.state is State.cancelled for job in state.monet_jobs.values())
    stopped = state.monet_stopped or given_up
    if stopped and missing.keys() <= state.monet_jobs.keys() and missing:
        st.info("Stopped. What was painted stays.")
        if not st.button("Go on", icon=":material/play_arrow:", key="go-on-monet"):
            return
    if stopped:
        state.monet_jobs, state.monet_stopped = {}, False
    for key, data in missing.items():
        if key not in state.monet_jobs:
            payload = MonetPayload(request, data)
            state.monet_jobs[key] = painting.as_monet(payload, PATIENCE)
    if state.monet_jobs:
        follow(state.monet_jobs, len(wanted))


@st.cache_data(max_entries=16, show_spinner=False)
def mixed(before: bytes, after: bytes, strength: float, side: int | None) -> bytes:
    """The result at a strength as a JPEG, at most `side` pixels a side."""
    pixels = monet.blend(images.load(before).pixels, images.load(after).pixels, strength)
    if side:
        pixels = images.preview(pixels, side)
    return images.encode(pixels, "JPEG", quality=92)


@st.cache_data(max_entries=16, show_spinner="Painting, and turning the painting back …")
def there_and_back(
    data: bytes, direction: monet.Direction, brush: monet.Brush
) -> tuple[list[bytes], float]:
    """The three pictures of a cycle as JPEGs, and its error."""
    picture = images.load(data, enough=monet.LONGEST)
    found = painting.cycle(picture.pixels, direction, brush)
    shown = [images.encode(p, "JPEG", quality=90) for p in (found.start, found.there, found.back)]
    return shown, found.error


def file_name(given: Given) -> str:
    """What a result is called on the visitor's machine."""
    return uploads.file_name(given.stem, f"-{WAYS[direction].names[1].lower()}.jpg")


def zipped(results: list[tuple[Given, MonetResult]], strength: float) -> bytes:
    """All results in one file, numbered: names may be the same."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, (given, finished) in enumerate(results, start=1):
            jpeg = mixed(finished.before, finished.after, strength, None)
            archive.writestr(f"{number:02}-{file_name(given)}", jpeg)
    return buffer.getvalue()


def waiting(given: Given) -> None:
    """A picture whose turn has not come."""
    with suppress(images.UnreadablePicture):  # that is said when its turn comes
        st.image(pictures.shown(given.data), width="stretch", alt=f"{given.name}, not painted yet")


def show(key: str, given: Given, finished: MonetResult, number: int | None) -> None:
    """One result: before and after, download, and the way back for the curious."""
    names = WAYS[direction].names
    compare.before_after(
        pictures.shown(finished.before),
        mixed(finished.before, finished.after, strength, pictures.SHOWN_SIDE),
        names=names,
        of=given.name,
        key=f"compare-{key}",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        downloads.button(
            "Download",
            noted.taken(
                [number],
                lambda: mixed(finished.before, finished.after, strength, None),
            ),
            file_name(given),
            key=f"download-{key}",
        )
        curious = st.toggle(
            "Show the cycle",
            key=f"cycle-{key}",
            help="The way back: the painting is turned into a photo again, or the photo into a "
            "painting.",
        )
    if not curious:
        return
    shown, error = there_and_back(given.data, direction, brush)
    words = (names[0], names[1], f"{names[0]} again")
    for column, jpeg, word in zip(st.columns(3), shown, words, strict=True):
        column.image(jpeg, width="stretch", caption=word, alt=f"{given.name}: {word.lower()}")
    st.caption(
        f"Cycle error: back again it differs from the start by {charts.percent(error)} of the "
        "range from black to white, on average. Training keeps this small: what must find its "
        "way back cannot forget the picture."
    )


direction: monet.Direction = st.session_state.get("monet_way") or DEFAULT.direction
st.title(WAYS[direction].title)
st.segmented_control(
    label(MonetRequest, "direction"),
    list(WAYS),
    format_func=lambda way: WAYS[way].choice,
    default=DEFAULT.direction,
    key="monet_way",
    label_visibility="collapsed",
)
if direction == "to-photo":
    st.caption(evaluation.what_for())
dropped = st.file_uploader(
    WAYS[direction].drop,
    accept_multiple_files=True,
    key=f"monet-upload-{direction}",
    help=f"{uploads.formats()} each. {where()}",
)
st.caption(WAYS[direction].works)

offered: tuple[examples.Example | examples.Photo, ...] = (
    examples.photos() if direction == "to-monet" else examples.catalogue()[:4]
)
queue = [uploads.given(upload.name, upload.getvalue()) for upload in dropped]
if queue:
    st.session_state.monet_example.pop(direction, None)
elif direction in st.session_state.monet_example:
    chosen = offered[st.session_state.monet_example[direction]]
    queue = [uploads.given(f"{chosen.title}.jpg", chosen.read())]

brush, strength = DEFAULT.brush, DEFAULT.strength
if queue:
    limits = described(MonetRequest, "strength")
    left, right = st.columns(2, gap="medium")
    percent = left.slider(
        label(MonetRequest, "strength"),
        round(100 * (limits.low or 0)),
        round(100 * (limits.high or 1)),
        round(100 * strength),
        format="%d %%",
        key="monet_strength",
        help=tip(MonetRequest, "strength"),
    )
    strength = percent / 100
    brush = right.select_slider(
        label(MonetRequest, "brush"),
        get_args(monet.Brush),
        value=brush,
        format_func=str.capitalize,
        key="monet_brush",
        help=tip(MonetRequest, "brush"),
    )

how = f"{direction}-{brush}"
# By content: the same picture twice is painted once, and shown for each of its files.
see_to(
    {f"{given.digest}-{how}": given.data for given in queue},
    MonetRequest(direction=direction, brush=brush),  # the strength is mixed when looked at
)
painted: dict[str, MonetResult | str] = st.session_state.monet_painted
results: list[tuple[Given, MonetResult]] = []
numbers: list[int | None] = []  # in the journal
for key, given in uploads.keyed(queue):
    found = painted.get(f"{given.digest}-{how}")
    if isinstance(found, str):
        st.warning(f"**{given.label}**: {found}", icon=":material/broken_image:")
    elif found is None:
        waiting(given)
    else:
        results.append((given, found))
        numbers.append(st.session_state.monet_noted.get(f"{given.digest}-{how}"))
        show(f"{key}-{how}", given, found, numbers[-1])
if len(results) > 1:
    downloads.button(
        f"Download all {len(results)}",
        noted.taken(numbers, lambda: zipped(results, strength)),
        f"atelier-{direction}.zip",
        type="secondary",
    )

if not dropped:
    st.markdown("**Nothing at hand? Try one of these.**" if not queue else "**Another one?**")
    for column, (number, example) in zip(st.columns(len(offered)), enumerate(offered), strict=True):
        column.image(
            pictures.example(example, pictures.THUMB_SIDE),
            width="stretch",
            alt=f"{example.title}, a picture to try",
        )
        if column.button(example.title, key=f"monet-example-{direction}-{number}", width="stretch"):
            st.session_state.monet_example[direction] = number
            st.rerun()

evaluation.how_good(direction)
