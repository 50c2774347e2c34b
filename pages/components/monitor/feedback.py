"""Monitor, feedback: what visitors said, one after the other, for a keeper to accept or reject."""

from __future__ import annotations

from html import escape

import streamlit as st

from core import artists
from core.journal import pictures, reviewing
from core.journal.reviewing import Said, Verdict
from pages.components.monitor import keeper
from pages.components.ui import charts, theme

KEPT, NOT_KEPT = "With a picture", "Without"
ACCEPT, REJECT = "A", "X"  # keys; Streamlit keeps R for itself

_LAST = "monitor_decided"  # feedback that was decided last in this visit, to take it back


def show() -> None:
    """How much waits, and for a keeper the next of it."""
    waiting = {each: reviewing.count(with_picture=each == KEPT) for each in (KEPT, NOT_KEPT)}
    st.html(
        theme.figures(
            {
                "wait with a picture": f"{waiting[KEPT]:,}",
                "without": f"{waiting[NOT_KEPT]:,}",
                "accepted, for the next training": f"{len(reviewing.accepted()):,}",
            }
        )
    )
    who = keeper.entered("To see what visitors said, and to accept or reject it.")
    if who is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        which = st.segmented_control(
            "Which",
            list(waiting),
            default=KEPT if waiting[KEPT] or not waiting[NOT_KEPT] else NOT_KEPT,
            required=True,
            key="monitor-which",
            label_visibility="collapsed",
        )
        st.space("stretch")
        if st.session_state.get(_LAST) is not None:
            st.button(
                "Take the last one back",
                icon=":material/undo:",
                type="tertiary",
                key="monitor-undo",
                on_click=_take_back,
                args=(who,),
            )
        st.button(
            "Put the key away",
            icon=":material/lock:",
            type="tertiary",
            key="monitor-leave",
            on_click=keeper.leave,
        )
    found = reviewing.waiting(with_picture=which == KEPT)
    if not found:
        st.info("Nothing waits: all of it is decided.", icon=":material/done_all:")
        return
    _one(found[0], who)


def _one(said: Said, who: str) -> None:
    """What was predicted, what was said, and the two buttons."""
    if said.has_picture:
        left, right = st.columns([3, 2], gap="large")
        with left:
            _picture(said)
    else:
        right = st.container()
    with right:
        first, sure = _name(said.first), charts.percent(said.probability)
        # What it said in words is not kept: known, unknown or a photograph.
        facts = f"The likeliest of its artists was {first} ({sure})"
        if said.right and said.artist:
            facts = f"It said {first} ({sure})"
        if said.right and said.stranger:
            facts = f"It named nobody; the closest was {first} ({sure})"
        st.html(
            f"""<div class="label">
            <p class="quiet" style="margin:0 0 .3rem">The visitor {
                "agrees" if said.right and said.says_who else "says"
            }</p>
            <p class="name">{escape(_word(said))}</p>
            <p class="facts">{escape(facts)}</p></div>"""
        )
        with st.container(horizontal=True):
            for label, verdict, key, kind in (
                ("Accept", "accepted", ACCEPT, "primary"),
                ("Reject", "rejected", REJECT, "secondary"),
            ):
                st.button(
                    label,
                    type=kind,  # type: ignore[arg-type]  # of two literals
                    shortcut=key,
                    disabled=verdict == "accepted" and not said.says_who,
                    key=f"monitor-{verdict}-{said.id}",  # a second click decides no other one
                    on_click=_decide,
                    args=(said.id, verdict, who),
                )
        use = " The visitor did not let the picture be kept: this gives no training data."
        if not said.says_who:
            use = " The visitor did not say who painted it: this gives no training data."
        elif said.has_picture:
            use = " If you accept it, the picture is training data for the next cycle."
        st.caption(
            f"Prediction {said.prediction_id} by {said.model} {said.version or ''}, "
            f"{said.time:%-d %B %Y, %H:%M} UTC.{use}"
        )


def _picture(said: Said) -> None:
    jpeg = pictures.read(said.prediction_id)
    if jpeg is None:
        st.warning("The picture lies on another machine.", icon=":material/broken_image:")
    else:
        st.image(jpeg, width="stretch", alt=f"The picture of prediction {said.prediction_id}")


def _word(said: Said) -> str:
    if said.artist is not None:
        return _name(said.artist)
    if said.stranger:
        return "Somebody else"
    return "Yes" if said.right else "No"


def _name(artist_id: str) -> str:
    found = {each.id: each.name for each in artists.catalogue()}
    return found.get(artist_id, artist_id)


def _decide(feedback_id: int, verdict: Verdict, who: str) -> None:
    reviewing.decide(feedback_id, verdict, who)
    st.session_state[_LAST] = feedback_id


def _take_back(who: str) -> None:
    last = st.session_state.pop(_LAST, None)
    if last is not None:  # a second click
        reviewing.decide(last, "open", who)
