"""Explore, training: class balance, sizes, augmentation, damage and duplicates."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core import collection as files
from core import examples, identify, images
from core.artists import facts
from core.collection import scan
from core.recipes import RECIPES
from core.recipes.augmentation import mix, random_view
from pages.components.explore import charts as draw
from pages.components.explore import scanning
from pages.components.ui import charts, downloads, thumbnails, uploads

_PAIRS = 6  # pairs of duplicates a page
_VIEWS = 11


def show(place: Path | None) -> None:
    """Without a directory, the table of facts and the examples serve."""
    table = scanning.measured(place) if place else None
    _balance(place)
    _augmentation(place)
    if place is None or table is None:
        scanning.invite()
        return
    if table.empty:
        st.info("No painting has been scanned yet.", icon=":material/hourglass_top:")
        return
    _sizes(table)
    _damage(table)
    _duplicates(place, table)


def _balance(place: Path | None) -> None:
    """Who has enough paintings to learn from."""
    if place is None:
        table = facts.published()[["name", "paintings"]]
    else:
        listed = scanning.listing(place)
        counts = listed[~listed["outside"]]["artist"].value_counts()
        table = counts.rename_axis("name").reset_index(name="paintings")
    if table.empty:
        st.info(
            "All paintings here are by painters outside the collection: nobody to learn from.",
            icon=":material/group_off:",
        )
        return
    most = int(table["paintings"].max())
    cut = st.slider("At least so many paintings", 0, most, min(200, most), 10, key="cut")
    enough = table[table["paintings"] >= cut]
    who = "1 painter has" if len(enough) == 1 else f"{len(enough)} painters have"
    charts.show(
        f"{who} at least {cut} paintings",
        draw.counts(table, "name", "paintings", cut=cut),
        table.assign(enough=table["paintings"] >= cut),
        key="balance",
        alt=draw.in_words(table, "name", "paintings"),
    )
    st.caption(f"Together {enough['paintings'].sum():,} of {table['paintings'].sum():,} paintings.")


def _augmentation(place: Path | None) -> None:
    """The random views that training sees, made by the code that training uses."""
    st.subheader("Augmentation: what a network in training gets to see")
    how = RECIPES["efficientnet_lite0"].augmentation
    with st.container(horizontal=True, vertical_alignment="bottom"):
        area = st.slider("Crop: smallest share of the picture", 0.1, 1.0, how.min_area, width=230)
        color = st.slider("Color jitter: light and color", 0.0, 0.6, how.colour, width=180)
        jpeg = st.slider("JPEG: chance to be saved again", 0.0, 1.0, how.jpeg, width=190)
        patched = st.toggle(
            "CutMix patches", help="Patched with another painting (arXiv 1905.04899)"
        )
        again = st.button("Draw again", icon=":material/casino:")
    if again or "drawn" not in st.session_state:
        st.session_state.drawn = int(np.random.default_rng().integers(10**9))
    rng = np.random.default_rng(st.session_state.drawn)
    how = dataclasses.replace(
        how, min_area=area, colour=color, jpeg=jpeg, mixup=0.0, cutmix=float(patched)
    )
    original, other = _two_paintings(place, rng)
    views = [
        random_view(original if i % 2 == 0 else other, identify.SIDE, how, rng)
        for i in range(2 * _VIEWS)
    ]
    if patched:  # a batch is mixed with itself reversed
        batch = np.stack([*views[0::2], *views[1::2]]).astype(np.float32)
        views = [mix(batch[[i, -1 - i]], np.eye(2), how, rng)[0][0] for i in range(_VIEWS)]
    else:
        views = views[0::2]
    with st.container(horizontal=True):
        for number, view in enumerate([original, *views]):
            with st.container(width=162):
                st.image(
                    images.encode(np.asarray(view, np.uint8), "JPEG", quality=90),
                    width="stretch",
                    caption="The original" if number == 0 else None,
                    alt="The original" if number == 0 else f"Random view {number}",
                )


def _two_paintings(place: Path | None, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two paintings that may be shown: of the directory, or of the examples."""
    shipped: list[bytes | Path] = [example.read() for example in examples.catalogue()]
    sources = shipped
    if place is not None:
        listed = scanning.listing(place)
        allowed = {name for name in listed["artist"].unique() if files.may_be_shown(name)}
        own = [place / file for file in listed[listed["artist"].isin(allowed)]["file"]]
        sources = own or shipped
    found = []
    some = [sources[number] for number in rng.permutation(len(sources))[:50]]
    if place is not None:
        some += shipped[:2]  # where a directory has no two that can be read
    for source in some:
        try:
            picture = images.load(source, enough=identify.ENOUGH)
        except (OSError, images.UnreadablePicture):
            continue  # listed under damage
        found.append(identify.squeeze(picture.pixels))
        if len(found) == 2:
            break
    return found[0], found[1]


def _sizes(table: pd.DataFrame) -> None:
    """Sizes and shapes of the pictures, of all painters or of one."""
    st.subheader("Sizes and shapes")
    readable = table[(table["error"] == "") & ~table["outside"]]
    names = sorted(readable["artist"].unique())
    who = st.selectbox("Whose", ["All painters", *names], key="sizes-of", width=260)
    if who in names:
        readable = readable[readable["artist"] == who]
    if readable.empty:
        st.info(
            "No painting by a painter of the collection can be read.",
            icon=":material/broken_image:",
        )
        return
    left, right = st.columns(2, gap="large")
    shape = (readable["width"] / readable["height"]).round(3)
    sides = readable[["file", "artist", "width", "height"]].assign(shape=shape)
    with left:
        charts.show(
            "Width against height",
            draw.sizes(readable),
            sides,
            key="sizes",
            alt=f"Median {readable['width'].median():.0f} by {readable['height'].median():.0f} px",
        )
    with right:
        charts.show(
            "Shapes: upright under 1, lying above",
            draw.spread(shape, "width / height"),
            sides,
            key="shapes",
            alt=f"Median of width by height {shape.median():.2f}",
        )


def _damage(table: pd.DataFrame) -> None:
    damaged = table[table["error"] != ""]
    st.subheader("Damaged files")
    if damaged.empty:
        st.markdown(f"None among the {len(table):,} that were scanned.")
        return
    st.dataframe(
        damaged[["file", "artist", "error"]],
        hide_index=True,
        alt=f"{len(damaged)} files that cannot be read, and why",
    )
    _download(damaged[["file", "artist", "error"]], "damaged")


def _duplicates(place: Path, table: pd.DataFrame) -> None:
    pairs = scan.duplicate_pairs(place)
    artist = table.set_index("file")["artist"]
    pairs = pairs[pairs["file_a"].isin(artist.index) & pairs["file_b"].isin(artist.index)]
    st.subheader("Duplicates: two files that show the same painting")
    if pairs.empty:
        done = scan.is_complete(place)
        st.markdown("None found." if done else "Looked for as soon as all files are scanned.")
        return
    shown = pairs[
        pairs["file_a"].map(artist).map(files.may_be_shown)
        & pairs["file_b"].map(artist).map(files.may_be_shown)
    ]
    st.markdown(
        f"{len(pairs):,} pairs, the likeliest first. A split must not tear them apart: "
        "`python -m training dataset split` does not."
    )
    pages = -(-len(shown) // _PAIRS)
    above = st.container()
    page = st.pagination(pages, key="duplicates-page") if pages > 1 else 1
    with above, st.container(horizontal=True, gap="medium"):
        for row in shown.iloc[(page - 1) * _PAIRS : page * _PAIRS].itertuples():
            with st.container(width=330):
                with st.container(horizontal=True, gap="small"):  # columns would stack on a phone
                    for file in (row.file_a, row.file_b):
                        picture = thumbnails.thumbnail(place / file, file)
                        if picture is not None:  # else it has changed since
                            st.image(picture, width=157, alt=f"One of two duplicates, {file}")
                painter = uploads.plain(artist[row.file_a])
                st.caption(f"{painter}, likeness {row.likeness:.2f}")
    _download(pairs, "duplicates")


def _download(table: pd.DataFrame, name: str) -> None:
    downloads.table("Download the list", table, f"atelier-{name}.csv", key=f"download-{name}")
