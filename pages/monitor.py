"""Monitor: how a model does at work, by what it was asked and what visitors answered."""

from __future__ import annotations

import streamlit as st

from core import models
from pages.components.monitor import (
    accuracy,
    changes,
    feedback,
    glance,
    paintings,
    reading,
    releases,
    unknown,
)
from pages.components.ui import choices, theme

theme.apply()

VIEWS = {
    "At a glance": "What it was asked of late, how fast it answered, and how often it was right.",
    "Accuracy": "What visitors corrected, and who is served worse than others.",
    "Drift": "Whether the pictures it is asked about still look like those it was measured on.",
    "Unknown": "Pictures of one kind by nobody it knows: candidates for a new artist.",
    "Feedback": "What visitors said, for the keeper to accept or reject; the next training learns "
    "from it.",
    "Paintings": "Style transfer and Monet: how long it took, who waited, and what was taken home.",
    "Releases": "Which version serves, since when, and on what evidence.",
}

st.title("The monitor")
view = choices.view("What to look at", VIEWS, key="monitor-view")
st.html(f'<p class="lead">{VIEWS[view]}</p>')
if view in ("Feedback", "Paintings"):  # they are of no model
    {"Feedback": feedback.show, "Paintings": paintings.show}[view]()
    st.stop()
entry = choices.model("Model", models.classifiers(), key="monitor-model", labelled=False)
if view == "Releases":
    releases.show(entry)
elif (found := reading.report_of(entry)) is not None:
    show = {
        "At a glance": glance.show,
        "Accuracy": accuracy.show,
        "Drift": changes.show,
        "Unknown": unknown.show,
    }[view]
    show(entry, found)
