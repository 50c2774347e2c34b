"""The instant picture of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from core.images.types import Pixels
from core.stylize import artist_styles, instant, refine, regions
from core.stylize.artist_styles import ArtistStyle
from core.stylize.regions import Layout, Mask
from core.stylize.request import StylizeRequest

Given: TypeAlias = Pixels | ArtistStyle | str
"""A style: a picture, the id of a painter, or what is known of either."""


def at_once(
    request: StylizeRequest,
    photo: Pixels,
    styles: Sequence[Given],
    *,
    masks: Sequence[Mask] = (),
    engine: instant.Engine | None = None,
) -> Pixels:
    """The instant picture of a request, `(rows, width, 3)` uint8 RGB.

    Args:
        masks: See `paint`.
        engine: What runs its networks; that of this process if None.

    Raises:
        models.WeightsError: If the network for it is not to be had.
        InvalidRequest: If styles, weights and masks do not fit each other.
    """
    layout = regions.lay_out(request, masks, len(styles), *refine.size(photo, request.rows))
    return sketched(request, photo, known(styles), layout, engine)


def sketched(
    request: StylizeRequest,
    photo: Pixels,
    styles: Sequence[Pixels | ArtistStyle],
    layout: Layout | None,
    engine: instant.Engine | None = None,
) -> Pixels:
    """The same, of a layout in regions if there is one."""
    painted: Pixels = instant.paint(
        photo,
        styles,
        style_weights=request.style_weights,
        strength=request.strength,
        rows=request.rows,
        brush=request.brush,
        keep_colors=request.keep_colors,
        layout=layout,
        engine=engine,
    )
    return painted


def known(styles: Sequence[Given]) -> list[Pixels | ArtistStyle]:
    """Styles with what is known of painters in place of their ids."""
    return [artist_styles.load(each) if isinstance(each, str) else each for each in styles]
