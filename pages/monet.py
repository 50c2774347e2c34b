"""Monet: a photo becomes a painting, a painting a photo."""

from __future__ import annotations

import io
import uuid
import zipfile
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from core import errors, examples, images, jobs, models, monet
from core.jobs import Job, State
from core.monet.tiled import Stopped
from pages.components.ui import charts, compare, downloads, pictures, theme, uploads
from pages.components.ui.guard import guarded
from pages.components.ui.uploads import Given
from pages.components.ui.warm_up import warm_up_in_background

PATIENCE = 20.0  # seconds after which an abandoned page stops painting
KEPT = 24  # pictures of a visit that stay painted

theme.apply()
warm_up_in_background()


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


@dataclass(frozen=True)
class Finished:
    """A painted picture as the visit keeps it: JPEGs, a tenth of the pixels' size."""

    before: bytes
    after: bytes
    seconds: float


if "monet_painted" not in st.session_state:
    st.session_state.monet_painted = {}  # key to Finished, or to a sentence that says why not
    st.session_state.monet_job = None  # the latest, and what it was to paint
    st.session_state.monet_wanted = []
    st.session_state.monet_example = {}  # direction to the number of the example


def work(
    job: Job,
    wanted: list[tuple[str, bytes]],
    direction: monet.Direction,
    brush: monet.Brush,
    painted: dict[str, Finished | str],
) -> None:
    """Paints what is not painted yet, one picture after the other."""
    for key, data in wanted:
        if job.stopping:
            return
        try:
            picture = images.load(data, enough=monet.LONGEST)
            done = monet.paint(
                picture.pixels, direction, brush=brush, stopping=lambda: job.stopping
            )
        except images.UnreadablePicture as error:
            painted[key] = str(error)
        except Stopped:
            return
        except models.WeightsError:
            raise  # the next one would not fare better
        except Exception as error:  # the others' turn comes all the same
            painted[key] = errors.sentence(error)
        else:
            before, after = (
                images.encode(pixels, "JPEG", quality=95, subsampling=0)
                for pixels in (done.before, done.after)
            )
            painted[key] = Finished(before, after, done.seconds)
        job.report(key)


@st.fragment(run_every=0.4)
@guarded()
def follow(job: Job, wanted: list[str]) -> None:
    """The progress, while the rest of the page stays as it is; each result redraws it."""
    job.touch()
    done = sum(key in st.session_state.monet_painted for key in wanted)
    if job.is_finished or done > st.session_state.monet_shown:
        st.rerun()
    if job.place:
        text = f"In line: {job.place} before you"
    elif not monet.is_loaded(direction):
        text = "Mixing the colours. This takes a few seconds, only the first time."
    else:
        text = f"Painting picture {done + 1} of {len(wanted)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress((done + 0.5) / len(wanted), text=text)
        if st.button("Stop", icon=":material/stop_circle:", key="stop-monet"):
            job.cancel()


def see_to(wanted: dict[str, bytes]) -> None:
    """Has pictures painted that are not painted yet, and shows how far that is."""
    painted = st.session_state.monet_painted
    missing = [(key, data) for key, data in wanted.items() if key not in painted]
    job: Job | None = st.session_state.monet_job
    if job is not None and st.session_state.monet_wanted != list(wanted):
        job.cancel()  # the visitor has changed their mind
        job = None
    if not missing:
        return
    if job is not None and job.state is State.failed:
        st.error(job.sentence)
        return
    if job is not None and job.state is State.cancelled:
        st.info("Stopped. What was painted stays.")
        if not st.button("Go on", icon=":material/play_arrow:", key="go-on-monet"):
            return
        job = None
    if job is None:
        for old in [key for key in painted if key not in wanted][:-KEPT]:
            del painted[old]
        way, size = direction, brush  # as they are now: the job outlives this run
        job = jobs.submit(
            f"monet-{uuid.uuid4().hex}",
            lambda job: work(job, missing, way, size, painted),
            patience=PATIENCE,
        )
        st.session_state.monet_job, st.session_state.monet_wanted = job, list(wanted)
    st.session_state.monet_shown = len(wanted) - len(missing)
    follow(job, list(wanted))


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
    found = monet.cycle(picture.pixels, direction, brush=brush)
    shown = [images.encode(p, "JPEG", quality=90) for p in (found.start, found.there, found.back)]
    return shown, found.error


def file_name(given: Given) -> str:
    """What a result is called on the visitor's machine."""
    return uploads.file_name(given.stem, f"-{WAYS[direction].names[1].lower()}.jpg")


def zipped(results: list[tuple[Given, Finished]], strength: float) -> bytes:
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


def how_good(direction: monet.Direction) -> None:
    """What an evaluation found, in a visitor's words."""
    entry = models.get(monet.MODELS[direction])
    test = entry.figures.get("held_out")
    if test is None:  # it was not measured
        return
    goal = "Monets" if direction == "to-monet" else "photos"
    given = (
        f"{test['pictures']} photos that it had never seen"
        if direction == "to-monet"
        else f"the {test['pictures']} Monets that it learned from"
    )
    with st.expander("How good is it?"):
        st.markdown(
            f"Measured on {given}: of the distance "
            f"between what it was given and real {goal}, "
            f"**{charts.percent(test['distance_closed'])}** is gone in its results. Painted and "
            f"turned back, a picture differs by **{charts.percent(test['cycle_l1'])}** of the "
            f"range from where it started. Of what a network sees in the picture, "
            f"**{charts.percent(test['content_kept'])}** is kept."
        )
        st.caption(
            "Distance: kernel distance (KID) of EfficientNet-Lite0's features, of 224-pixel crops. "
            "Content: cosine of VGG16's features before and after. "
            f"Model of {entry.date}, version {entry.version}, {entry.licence}."
        )


def show(key: str, given: Given, finished: Finished) -> None:
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
            lambda: mixed(finished.before, finished.after, strength, None),
            file_name(given),
            key=f"download-{key}",
        )
        curious = st.toggle("Show the way back", key=f"cycle-{key}")
    if not curious:
        return
    shown, error = there_and_back(given.data, direction, brush)
    words = (names[0], names[1], f"{names[0]} again")
    for column, jpeg, word in zip(st.columns(3), shown, words, strict=True):
        column.image(jpeg, width="stretch", caption=word, alt=f"{given.name}: {word.lower()}")
    st.caption(
        f"Back again it differs from the start by {charts.percent(error)} of the range from black "
        "to white, on average. Training keeps this small: what must find its way back cannot "
        "forget the picture."
    )


direction: monet.Direction = st.session_state.get("monet_way") or "to-monet"
st.title(WAYS[direction].title)
st.segmented_control(
    "Which way",
    list(WAYS),
    format_func=lambda way: WAYS[way].choice,
    default="to-monet",
    key="monet_way",
    label_visibility="collapsed",
)
dropped = st.file_uploader(
    WAYS[direction].drop,
    accept_multiple_files=True,
    key=f"monet-upload-{direction}",
    help="JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF, up to 50 MB each. Nothing leaves this machine.",
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

brush: monet.Brush = "broad"
strength = 1.0
if queue:
    left, right = st.columns(2, gap="large")
    strength = (
        left.slider(
            "Strength",
            0,
            125,
            100,
            format="%d %%",
            key="monet_strength",
            help="0 is the picture as it came, 100 the result as measured; more exaggerates.",
        )
        / 100
    )
    brush = right.select_slider(
        "Brush",
        list(monet.BRUSHES),
        value="broad",
        format_func=str.capitalize,
        key="monet_brush",
        help="The size of the strokes against the picture: the short side of the canvas that "
        "the network sees, in pixels: "
        + ", ".join(f"{name} {side}" for name, side in monet.BRUSHES.items())
        + ".",
    )


how = f"{direction}-{brush}"
# By content: the same picture twice is painted once, and shown for each of its files.
see_to({f"{given.digest}-{how}": given.data for given in queue})
painted: dict[str, Finished | str] = st.session_state.monet_painted
results: list[tuple[Given, Finished]] = []
for key, given in uploads.keyed(queue):
    found = painted.get(f"{given.digest}-{how}")
    if isinstance(found, str):
        st.warning(f"**{given.label}**: {found}", icon=":material/broken_image:")
    elif found is None:
        waiting(given)
    else:
        results.append((given, found))
        show(f"{key}-{how}", given, found)
if len(results) > 1:
    downloads.button(
        f"Download all {len(results)}",
        lambda: zipped(results, strength),
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

how_good(direction)
