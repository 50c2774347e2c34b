"""Explore: the painters, their paintings, and what a trainer wants to know of them."""

from __future__ import annotations

import streamlit as st

from pages.components.explore import artists, gallery, scanning, statistics, training
from pages.components.ui import choices, theme

theme.apply()

VIEWS = {
    "Painters": "Who they were: lives, countries, movements.",
    "Gallery": "Browse the paintings.",
    "Color": "How bright, how colorful, in which colors.",
    "Training": "What a trainer asks: balance, augmentation, sizes, damage, duplicates.",
}

st.title("Explore the collection")
view = choices.view("What to look at", VIEWS, key="view")
st.html(f'<p class="lead">{VIEWS[view]}</p>')
if view == "Painters":
    artists.show()
else:
    place = scanning.directory()
    if view == "Training":
        training.show(place)
    elif place is None:
        scanning.invite()
    elif view == "Gallery":
        gallery.show(place)
    else:
        statistics.show(place)
    scanning.choose_another(place)
