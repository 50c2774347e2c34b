"""Identify: who painted this?"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core import artists, errors, examples, identify, images, models
from core.errors import AtelierError
from core.identify import IdentifyRequest
from pages.components.identify import choosing, cutting, keeping
from pages.components.similar import row
from pages.components.ui import cards, charts, downloads, pictures, theme, uploads
from pages.components.ui.fields import label, tip, within
from pages.components.ui.progress import LOADING
from pages.components.ui.uploads import Given
from pages.components.work import identifying, where
from pages.components.work.identifying import MOST_NAMES, Answer, Offered

# It takes long to import, and the page is to be there before; Home has it done in the background.
if TYPE_CHECKING:
    import pandas as pd

DEFAULT = IdentifyRequest()

theme.apply()


@dataclass(frozen=True)
class Seen:
    """One picture that was identified in this session."""

    name: str
    key: str  # tells its widgets from those of other pictures
    answer: Answer

    @property
    def result(self) -> identify.Identification:
        """What was answered."""
        return self.answer.result


if "session" not in st.session_state:
    st.session_state.session = uuid.uuid4().hex
    st.session_state.seen = {}  # key to Seen, in the order of asking
    st.session_state.kept = {}  # prediction id to the last answer
    st.session_state.example = None


def measured(entry: Offered) -> str:
    """A model's figures in a visitor's words, from its evaluation."""
    figures = entry.figures
    right = charts.percent(figures["test"]["accuracy"])
    parts = [f"top-1 accuracy {right} on test paintings", f"{entry.total_bytes / 1e6:.0f} MB"]
    if "speed" in figures:
        parts.append(f"{figures['speed']['milliseconds']:.0f} ms a painting")
    return ", ".join(parts)


def look(key: str, given: Given, model: str, asked: str | None) -> Seen:
    """Identifies a picture once, by the version that was asked for or the one that is dealt.

    What was seen stays as it was answered, whatever is released meanwhile.
    """
    key = f"{key}-{model}" + (f"-{asked}" if asked else "")
    seen: dict[str, Seen] = st.session_state.seen
    if key not in seen:
        with st.spinner("Looking at it"):  # a service may be busy; shown after half a second
            answer = identifying.identified(given, model, asked, st.session_state.session)
        seen[key] = Seen(given.name, key, answer)
    return seen[key]


def show_upload(key: str, given: Given, model: str, asked: str | None, top: int) -> None:
    """A picture, and if it is a photo of a painting, that painting: both are named.

    What is shown large is the painting that was cut out, unless the whole is by itself so like
    the work of a known artist that there can hardly be a wall around it. Then the answer does not
    wait until a painting was looked for in it.
    """
    seen = look(key, given, model, asked)
    whole = seen.answer.result.known is True and not cutting.was_dragged(key)
    if whole:
        keeping.settle(key, seen.answer)
        show(given, seen, key, top)
    corners = cutting.found(key, given)
    part = given if corners is None else cutting.painting(given, corners)
    name = "Is the painting only a part of this photo?"
    if part is not given:
        cut = look(f"{key}-{part.digest[:12]}", part, model, asked)
        if whole:
            name = f"Cut out: {in_short(cut.answer.result)}"
        else:
            name = f"Cut out of your photo; as a whole: {in_short(seen.answer.result)}"
            seen = cut
    if not whole:
        keeping.settle(key, seen.answer)
        show(part, seen, key, top)
    # Once a corner was dragged it stays open, whatever is drawn anew above it.
    with st.expander(name, icon=":material/crop:", expanded=cutting.was_dragged(key)):
        cutting.offer(given, corners, key=key)
    row.of_upload(given.data if whole else part.data)


def in_short(result: identify.Identification) -> str:
    """What a result says, in a few words."""
    first = result.guesses[0]
    if result.kind == "photograph":
        return "a photograph"
    if result.known is False:
        return "not one of the artists I know"
    return f"{first.artist.name}, {charts.percent(first.probability)}"


def show(given: Given, seen: Seen, upload: str, top: int) -> None:
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
        if seen.answer.prediction_id is not None:
            said = ask(seen)
            if said or keeping.is_kept(seen.answer):  # which can be unticked in any case
                keeping.offer(seen.answer, given, upload=upload, key=seen.key)
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
        image = identifying.lit(given.data, result, first.artist.id)
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


def ask(seen: Seen) -> bool:
    """Was this right? Keeps the answer in the journal, and tells whether there is one."""
    said = st.segmented_control("Was this right?", ["Yes", "No"], key=f"right-{seen.key}")
    if said == "Yes":
        result = seen.result
        named = None if result.known is False else result.guesses[0].artist.id
        stranger = named is None and result.kind != "photograph"
        return keep(seen.answer, right=True, artist_id=named, stranger=stranger)
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
            artist_id = found.id if found else None
            return keep(seen.answer, right=False, artist_id=artist_id, stranger=found is None)
        if st.session_state.kept.get(seen.answer.prediction_id):  # else a "Yes" would stand
            keep(seen.answer, right=False, artist_id=None, stranger=False)  # no label
    return False


def keep(answer: Answer, *, right: bool, artist_id: str | None, stranger: bool) -> bool:
    """Writes an answer once, and thanks; tells whether that could be done."""
    kept, said = st.session_state.kept, (right, artist_id, stranger)
    if kept.get(answer.prediction_id) != said:
        try:
            identifying.say(answer, right=right, artist_id=artist_id, stranger=stranger)
        except AtelierError:
            st.warning("That could not be noted. Please try again in a moment.")
            return False
        kept[answer.prediction_id] = said
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

entries = identifying.offered()
dropped = st.file_uploader(
    "Drop a painting here, a phone photo will do",
    accept_multiple_files=True,
    help=f"{uploads.formats()} each. {where()}",
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

session: str = st.session_state.session
if queue and not identifying.is_ready(model, asked, session):
    loading = st.empty()
    with loading.status(LOADING) as status:
        try:
            identifying.load(model, asked, session, status.write)
        except models.WeightsError as error:
            status.update(label="The model cannot be loaded", state="error")
            st.error(str(error))
            st.stop()
    loading.empty()

progress = st.progress(0.0) if len(queue) > 1 else None
for place, (key, given) in enumerate(uploads.keyed(queue), start=1):
    try:
        show_upload(key, given, model, asked, top)
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
