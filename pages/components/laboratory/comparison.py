"""Laboratory, two models: one painting, two opinions."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from core import examples, identify, images, models
from core.identify import Identification, IdentifyRequest
from pages.components.ui import charts, choices, heat, pictures, uploads
from pages.components.ui.fields import tip
from pages.components.ui.uploads import Given

_NAMES = 5
_HEAT_SIDE = 700  # pixels


def show(entries: Sequence[models.Entry]) -> None:
    """The choice of models and painting, then what each says."""
    if len(entries) < 2:
        st.info("It takes two models that name painters.", icon=":material/science:")
        return
    chosen = _models(entries)
    painting = _painting()
    if painting is not None:
        try:
            pictures.shown(painting.data)
        except images.UnreadablePicture as error:
            st.warning(f"**{painting.label}**: {error}", icon=":material/broken_image:")
        else:
            _opinions(painting, chosen)
    _offer(another=painting is not None)


def _models(entries: Sequence[models.Entry]) -> tuple[models.Entry, models.Entry]:
    with st.container(horizontal=True):
        first = choices.model("One model", entries, key="lab-first")
        others = [entry for entry in entries if entry is not first]
        if st.session_state.get("lab-second") == first.id:
            st.session_state["lab-second"] = others[0].id
        second = choices.model("Another", others, key="lab-second")
    return first, second


def _painting() -> Given | None:
    """What was dropped in, or the example that was chosen."""
    upload = st.file_uploader(
        "Drop a painting here",
        key="lab-upload",
        help=f"{uploads.formats()}. Nothing leaves this machine.",
    )
    if upload is not None:
        st.session_state["lab-example"] = None
        return uploads.given(upload.name, upload.getvalue())
    number = st.session_state.get("lab-example")
    if number is None:
        return None
    example = examples.catalogue()[number]
    return uploads.given(f"{example.title}.jpg", example.read())


def _opinions(given: Given, chosen: tuple[models.Entry, models.Entry]) -> None:
    data = given.data
    found = [opinion(data, entry.id) if _is_ready(entry) else None for entry in chosen]
    first, second = found
    if first and second:
        st.subheader(agreement(first, second))
    left, *columns = st.columns(3, gap="large")
    with left:
        st.image(pictures.shown(data), width="stretch", alt=f"Your picture {given.name}")
        lit = st.toggle(
            "Show where each looked", key="lab-heat", help=tip(IdentifyRequest, "explain")
        )
    for column, entry, result in zip(columns, chosen, found, strict=True):
        if result is not None:
            with column:
                _opinion(data, entry, result, lit=lit)


def _is_ready(entry: models.Entry) -> bool:
    """Loads a model if need be; says why if that fails."""
    if models.is_loaded(entry.id):
        return True
    place = st.empty()
    with place.status(f"Loading {entry.title}. This takes a few seconds, only once.") as status:
        try:
            models.load(entry.id, progress=status.write)
            identify.warm_up(entry.id)
        except models.WeightsError as error:
            status.update(label=f"{entry.title} cannot be loaded", state="error")
            st.error(str(error))
            return False
    place.empty()
    return True


@st.cache_data(max_entries=64, show_spinner=False)
def opinion(data: bytes, model: str) -> Identification:
    """What a model says of a picture that can be read. The model is loaded already."""
    return identify.identify(images.load(data, enough=identify.ENOUGH), model, top=_NAMES)


def agreement(first: Identification, second: Identification) -> str:
    """Whether two models say the same, in one sentence."""
    names = [result.guesses[0].artist.name for result in (first, second)]
    known = [result.known is not False for result in (first, second)]  # None: it cannot tell
    if not any(known):
        return "Neither knows this hand"
    if all(known):
        return f"Both say {names[0]}" if names[0] == names[1] else "They disagree"
    one = names[0] if known[0] else names[1]
    return f"One says {one}, the other does not know this hand"


def _opinion(data: bytes, entry: models.Entry, result: Identification, *, lit: bool) -> None:
    best = result.guesses[0]
    name = "Not one of the artists I know" if result.known is False else best.artist.name
    facts = f"{1000 * result.seconds:.0f} ms"
    if result.known is not False:
        facts = f"Probability {charts.percent(best.probability)}, {facts}"
    st.html(
        f"""<div class="label"><p class="quiet" style="margin:0 0 .3rem">{escape(entry.title)}</p>
        <p class="name">{escape(name)}</p><p class="facts">{escape(facts)}</p></div>"""
    )
    if lit:
        st.image(
            heat.heat_map(data, entry.id, best.artist.id, _HEAT_SIDE),
            width="stretch",
            alt=f"What spoke for {best.artist.name} is lit, the rest is in shade",
            caption=f"Grad-CAM. Lit: what spoke for {best.artist.name}.",
        )
    st.markdown("**Probability**" if result.known else "**Probability, if it were one of them**")
    st.plotly_chart(
        charts.probabilities(result.guesses),
        key=f"lab-chart-{entry.id}",
        config={"displayModeBar": False},
        alt=charts.in_words(result.guesses),
    )


def _offer(*, another: bool) -> None:
    if st.session_state.get("lab-upload") is not None:
        return
    st.markdown("**Another one?**" if another else "**Nothing at hand? Try one of these.**")
    with st.container(horizontal=True):
        for number, example in enumerate(examples.catalogue()):
            with st.container(width=162):
                st.image(
                    pictures.example(example, pictures.THUMB_SIDE),
                    width="stretch",
                    alt=f"{example.title}, a painting to try",
                )
                if st.button(example.title, key=f"lab-example-{number}", width="stretch"):
                    st.session_state["lab-example"] = number
                    st.rerun()
