"""The layout of a painting in regions: which of them gets what, and how they meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.errors import InvalidRequest
from core.images.types import Floats, Pixels
from core.stylize.regions.masks import Mask, UnusableMask, fit
from core.stylize.request import ALL, PHOTO, StylizeRequest

_MARGIN = 48  # pixels around a region that the network sees with it


class Region(NamedTuple):
    """What a region is painted like.

    Attributes:
        styles: Numbers of styles from 0, which are blended.
        strength: How much of the style it gets, above 0 up to 1.
    """

    styles: tuple[int, ...]
    strength: float

    def weights(self, of_all: Sequence[float] | None) -> tuple[float, ...] | None:
        """The weights of its own styles among those of all that are given; None for equal ones."""
        if of_all is None or len(self.styles) == 1:
            return None
        return tuple(of_all[style] for style in self.styles)


@dataclass(frozen=True, eq=False)
class Layout:
    """A painting in regions.

    Attributes:
        labels: 0 where the photo stays, and n where the n-th region is, `(height, width)` uint8.
        regions: Those that are painted.
        soft: Breadth of the border between regions, as a share of the shorter side.
    """

    labels: npt.NDArray[np.uint8]
    regions: tuple[Region, ...]
    soft: float

    @cached_property
    def kept(self) -> Mask:
        """Where not one pixel of the photo changes."""
        found: Mask = self.labels == 0
        return found

    def mask(self, region: int) -> Mask:
        """Where a region is, by its number from 0."""
        found: Mask = self.labels == region + 1
        return found

    @cached_property
    def weights(self) -> Floats:
        """What the photo, and then each region, has in a pixel: they sum to 1.

        A border between two regions lies on both sides of their edge; one with the photo lies in
        the region, so that the photo stays whole.

        Returns:
            `(1 + regions, height, width)` float32.
        """
        hard = np.stack([self.labels == number for number in range(len(self.regions) + 1)])
        breadth = self.soft * min(self.labels.shape)
        if breadth < 1:
            return hard.astype(np.float32)
        photo = _rising(1 - _away(hard[0]) / breadth)
        within = [_rising(0.5 + (_away(~each) - _away(each)) / breadth) for each in hard[1:]]
        # There is none of them where the photo is.
        shares = np.stack(within) / np.maximum(sum(within), 1e-6)
        return np.concatenate([photo[None], shares * (1 - photo)]).astype(np.float32)

    def at(self, height: int, width: int) -> Layout:
        """The same for a copy of another size."""
        if self.labels.shape == (height, width):
            return self
        rows, columns = (
            np.minimum(((np.arange(new) + 0.5) * old / new).astype(int), old - 1)
            for new, old in zip((height, width), self.labels.shape, strict=True)
        )
        return replace(self, labels=self.labels[np.ix_(rows, columns)])

    def box(self, region: int, least: int) -> tuple[slice, slice]:
        """The part of the picture in which a region is painted, with what is around it.

        Args:
            region: Its number from 0; it has a pixel somewhere.
            least: Pixels a side that the part is to have, if the picture has as many.
        """
        spans = []
        for axis, side in zip((1, 0), self.labels.shape, strict=True):
            there = np.flatnonzero((self.weights[region + 1] > 0).any(axis))
            first, last = int(there[0]) - _MARGIN, int(there[-1]) + 1 + _MARGIN
            more = max(0, least - (min(last, side) - max(first, 0)))
            spans.append(slice(max(0, first - more), min(side, last + more)))
        return spans[0], spans[1]

    def restored(self, painting: Pixels, photo: Pixels) -> Pixels:
        """The painting with the photo's own pixels where that stays; both as large as this."""
        return np.where(self.kept[..., None], photo, painting)


def lay_out(
    request: StylizeRequest, masks: Sequence[Mask], styles: int, height: int, width: int
) -> Layout | None:
    """Puts together what a request says of its regions.

    Args:
        request: How it is painted.
        masks: One a region, of any size; later ones lie over earlier ones.
        styles: How many there are.
        height, width: Of the painting.

    Returns:
        None if there are no masks.

    Raises:
        InvalidRequest: If masks, styles and what is said of regions do not fit each other.
        UnusableMask: If a mask does not fit the picture.
    """
    given = wanted(request, len(masks), styles)
    if not masks:
        return None
    regions: list[Region] = []
    labels = np.zeros((height, width), np.uint8)
    for where, region in zip([None, *masks], given[-1:] + given[:-1], strict=True):
        number = 0
        if region is not None:
            if region not in regions:
                regions.append(region)
            number = regions.index(region) + 1
        if where is None:
            labels[:] = number
        else:
            labels[fit(where, height, width)] = number
    # A mask may be covered by later ones.
    seen = [number for number in range(1, len(regions) + 1) if (labels == number).any()]
    if not seen:
        raise UnusableMask("Every region stays as the photo: there is nothing to paint.")
    numbers = np.zeros(len(regions) + 1, np.uint8)
    numbers[seen] = range(1, len(seen) + 1)
    return Layout(numbers[labels], tuple(regions[number - 1] for number in seen), request.soft_edge)


def wanted(request: StylizeRequest, masks: int, styles: int) -> list[Region | None]:
    """What each mask's region gets, and then what no mask covers; None for the photo.

    Raises:
        InvalidRequest: See `lay_out`.
    """
    if not masks:
        if request.region_styles is not None or request.region_strengths is not None:
            raise InvalidRequest("There is no region without a mask: give one for each.")
        return []
    given = request.region_styles
    if given is None:
        if styles == 1:
            given = ("1",) * masks
        elif styles in (masks, masks + 1):
            given = tuple(str(number) for number in range(1, styles + 1))
        else:
            raise InvalidRequest(
                f"{masks} masks and {styles} styles: say which region gets which (region_styles)."
            )
    strengths = request.region_strengths or (1.0,) * len(given)
    for what, values in (("region_styles", given), ("region_strengths", strengths)):
        if not masks <= len(values) <= masks + 1:
            raise InvalidRequest(
                f"{masks} masks and {len(values)} values of {what}: one each is needed, and one "
                "more for what no mask covers, if that is to be painted."
            )
    given, strengths = (*given, PHOTO)[: masks + 1], (*strengths, 1.0)[: masks + 1]
    found: list[Region | None] = []
    for style, strength in zip(given, strengths, strict=True):
        if style == PHOTO:
            numbers: tuple[int, ...] = ()
        else:
            numbers = tuple(range(styles)) if style == ALL else (int(style) - 1,)
        if any(number >= styles for number in numbers):
            raise InvalidRequest(f"There is no style {style}: {styles} are given.")
        found.append(Region(numbers, strength) if numbers and strength else None)
    return found


def _away(mask: Mask) -> Floats:
    """How far each pixel is from a mask, in pixels; as far as can be from an empty one."""
    if not mask.any():
        return np.full(mask.shape, float(sum(mask.shape)))
    from scipy import ndimage  # slow to import, and few pictures have regions

    distance: Floats = ndimage.distance_transform_edt(~mask)
    return distance


def _rising(values: Floats) -> Floats:
    """From 0 to 1 without a corner at either end."""
    share = np.clip(values, 0, 1)
    rising: Floats = share**2 * (3 - 2 * share)
    return rising
