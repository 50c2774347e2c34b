"""The landing page: what can be done here, in one glance."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import artists, examples, models
from pages.components.ui import compare, pictures, theme
from pages.components.work import is_service

theme.apply()

HERE = "" if is_service() else ", on this machine"
STAYS = "Everything happens on this machine: a picture you show is not stored and goes nowhere."
if is_service():
    STAYS = (
        "A picture you show goes to the service that works for these pages, and nowhere else; "
        "there it is deleted some time after it was painted."
    )


def painting(place: DeltaGenerator, example: examples.Example) -> None:
    """A picture of the examples with a line below it."""
    place.image(
        pictures.example(example),
        width="stretch",
        alt=f"{example.title} by {example.painter}",
        caption=f"{example.painter}, {example.title}, {example.year}",
    )


van_gogh, renoir, wave, cassatt, arcimboldo = examples.catalogue()
known = models.get(models.DEFAULT).artists

words, hero = st.columns([2, 3], gap="large", vertical_alignment="center")
with words:
    st.title("Who painted this?")
    st.html(
        f"""<p class="lead">Show Atelier a painting, from a museum's site or from your phone.
        It names the painters whose hand it most resembles, out of {len(known)} it has
        studied.</p>"""
    )
    if st.button("Identify a painting", type="primary", icon=":material/person_search:"):
        st.switch_page("pages/identify.py")
    if st.button("Meet the painters", type="tertiary", icon=":material/museum:"):
        st.switch_page("pages/explore.py")
painting(hero, wave)

st.space("small")
for column, example, does in zip(
    st.columns(3, gap="medium"),
    (van_gogh, cassatt, arcimboldo),
    (
        "**Names the hand.** The most likely painters, with calibrated probabilities.",
        "**Shows where it looked.** The brushwork that gave the painter away, lit up (Grad-CAM).",
        "**Admits what it does not know.** Painters it never studied are told as such.",
    ),
    strict=True,
):
    painting(column, example)
    column.markdown(does)

st.space("small")
words, view = st.columns([2, 3], gap="large", vertical_alignment="center")
with words:
    st.header("And what would your photo look like?")
    st.html(
        f"""<p class="lead">Drop in a landscape, and Atelier paints it as Monet might have: in a
        second{HERE}. Draw the line across the picture to see both.</p>"""
    )
    if st.button("Paint a photo", icon=":material/brush:"):
        st.switch_page("pages/monet.py")
with view:
    photo = examples.photos()[0]
    compare.before_after(
        pictures.example(photo),
        pictures.shown(photo.read_painted()),
        names=("Photo", "Monet"),
        of=photo.title,
        key="monet-sample",
    )
    st.caption(f"Photo: {photo.photographer}, {photo.licence}. Painted by Atelier.")

st.space("small")
view, words = st.columns([3, 2], gap="large", vertical_alignment="center")
with view:
    photo, like = examples.photos()[1], van_gogh
    compare.before_after(
        pictures.example(photo),
        pictures.shown(photo.read_painted()),
        names=("Photo", like.painter),
        of=photo.title,
        key="stylize-sample",
    )
    st.caption(
        f"Photo: {photo.photographer}, {photo.licence}. Painted by Atelier like {like.title}."
    )
with words:
    st.header("Or as anybody would have painted it?")
    st.html(
        """<p class="lead">Give it a painting to paint like, several to blend, or a painter's name.
        The first picture is there at once; then watch it being painted over, from broad to
        fine, and stop when you like it.</p>"""
    )
    if st.button("Paint it in any style", icon=":material/palette:"):
        st.switch_page("pages/stylize.py")

st.space("small")
st.subheader(f"The {len(known)} painters it knows")
names = [artists.get(artist).name for artist in known]
st.html(f'<p class="lead">{" · ".join(names)}</p>')

st.html(
    f"""<p class="quiet">{STAYS} The paintings above are in the public domain; the models and their
    licenses are described in the model cards.</p>"""
)
