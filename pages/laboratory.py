"""Laboratory: every model that names painters, compared on the same paintings."""

from __future__ import annotations

import streamlit as st

from core import models
from pages.components import choices, lab_model, lab_overview, lab_two, style

style.apply()

VIEWS = {
    "All models": "Every network that names painters, asked about the same paintings.",
    "One model": "How one of them learned, whom it confuses, where it is sure and wrong.",
    "Two models": "Show one painting to two of them, and hear both.",
}

st.title("The laboratory")
view = choices.view("What to look at", VIEWS, key="lab-view")
st.html(f'<p class="lead">{VIEWS[view]}</p>')
entries = models.classifiers()
if view == "All models":
    lab_overview.show(entries)
elif view == "One model":
    lab_model.show(entries)
else:
    lab_two.show(entries)
