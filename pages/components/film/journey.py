"""Film, the second choice: a photo on a slow journey, to a painter and back or on to another."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core import artists, images
from core.film.request import JourneyRequest
from core.stylize import artist_styles
from pages.components.ui import fields, pictures, uploads
from pages.components.ui.fields import label, tip
from pages.components.ui.uploads import Given

_ROWS = (180, 240, 320, 400, 480, 640)
_SECONDS = (4, 6, 8, 12, 16)
_FIRST = "claude-monet"
_DEFAULT = JourneyRequest()
_ENDINGS = {".mp4": "Film", ".gif": "GIF"}


@dataclass(frozen=True)
class Journey:
    """What goes on a journey, and where.

    Attributes:
        painters: Their ids, in their order.
        ending: Of the file.
        shown: The photo as a small JPEG.
    """

    given: Given
    painters: tuple[str, ...]
    request: JourneyRequest
    ending: str
    shown: bytes

    @property
    def key(self) -> str:
        """A short name: the same for the same photo, painters and settings."""
        found = self.given.digest, self.painters, self.request, self.ending
        return pictures.digest(repr(found).encode())


def choose() -> Journey | None:
    """Draws the choice; None until there is a photo that can be read."""
    upload = st.file_uploader(
        "Drop a photo here",
        key="film_photo",
        help=f"{uploads.formats()}. Nothing leaves this machine.",
    )
    known = [entry.artist for entry in artist_styles.catalogue()]

    def name(artist: str) -> str:
        return artists.get(artist).name if artist else "back to the photo"

    left, right = st.columns(2, gap="medium")
    first = left.selectbox(
        "To",
        known,
        index=known.index(_FIRST) if _FIRST in known else 0,
        format_func=name,
        key="journey_to",
    )
    then = right.selectbox(
        "And",
        ["", *known],
        format_func=name,
        key="journey_then",
        help="With a second painter it goes from one to the other and back, without the photo.",
    )
    one, two, three = st.columns(3, gap="medium")
    rows = one.select_slider(
        label(JourneyRequest, "rows"),
        fields.within(JourneyRequest, "rows", list(_ROWS)),
        value=240,
        key="journey_rows",
        help=tip(JourneyRequest, "rows"),
    )
    seconds = two.select_slider(
        label(JourneyRequest, "seconds"),
        _SECONDS,
        value=round(_DEFAULT.seconds),
        format_func=lambda count: f"{count} s",
        key="journey_seconds",
        help=tip(JourneyRequest, "seconds"),
    )
    ending = three.segmented_control(
        "As",
        list(_ENDINGS),
        format_func=_ENDINGS.__getitem__,
        default=".mp4",
        required=True,
        key="journey_ending",
    )
    if upload is None:
        return None
    given = uploads.given(upload.name, upload.getvalue())
    try:
        shown = pictures.shown(given.data, pictures.SHOWN_SIDE)
    except images.UnreadablePicture as error:
        st.warning(f"**{given.label}**: {error}", icon=":material/broken_image:")
        return None
    painters = (first,) if then in ("", first) else (first, then)
    request = JourneyRequest(rows=rows, seconds=seconds)
    return Journey(given, painters, request, ending, shown)
