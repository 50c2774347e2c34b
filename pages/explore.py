"""Explore: the painters, their paintings, and what a trainer wants to know of them."""

from __future__ import annotations

import streamlit as st

from pages.components import choices, collection, gallery, looks, painters, style, trainers

style.apply()

VIEWS = {
    "Painters": "Who they were: lives, countries, movements.",
    "Gallery": "Browse the paintings.",
    "Colour": "How bright, how colourful, in which colours.",
    "Training": "What a trainer asks: balance, augmentation, sizes, damage, twins.",
}

st.title("Explore the collection")
view = choices.view("What to look at", VIEWS, key="view")
st.html(f'<p class="lead">{VIEWS[view]}</p>')
if view == "Painters":
    painters.show()
else:
    place = collection.directory()
    if view == "Training":
        trainers.show(place)
    elif place is None:
        collection.invite()
    elif view == "Gallery":
        gallery.show(place)
    else:
        looks.show(place)
    collection.choose_another(place)
