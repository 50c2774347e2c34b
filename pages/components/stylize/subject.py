"""Stylize, the subject: which photo is to be painted, and like what."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import artists, examples, images
from core.stylize import artist_styles as by_artist
from core.stylize.request import MOST_SENT
from pages.components.ui import pictures, uploads
from pages.components.ui.uploads import Given
from pages.components.work import is_service, where

# Photo and painting by their numbers in `core.examples`: what goes well together.
_PAIRS = ((1, 0), (0, 2), (2, 1), (3, 3))
_MOST_PAINTERS = 4
_PAIR_SIDE = 520  # pixels
_THUMB_WIDTH = 88
Shown = TypeVar("Shown", examples.Example, examples.Photo)


@dataclass(frozen=True)
class Style:
    """One style: a picture, or a painter.

    Attributes:
        key: Tells it from others.
        picture: None for a painter.
        artist: Id of `core.artists`; None for a picture.
    """

    name: str
    key: str
    picture: Given | None = None
    artist: str | None = None

    @property
    def label(self) -> str:
        """The name for text in Markdown."""
        return uploads.plain(self.name)


@dataclass(frozen=True)
class Subject:
    """What is to be painted."""

    photo: Given
    styles: tuple[Style, ...]

    @property
    def name(self) -> str:
        """The photo's, without its ending."""
        return self.photo.stem


def choose() -> Subject | None:
    """Draws the choice of photo and style; None until both are there."""
    state = st.session_state
    if "stylize_photo" not in state:
        state.stylize_photo, state.stylize_pictures = None, []
        state.stylize_round = 0  # a new one empties the fields for files
    if "stylize_source" not in state:
        state.stylize_source = "pictures"
    photo, styles = _readable_photo(), _styles()
    ready = photo is not None and bool(styles)
    # Open while there is one painter: a second is to be mixed in from here.
    mixing = len(styles) == 1 and styles[0].artist is not None
    another = "Another photo, another style"
    with st.expander(another, expanded=mixing) if ready else st.container():
        left, right = st.columns(2, gap="large")
        with left:
            _ask_for_photo(photo)
        with right:
            _ask_for_style(styles)
        if ready:
            st.button(
                "Start over",
                icon=":material/restart_alt:",
                type="tertiary",
                on_click=_set,
                args=(None, []),
            )
    if photo is not None and styles:
        return Subject(photo, tuple(styles))
    _offer(photo, styles)
    return None


# These are called before the fields are drawn: afterwards nothing could be set in their place.


def _set(photo: Given | None, style_pictures: list[Given]) -> None:
    st.session_state.stylize_photo = photo
    st.session_state.stylize_pictures = style_pictures
    st.session_state.stylize_round += 1
    st.session_state.stylize_artists = []
    if style_pictures:
        st.session_state.stylize_source = "pictures"


def _take_pair(photo: examples.Photo, painting: examples.Example) -> None:
    _set(_of_photo(photo), [_of_painting(painting)])


def _take_photo(photo: examples.Photo) -> None:
    st.session_state.stylize_photo = _of_photo(photo)


def _take_painting(painting: examples.Example) -> None:
    st.session_state.stylize_pictures = [_of_painting(painting)]
    st.session_state.stylize_source = "pictures"


def _readable_photo() -> Given | None:
    return st.session_state.stylize_photo if _readable(st.session_state.stylize_photo) else None


def _readable(given: Given | None) -> bool:
    """Whether it is a picture; says so if it is none."""
    if given is None:
        return False
    try:
        pictures.shown(given.data)
    except images.UnreadablePicture as error:
        st.warning(f"**{given.label}**: {error}", icon=":material/broken_image:")
        return False
    return True


def _styles() -> list[Style]:
    if st.session_state.stylize_source == "painters":
        chosen = st.session_state.get("stylize_artists", [])
        return [Style(artists.get(each).name, each, artist=each) for each in chosen]
    given = [each for each in st.session_state.stylize_pictures if _readable(each)]
    if is_service():
        given = given[:MOST_SENT]
    return [Style(each.stem, each.digest, picture=each) for each in given]


def _ask_for_photo(photo: Given | None) -> None:
    key = f"stylize-photo-{st.session_state.stylize_round}"

    def take() -> None:
        upload = st.session_state[key]
        st.session_state.stylize_photo = (
            uploads.given(upload.name, upload.getvalue()) if upload is not None else None
        )

    st.file_uploader(
        "Drop your photo here",
        key=key,
        on_change=take,
        help=f"{uploads.formats()} each. {where()}",
    )
    if photo is not None:
        st.image(
            pictures.shown(photo.data, pictures.THUMB_SIDE),
            width=_THUMB_WIDTH,
            alt=f"Your photo {photo.name}",
        )


def _ask_for_style(styles: list[Style]) -> None:
    if _painters():
        st.segmented_control(
            "Painted like",
            ["pictures", "painters"],
            format_func={"pictures": "A picture", "painters": "A painter"}.__getitem__,
            required=True,
            key="stylize_source",
            persist_state="session",
        )
    if st.session_state.stylize_source == "painters":
        _ask_for_painters()
        return
    key = f"stylize-style-{st.session_state.stylize_round}"

    def take() -> None:
        st.session_state.stylize_pictures = [
            uploads.given(upload.name, upload.getvalue()) for upload in st.session_state[key]
        ]

    st.file_uploader(
        "Drop a painting here to paint it like that, or several to blend them",
        accept_multiple_files=True,
        key=key,
        on_change=take,
        help=f"{uploads.formats()} each. Anything with a look of its own will do: a page of a "
        "comic, a fabric.",
    )
    thumbs([style for style in styles if style.picture])
    if is_service() and len(st.session_state.stylize_pictures) > MOST_SENT:
        st.caption(f"At most {MOST_SENT} are blended here: the first.")


def _ask_for_painters() -> None:
    st.multiselect(
        "Which painter, or which ones to mix",
        _painters(),
        format_func=lambda artist: f"{artists.get(artist).name}, {artists.get(artist).years}",
        max_selections=_MOST_PAINTERS,
        placeholder="Choose a painter",
        key="stylize_artists",
        persist_state="session",
        help="What their paintings have in common, learned from many of them: statistics of "
        "features, no pictures.",
    )


def _painters() -> list[str]:
    """Ids of the artists whose styles ship."""
    return [entry.artist for entry in by_artist.catalogue()]


def thumbs(styles: list[Style]) -> None:
    """The pictures of styles, small, side by side."""
    with st.container(horizontal=True, gap="xsmall"):
        for style in styles:
            if style.picture:
                st.image(
                    pictures.shown(style.picture.data, pictures.THUMB_SIDE),
                    width=_THUMB_WIDTH,
                    alt=f"Style: {style.name}",
                )


def _offer(photo: Given | None, styles: list[Style]) -> None:
    """Something to try at once; what is there already stays."""
    photos, paintings = examples.photos(), examples.catalogue()
    st.space("small")
    if photo is None and not styles:
        st.markdown("**Nothing at hand? Try one of these.**")
        rows = [st.columns(2, gap="large", vertical_alignment="bottom") for _ in _PAIRS[::2]]
        columns = [column for row in rows for column in row]
        for column, (of_photo, of_painting) in zip(columns, _PAIRS, strict=True):
            shown, painted = photos[of_photo], paintings[of_painting]
            with column:
                _pair(shown, painted)
                st.button(
                    f"As {painted.painter}",
                    key=f"stylize-pair-{of_photo}-{of_painting}",
                    width="stretch",
                    on_click=_take_pair,
                    args=(shown, painted),
                )
    elif photo is None:
        st.markdown("**No photo at hand? Try one of these.**")
        for column, shown in zip(st.columns(len(photos)), photos, strict=True):
            _one(column, shown, _take_photo)
    else:
        st.markdown("**Like what? Drop a painting above, or take one of these.**")
        for column, painted in zip(st.columns(len(paintings)), paintings, strict=True):
            _one(column, painted, _take_painting)


def _of_photo(photo: examples.Photo) -> Given:
    return uploads.given(f"{photo.title}.jpg", photo.read())


def _of_painting(painting: examples.Example) -> Given:
    return uploads.given(f"{painting.title}.jpg", painting.read())


def _one(column: DeltaGenerator, example: Shown, take: Callable[[Shown], None]) -> None:
    column.image(
        pictures.example(example, pictures.THUMB_SIDE),
        width="stretch",
        alt=f"{example.title}, a picture to try",
    )
    column.button(
        example.title,
        key=f"stylize-example-{example.file}",
        width="stretch",
        on_click=take,
        args=(example,),
    )


def _pair(photo: examples.Photo, painting: examples.Example) -> None:
    """Photo and painting side by side, equally high, uncropped."""
    shown = []
    for example, what in ((photo, "photo"), (painting, "painting")):
        jpeg = pictures.example(example, _PAIR_SIDE)
        height, width = images.load(jpeg).pixels.shape[:2]
        url = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
        alt = escape(f"{example.title}, a {what} to try")
        shown.append(f'<img src="{url}" alt="{alt}" style="flex: {width / height:.3f} 1 0">')
    st.html(f'<div class="pair">{"".join(shown)}</div>')
