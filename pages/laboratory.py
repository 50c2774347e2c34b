"""Laboratory: every model that names painters, compared on the same paintings."""

from __future__ import annotations

import streamlit as st

from core import models
from pages.components.laboratory import comparison, model, overview
from pages.components.ui import choices, theme

theme.apply()

VIEWS = {
    "All models": "Accuracy and calibration of every classifier, on the same paintings.",
    "One model": "Training, confusions, calibration and errors of one of them.",
    "Two models": "Predictions of two of them on one painting: show it, and hear both.",
    "Teach": "One of them learns one more painter from fifteen paintings on, in seconds.",
}

st.title("The laboratory")
view = choices.view("What to look at", VIEWS, key="lab-view")
st.html(f'<p class="lead">{VIEWS[view]}</p>')
entries = models.classifiers()
if view == "All models":
    overview.show(entries)
elif view == "One model":
    model.show(entries)
elif view == "Two models":
    comparison.show(entries)
else:
    from pages.components.teaching import form  # with SQLAlchemy, for which no other view waits

    form.show(entries)
