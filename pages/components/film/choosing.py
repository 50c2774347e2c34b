"""Film, the choice: which clip is to be painted, like what, and how."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import streamlit as st

from core import artists, images
from core.film.clips.clip import ENDINGS, Clip
from core.film.clips.reading import look
from core.film.request import FilmRequest
from core.monet import Brush
from core.stylize import artist_styles
from pages.components.ui import fields, pictures, uploads
from pages.components.ui.fields import label, tip
from pages.components.ui.uploads import Given

SOURCES = {"painter": "A painter", "pictures": "A picture", "monet": "Monet"}
_ROWS = (120, 180, 240, 360, 480, 720, 1080)
_USUAL_ROWS = 240
_SIZES = (0.5, 0.7, 1.0, 1.4, 2.0)
_FIRST = "vincent-van-gogh"
_DEFAULT = FilmRequest()


@dataclass(frozen=True)
class Chosen:
    """What is to be painted, and how.

    Attributes:
        path: The clip as a file of this visit.
        styles: Pictures, or ids of painters; none for Monet.
    """

    given: Given
    path: Path
    clip: Clip
    styles: tuple[Given | str, ...]
    request: FilmRequest

    @property
    def key(self) -> str:
        """A short name: the same for the same clip, styles and settings."""
        styles = [each if isinstance(each, str) else each.digest for each in self.styles]
        return pictures.digest(repr((self.given.digest, styles, self.request)).encode())


def folder() -> Path:
    """A directory for the files of this visit; it goes when the visit is forgotten."""
    if "film_folder" not in st.session_state:
        st.session_state.film_folder = tempfile.TemporaryDirectory(prefix="atelier-film-")
    return Path(st.session_state.film_folder.name)


def choose() -> Chosen | None:
    """Draws the choice; None until there is a clip and a style."""
    left, right = st.columns(2, gap="large")
    with left:
        upload = st.file_uploader(
            "Drop your clip here",
            type=[ending.removeprefix(".") for ending in ENDINGS],
            key="film_clip",
            help=f"{uploads.clips()}. Nothing leaves this machine.",
        )
    with right:
        source = st.segmented_control(
            "Painted like",
            list(SOURCES),
            format_func=SOURCES.__getitem__,
            default="painter",
            required=True,
            key="film_source",
        )
        styles = _styles(source)
    if upload is None:
        return None
    given = uploads.given(upload.name, upload.getvalue())
    path = folder() / f"{given.digest}{Path(given.name).suffix.lower()}"
    if not path.exists():
        path.write_bytes(given.data)
    clip = _looked(given.digest, str(path))
    seconds = f"{clip.seconds:.1f} seconds, {clip.frames} frames, {clip.width}×{clip.height}"
    left.caption(f"{given.label}: {seconds}{', with sound' if clip.sound else ''}.")
    with st.container():
        request = _settings(clip, source)
    if source != "monet" and not styles:
        return None
    return Chosen(given, path, clip, styles, request)


@st.cache_data(max_entries=16, show_spinner=False)
def _looked(digest: str, path: str) -> Clip:
    return look(Path(path))


def _styles(source: str) -> tuple[Given | str, ...]:
    if source == "monet":
        st.caption("By the network of the page Monet, which turns photos into his paintings.")
        return ()
    if source == "painter":
        painters = [entry.artist for entry in artist_styles.catalogue()]
        return (
            st.selectbox(
                "Which painter",
                painters,
                index=painters.index(_FIRST) if _FIRST in painters else 0,
                format_func=lambda artist: (
                    f"{artists.get(artist).name}, {artists.get(artist).years}"
                ),
                key="film_painter",
            ),
        )
    dropped = st.file_uploader(
        "Drop a painting here to paint it like that, or several to blend them",
        accept_multiple_files=True,
        key="film_styles",
        help=f"{uploads.formats()} each.",
    )
    found: list[Given] = []
    for each in (uploads.given(upload.name, upload.getvalue()) for upload in dropped):
        try:
            thumb = pictures.shown(each.data, pictures.THUMB_SIDE)
        except images.UnreadablePicture as error:
            st.warning(f"**{each.label}**: {error}", icon=":material/broken_image:")
            continue
        st.image(thumb, width=88, alt=f"Style: {each.stem}")
        found.append(each)
    return tuple(found)


def _settings(clip: Clip, source: str) -> FilmRequest:
    """Sliders in a visitor's words, the terms of the trade one hover away."""
    first, second, third = st.columns(3, gap="medium")
    rows = [each for each in _ROWS if each < clip.height] + [clip.height]
    rows = fields.within(FilmRequest, "rows", rows) or [32]
    detail = (
        first.select_slider(
            label(FilmRequest, "rows"),
            rows,
            value=max((each for each in rows if each <= _USUAL_ROWS), default=rows[0]),
            key=f"film_rows_{clip.height}",
            help=tip(FilmRequest, "rows"),
            disabled=len(rows) < 2,
        )
        if len(rows) > 1
        else rows[0]
    )
    start, end = (
        column.slider(
            label(FilmRequest, name),
            0,
            100,
            100,
            step=5,
            format="%d %%",
            key=f"film_{name}",
            help=tip(FilmRequest, name),
        )
        for column, name in ((second, "strength"), (third, "strength_end"))
    )
    request = FilmRequest(
        way="monet" if source == "monet" else "style",
        rows=detail,
        strength=start / 100,
        strength_end=end / 100,
    )
    if source == "monet":
        brush = first.select_slider(
            label(FilmRequest, "monet_brush"),
            get_args(Brush),
            value=_DEFAULT.monet_brush,
            format_func=str.capitalize,
            key="film_monet_brush",
            help=tip(FilmRequest, "monet_brush"),
        )
        return request.changed(monet_brush=brush)
    size = first.select_slider(
        label(FilmRequest, "brush"),
        _SIZES,
        value=_DEFAULT.brush,
        format_func=lambda size: f"{size:g}×",
        key="film_brush",
        help=tip(FilmRequest, "brush"),
    )
    keep = third.toggle(
        label(FilmRequest, "keep_colors"),
        key="film_keep_colors",
        help=tip(FilmRequest, "keep_colors"),
    )
    return request.changed(brush=size, keep_colors=keep)
