"""Stylize, the regions: parts of the photo that are painted differently, or stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from core import images
from core.errors import AtelierError
from core.requests import described
from core.stylize import regions
from core.stylize.regions import Mask
from core.stylize.regions.finding import find
from core.stylize.request import ALL, ON_THE_PAGE, PHOTO, StylizeRequest
from pages.components.guard import guarded
from pages.components.stylize import brush
from pages.components.stylize.subject import Style, Subject
from pages.components.ui import fields, pictures

MOST = 3
_SIDE = 640  # pixels of the photo that is painted on
_COLORS = (43, 63, 168), (200, 120, 20), (30, 130, 90)
_EDGES = {0.0: "Sharp", 0.01: "Fine", 0.02: "Soft", 0.05: "Softer", 0.1: "Very soft"}
_PERCENT = (25, 50, 75, 100)


@dataclass(frozen=True)
class Parts:
    """What the visitor has set of regions, and has had painted so.

    Attributes:
        masks: PNGs, white where the region is.
        styles: What each is painted like, and then all else: keys of styles, or words of a
            request.
        strengths: Of each, in the same order.
        soft: See `StylizeRequest.soft_edge`.
    """

    masks: tuple[bytes, ...] = ()
    styles: tuple[str, ...] = ()
    strengths: tuple[float, ...] = ()
    soft: float = ON_THE_PAGE.soft_edge

    def asked(self, request: StylizeRequest, styles: Sequence[Style]) -> StylizeRequest:
        """A request with these regions; a style that is not there any more is the photo."""
        if not self.masks:
            return request
        numbers = {each.key: str(number) for number, each in enumerate(styles, 1)}
        words = {PHOTO: PHOTO, ALL: ALL if len(styles) > 1 else "1"}
        return request.changed(
            region_styles=tuple((numbers | words).get(each, PHOTO) for each in self.styles),
            region_strengths=self.strengths,
            soft_edge=self.soft,
        )

    def loaded(self) -> list[Mask]:
        """The masks.

        Raises:
            core.errors.AtelierError: If one is none.
        """
        return [regions.load(each) for each in self.masks]

    @property
    def digests(self) -> list[str]:
        """Of the masks, for keys."""
        return [pictures.digest(each) for each in self.masks]


@dataclass
class _Draft:
    """What is on the board of a photo, painted so or not yet.

    Attributes:
        photo: Digest of the photo.
        masks: Of each region, a PNG or nothing yet.
        versions: How often the page itself has put a mask in the place of another.
        applied: What was taken over last.
    """

    photo: str
    masks: list[bytes | None] = field(default_factory=lambda: [None])
    versions: list[int] = field(default_factory=lambda: [0])
    applied: Parts = field(default_factory=Parts)


def choose(chosen: Subject, *, disabled: bool) -> Parts:
    """Draws the regions, folded until they are wanted.

    Args:
        disabled: Whether they are not to be drawn, while the photo is being painted.

    Returns:
        What was taken over last.
    """
    draft = st.session_state.get("stylize_regions")
    if draft is None or draft.photo != chosen.photo.digest:
        draft = st.session_state.stylize_regions = _Draft(chosen.photo.digest)
    if not disabled:
        count = len(draft.applied.masks)
        what = f"Regions: {count} marked" if count else "Regions: paint parts of it differently"
        with st.expander(what, icon=":material/brush:", expanded=False):
            _board(draft, chosen)
    applied: Parts = draft.applied
    return applied


@st.fragment
@guarded()
def _board(draft: _Draft, chosen: Subject) -> None:
    """One region at a time, to be painted or found; a stroke runs this alone, not the page."""
    st.caption(
        "Paint over a part of the photo, or draw a box around something and have it found. Each "
        "part gets a style of its own, or stays as it is."
    )
    number = _which(draft)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _paint(draft, chosen, number)
    with right:
        _found(draft, chosen, number)
        parts = _settings(draft, chosen.styles)
        _take_over(draft, parts, chosen.styles)


def _which(draft: _Draft) -> int:
    """The number of the region that is on the board, from 0."""
    count = len(draft.masks)
    with st.container(horizontal=True, vertical_alignment="center"):
        names = [f"Region {number + 1}" for number in range(count)]
        if count > 1:
            wanted = st.session_state.pop("stylize_region_next", None)
            if wanted is not None:
                st.session_state.stylize_region = names[wanted]
            elif st.session_state.get("stylize_region") not in names:
                st.session_state.stylize_region = names[0]
            st.segmented_control(
                "Region",
                names,
                key="stylize_region",
                required=True,
                label_visibility="collapsed",
            )
        more = count < MOST and draft.masks[-1] is not None
        if more and st.button("Another region", icon=":material/add:", type="tertiary"):
            draft.masks.append(None)
            draft.versions.append(draft.versions[0])
            st.session_state.stylize_region_next = count
            st.rerun(scope="fragment")
    return names.index(st.session_state.stylize_region) if count > 1 else 0


def _paint(draft: _Draft, chosen: Subject, number: int) -> None:
    jpeg = pictures.shown(chosen.photo.data, _SIDE)
    height, width = images.load(jpeg).pixels.shape[:2]
    drawn = brush.paint(
        jpeg,
        (width, height),
        mask=draft.masks[number],
        others=_others(draft, number),
        color=_COLORS[number],
        label=f"{chosen.name}: region {number + 1}, to be painted with mouse or finger",
        key=f"stylize-brush-{draft.photo[:16]}-{number}-{draft.versions[number]}",
    )
    if drawn is None:
        return
    before, draft.masks[number] = draft.masks[number], _usable(drawn)
    if (before is None) != (draft.masks[number] is None):
        st.rerun(scope="fragment")  # what is above was drawn before this was known


def _found(draft: _Draft, chosen: Subject, number: int) -> None:
    """The button that finds what a rough box or stroke is about."""
    rough = draft.masks[number]
    if st.button(
        "Find its edges",
        icon=":material/auto_fix_high:",
        disabled=rough is None,
        key="stylize-find",
        help="Takes the box or the stroke for a hint and finds the thing in it by its colors "
        "(GrabCut). Best for what stands out from what is around it.",
    ):
        try:
            photo = images.load(pictures.shown(chosen.photo.data, _SIDE)).pixels
            found = find(photo, regions.load(rough or b""))
        except AtelierError as error:
            st.warning(str(error), icon=":material/info:")
            return
        draft.masks[number] = _png(found)
        draft.versions[number] += 1
        st.rerun(scope="fragment")


def _settings(draft: _Draft, styles: Sequence[Style]) -> Parts:
    """What each region gets, and all else."""
    names = {PHOTO: "Leave as it is"} | {each.key: f"Like {each.name}" for each in styles}
    if len(styles) > 1:
        names[ALL] = "Like all of them, mixed"
    masks = [(number, mask) for number, mask in enumerate(draft.masks) if mask is not None]
    if not masks:
        return Parts()
    first = styles[0].key
    usual = [PHOTO if len(styles) == 1 else first, styles[-1].key, first]
    painted, strengths = [], []
    for number, _ in masks:
        style, strength = _one(f"Region {number + 1}", number, names, usual[number])
        painted.append(style)
        strengths.append(strength)
    rest, strength = _one("Everything else", MOST, names, first if len(styles) == 1 else ALL)
    soft = st.select_slider(
        fields.label(StylizeRequest, "soft_edge"),
        fields.within(StylizeRequest, "soft_edge", _EDGES),
        value=ON_THE_PAGE.soft_edge,
        format_func=_EDGES.__getitem__,
        key="stylize_soft",
        help=fields.tip(StylizeRequest, "soft_edge"),
        persist_state="session",
    )
    return Parts(tuple(mask for _, mask in masks), (*painted, rest), (*strengths, strength), soft)


def _one(what: str, number: int, names: dict[str, str], usual: str) -> tuple[str, float]:
    """What one region is painted like, and how strongly."""
    key = f"stylize-part-{number}"
    if st.session_state.get(key) not in names:
        st.session_state[key] = usual
    style: str = st.selectbox(
        what, list(names), format_func=names.__getitem__, key=key, persist_state="session"
    )
    if style == PHOTO:
        return style, 1.0
    percent: int = st.select_slider(
        f"{what}: strength",
        _PERCENT,
        value=100,
        format_func=lambda value: f"{value} %",
        key=f"{key}-strength",
        help=described(StylizeRequest, "region_strengths").term,
        persist_state="session",
    )
    return style, percent / 100


def _take_over(draft: _Draft, parts: Parts, styles: Sequence[Style]) -> None:
    """The way from the board to the painting."""
    with st.container(horizontal=True):
        if st.button(
            "Paint it so",
            icon=":material/check:",
            disabled=not parts.masks or parts == draft.applied,
            key="stylize-take-over",
        ):
            try:  # what will not do is told here, where it can be mended
                request, masks = parts.asked(ON_THE_PAGE, styles), parts.loaded()
                regions.lay_out(request, masks, len(styles), *masks[0].shape)
            except AtelierError as error:
                st.warning(str(error), icon=":material/info:")
                return
            draft.applied = parts
            st.rerun()
        if draft.applied.masks and st.button(
            "Without regions", icon=":material/close:", type="tertiary", key="stylize-no-regions"
        ):
            st.session_state.stylize_regions = _Draft(
                draft.photo, versions=[sum(draft.versions) + 1]
            )
            st.rerun()


def _others(draft: _Draft, number: int) -> bytes | None:
    """All other regions as one PNG."""
    masks = [_white(each) for n, each in enumerate(draft.masks) if n != number and each]
    return _png(np.logical_or.reduce(masks)) if masks else None


def _usable(drawn: bytes) -> bytes | None:
    """What came from the board; None if nothing is painted there, or it is no picture at all."""
    try:
        return drawn if _white(drawn).any() else None
    except images.UnreadablePicture:
        return None


@st.cache_data(max_entries=24, show_spinner=False)
def _white(png: bytes) -> Mask:
    mask: Mask = images.load(png).pixels[..., 0] > 127
    return mask


def _png(mask: Mask) -> bytes:
    return images.encode(np.repeat(mask[..., None], 3, -1).astype(np.uint8) * 255)
