"""Identify: who painted this?"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core import artists, errors, examples, identify, images, models
from core.identify import IdentifyRequest
from core.releases import following
from core.releases.arms import FORCED
from core.releases.following import Dealt
from pages.components.identify import choosing, cutting, keeping
from pages.components.similar import row
from pages.components.ui import cards, charts, downloads, heat, pictures, theme, uploads
from pages.components.ui.fields import label, tip, within
from pages.components.ui.progress import LOADING
from pages.components.ui.uploads import Given

# What takes long to import, and the page is to be there before: Pandas, and with SQLAlchemy the
# journal. Home has both imported in the background.
if TYPE_CHECKING:
    import pandas as pd

MOST_NAMES = 10
DEFAULT = IdentifyRequest()

theme.apply()


@dataclass(frozen=True)
class Seen:
    """One picture that was identified in this session."""

    name: str
    key: str  # tells its widgets from those of other pictures
    prediction_id: int | None  # in the journal; None if that could not be written
    result: identify.Identification


if "session" not in st.session_state:
    st.session_state.session = uuid.uuid4().hex
    st.session_state.seen = {}  # key to Seen, in the order of asking
    st.session_state.kept = {}  # prediction id to the last answer
    st.session_state.example = None


def measured(entry: models.Entry) -> str:
    """A model's figures in a visitor's words, from its evaluation."""
    figures = entry.figures
    right = charts.percent(figures["test"]["accuracy"])
    parts = [f"top-1 accuracy {right} on test paintings", f"{entry.total_bytes / 1e6:.0f} MB"]
    if "speed" in figures:
        parts.append(f"{figures['speed']['milliseconds']:.0f} ms a painting")
    return ", ".join(parts)


def dealt(model: str, asked: str | None) -> Dealt:
    """The version of a model that answers: the one asked for, or what the visitor is dealt."""
    return following.follower().deal(model, st.session_state.session, asked)


def look(key: str, given: Given, model: str, by: Dealt) -> Seen:
    """Identifies a picture once, and keeps the prediction in the journal.

    What was seen stays as it was answered, whatever is released meanwhile.
    """
    key = f"{key}-{model}" + (f"-{by.version}" if by.arm == FORCED else "")
    seen: dict[str, Seen] = st.session_state.seen
    if key not in seen:
        from core import journal

        result = glance(given.data, model, by.version)
        try:
            number = journal.record(
                result,
                picture_sha256=given.digest,
                session=st.session_state.session,
                arm=by.arm,
            )
        except journal.JournalError:
            number = None  # the visitor still gets the answer
        seen[key] = Seen(given.name, key, number, result)
    return seen[key]


@st.cache_data(max_entries=256, show_spinner=False)
def glance(data: bytes, model: str, version: str) -> identify.Identification:
    """What a version makes of a picture, which is not recorded anywhere."""
    from core import journal

    picture = images.load(data, enough=identify.ENOUGH)
    with journal.failures_kept(model, version):
        return identify.identify(picture, model, version=version, top=MOST_NAMES)


def show_upload(key: str, given: Given, model: str, by: Dealt, top: int) -> None:
    """A picture, and if it is a photo of a painting, that painting: both are named.

    What is shown large is the painting that was cut out, unless the whole is by itself so like
    the work of a known artist that there can hardly be a wall around it.
    """
    corners = cutting.found(given)
    part = given if corners is None else cutting.painting(given, corners)
    whole = glance(given.data, model, by.version)
    leads = part is not given and (whole.known is not True or cutting.was_dragged(given))
    shown = part if leads else given
    show(shown, look(f"{key}-{shown.digest[:12]}" if leads else key, shown, model, by), top)
    if part is given:
        name = "Is the painting only a part of this photo?"
    elif leads:
        name = f"Cut out of your photo; as a whole: {in_short(whole)}"
    else:
        name = f"Cut out: {in_short(glance(part.data, model, by.version))}"
    # Once a corner was dragged it stays open, whatever is drawn anew above it.
    with st.expander(name, icon=":material/crop:", expanded=cutting.was_dragged(given)):
        cutting.offer(given, corners, key=key)
    row.of_upload(shown.data)


def in_short(result: identify.Identification) -> str:
    """What a result says, in a few words."""
    first = result.guesses[0]
    if result.kind == "photograph":
        return "a photograph"
    if result.known is False:
        return "not one of the artists I know"
    return f"{first.artist.name}, {charts.percent(first.probability)}"


def show(given: Given, seen: Seen, top: int) -> None:
    """One painting with its label, chart, heat map and the question to the visitor."""
    result, first = seen.result, seen.result.guesses[0]
    guesses = result.guesses[:top]
    left, right = st.columns([3, 2], gap="large")
    with right:
        if result.kind == "photograph":
            cards.photograph_label()
            with st.expander(f"If it were a painting: {first.artist.name}"):
                cards.artist_label(first.artist)
        elif result.known is not False:
            cards.artist_label(first.artist, above="Most likely painted by")
            if result.known is None:
                st.caption(identify.CANNOT_TELL)
        else:
            cards.unknown_label()
            with st.expander(f"The closest hand I know: {first.artist.name}"):
                cards.artist_label(first.artist)
        if result.kinds is not None:
            st.caption(charts.kinds_in_words(result.kinds))
        st.markdown(
            "**Probability**" if result.known else "**Probability, if it were one of them**"
        )
        st.plotly_chart(
            charts.probabilities(guesses),
            key=f"chart-{seen.key}",
            config={"displayModeBar": False},
            alt=charts.in_words(guesses),
        )
        if seen.prediction_id is not None and ask(seen, seen.prediction_id):
            keeping.offer(seen.prediction_id, given, key=seen.key)
    with left:
        picture = st.empty()
        lit = st.toggle(
            label(IdentifyRequest, "explain"),
            key=f"heat-{seen.key}",
            help=tip(IdentifyRequest, "explain"),
        )
        if not lit:
            picture.image(
                pictures.shown(given.data), width="stretch", alt=f"Your picture {given.name}"
            )
            return
        image = heat.heat_map(given.data, result.model, first.artist.id, version=result.version)
        picture.image(
            image,
            width="stretch",
            alt=f"{given.name}: what spoke for {first.artist.name} is lit, the rest is in shade",
        )
        st.caption(
            f"Grad-CAM heat map. Lit: what spoke for {first.artist.name}. In shade: what mattered "
            "less."
        )
        downloads.button(
            "Download this picture",
            image,
            uploads.file_name(given.stem, "-where-I-looked.jpg"),
            key=f"download-{seen.key}",
        )


def ask(seen: Seen, prediction_id: int) -> bool:
    """Was this right? Keeps the answer in the journal, and tells whether there is one."""
    said = st.segmented_control("Was this right?", ["Yes", "No"], key=f"right-{seen.key}")
    if said == "Yes":
        named = None if seen.result.known is False else seen.result.guesses[0].artist.id
        return keep(prediction_id, right=True, artist_id=named)
    if said == "No":
        nobody = "Somebody else"
        name = st.selectbox(
            "Who painted it?",
            [nobody, *(artist.name for artist in artists.catalogue())],
            index=None,
            placeholder="Choose the artist",
            key=f"who-{seen.key}",
        )
        if name is not None:
            found = artists.find(name)
            return keep(prediction_id, right=False, artist_id=found.id if found else None)
    return False


def keep(prediction_id: int, *, right: bool, artist_id: str | None) -> bool:
    """Writes an answer once, and thanks; tells whether that could be done."""
    from core import journal

    kept = st.session_state.kept
    if kept.get(prediction_id) != (right, artist_id):
        try:
            journal.give_feedback(prediction_id, right=right, artist_id=artist_id)
        except journal.JournalError:
            st.warning("That could not be noted. Please try again in a moment.")
            return False
        kept[prediction_id] = (right, artist_id)
    st.caption(":material/check: Thank you, that is noted.")
    return True


def history_table() -> pd.DataFrame:
    """Everything identified in this session, newest first."""
    import pandas as pd

    rows = []
    for seen in reversed(st.session_state.seen.values()):
        row = {"picture": seen.name, "model": seen.result.model, "known": seen.result.known}
        score = seen.result.known_score
        row["kind"] = seen.result.kind
        row["known_score"] = None if score is None else round(score, 4)
        for place, guess in enumerate(seen.result.guesses, start=1):
            row[f"artist_{place}"] = guess.artist.name
            row[f"probability_{place}"] = round(guess.probability, 4)
        rows.append(row)
    return pd.DataFrame(rows)


st.title("Who painted this?")

entries = {each.id: following.follower().entry(each.id) for each in models.classifiers()}
dropped = st.file_uploader(
    "Drop a painting here, a phone photo will do",
    accept_multiple_files=True,
    help="JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF, up to 50 MB each. Nothing leaves this machine.",
)
with st.popover("Model", icon=":material/tune:"):
    model = st.radio(
        label(IdentifyRequest, "model"),
        list(entries),
        format_func=lambda model_id: entries[model_id].title,
        captions=[measured(entry) for entry in entries.values()],
        key="model",
        help=tip(
            IdentifyRequest,
            "model",
            "Accuracy was measured on the test split, paintings that it had never seen.",
        ),
    )
    asked = choosing.version(model)
    names = within(IdentifyRequest, "top", range(MOST_NAMES + 1))
    top = st.slider(
        label(IdentifyRequest, "top"),
        names[0],
        names[-1],
        DEFAULT.top,
        key="top",
        help=tip(IdentifyRequest, "top"),
    )

queue = [uploads.given(upload.name, upload.getvalue()) for upload in dropped]
if queue:
    st.session_state.example = None
elif st.session_state.example is not None:
    chosen = examples.catalogue()[st.session_state.example]
    queue = [uploads.given(f"{chosen.title}.jpg", chosen.read())]

by = dealt(model, asked) if queue else None
if by and not models.is_loaded(model, by.version):
    loading = st.empty()
    with loading.status(LOADING) as status:
        try:
            models.load(model, progress=status.write, version=by.version)
            identify.warm_up(model, by.version)
        except models.WeightsError as error:
            status.update(label="The model cannot be loaded", state="error")
            st.error(str(error))
            st.stop()
    loading.empty()

progress = st.progress(0.0) if len(queue) > 1 else None
for place, (key, given) in enumerate(uploads.keyed(queue), start=1):
    assert by is not None
    try:
        show_upload(key, given, model, by, top)
    except images.UnreadablePicture as error:
        st.warning(f"**{given.label}**: {error}", icon=":material/broken_image:")
    except Exception as error:  # the others' turn comes all the same
        st.error(f"**{given.label}**: {errors.sentence(error)}")
    if progress:
        progress.progress(place / len(queue), text=f"{place} of {len(queue)}")
    if place < len(queue):
        st.divider()
if progress:
    progress.empty()
if queue:
    row.of_collection()

if not dropped:
    st.markdown("**Nothing at hand? Try one of these.**" if not queue else "**Another one?**")
    for column, (number, example) in zip(
        st.columns(len(examples.catalogue())), enumerate(examples.catalogue()), strict=True
    ):
        column.image(
            pictures.example(example, pictures.THUMB_SIDE),
            width="stretch",
            alt=f"{example.title}, a painting to try",
        )
        if column.button(example.title, key=f"example-{number}", width="stretch"):
            st.session_state.example = number
            st.rerun()

if st.session_state.seen:
    with st.expander(f"Seen in this visit ({len(st.session_state.seen)})"):
        table = history_table()
        st.dataframe(
            table.drop(columns="known_score"),
            hide_index=True,
            alt="Everything identified in this visit",
        )
        downloads.table("Download as CSV", table, "atelier-identified.csv")
