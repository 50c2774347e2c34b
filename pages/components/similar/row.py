"""A row of paintings that are like another, each with painter, file and distance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from core import collection, identify, images, similar
from core.errors import AtelierError
from core.settings import settings
from core.similar import Neighbor, SimilarRequest
from pages.components.similar import describing
from pages.components.ui import thumbnails, uploads

WIDTH = 162  # pixels of a thumbnail, as in Explore's gallery
REQUEST = SimilarRequest(top=6)  # a row of them on a desktop
TITLE = "Paintings like this one"
DISTANCE = (
    "The number is the cosine distance of what the network sees in both: 0 for the same picture, "
    "1 for nothing in common."
)
_STAYS = 600  # seconds that an answer is shown without a new search


def of_upload(data: bytes) -> None:
    """Below an answer: the paintings of the collection that are nearest to a picture.

    Nothing where the settings name no collection, or none of its paintings is described yet.
    """
    place = settings().collection
    try:
        if place is None or not (known := similar.count(place)):
            return
        found = _nearest(data, place, known)
    except (AtelierError, FileNotFoundError):
        return  # which `of_collection` tells, once
    st.markdown(f"**{TITLE}**", help=DISTANCE)
    draw(place, found)


def of_collection() -> None:
    """Below all answers: how far the description of the collection is, if it is not done."""
    if (place := settings().collection) is not None:
        describing.show(place)


@st.cache_data(ttl=_STAYS, max_entries=64, show_spinner=False)
def _nearest(data: bytes, place: Path, known: int) -> tuple[Neighbor, ...]:
    picture = images.load(data, enough=identify.ENOUGH)
    return similar.similar(picture, place, REQUEST)


def draw(
    place: Path, found: Sequence[Neighbor], below: Callable[[Neighbor], None] | None = None
) -> None:
    """The row: pictures in the public domain, the others by name.

    Args:
        below: Draws what comes below a picture.
    """
    shown = [each for each in found if collection.may_be_shown(each.painting.artist)]
    with st.container(horizontal=True):
        for each in shown:
            with st.container(width=WIDTH, gap="xsmall"):
                _one(place, each)
                if below is not None:
                    below(each)
    hidden = [each for each in found if each not in shown]
    if hidden:
        names = "; ".join(uploads.plain(f"{_name(each)}, {each.distance:.2f}") for each in hidden)
        st.caption(f"As near, but perhaps under copyright, so only named: {names}.")


def _one(place: Path, neighbor: Neighbor) -> None:
    painting = neighbor.painting
    picture = thumbnails.thumbnail(place / painting.file, _name(neighbor))
    if picture is None:
        return
    st.image(
        picture,
        width="stretch",
        alt=f"A painting like it: {_name(neighbor)}, distance {neighbor.distance:.2f}",
    )
    lines = (painting.artist, collection.title(painting.file), f"distance {neighbor.distance:.2f}")
    st.caption("  \n".join(map(uploads.plain, lines)))


def _name(neighbor: Neighbor) -> str:
    return f"{neighbor.painting.artist}, {collection.title(neighbor.painting.file)}"
