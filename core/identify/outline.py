"""The outline of a painting in a photo of it: four corners, found by OpenCV or given, and the cut.

Edges are followed at several thresholds, in lightness and both colors; a painting's are the convex
quadrangle whose four sides lie on edges all along (as documents are found by scanners of phones).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from core import images
from core.errors import InvalidRequest
from core.identify import classify
from core.images import Picture
from core.images.resize import resize
from core.images.types import Pixels

if TYPE_CHECKING:
    from cv2.typing import MatLike

Points = npt.NDArray[np.floating]
Corners = tuple[tuple[float, float], ...]
"""Four `(x, y)` in shares of width and height, clockwise from the top left one."""

ENOUGH = 1600  # pixels of a side: more of a photo shows nothing more of the painting to a network

_SIDE = 480  # pixels: on more, texture has edges, too
_SMALLEST, _LARGEST = 0.08, 0.94  # of the photo's area
_SUPPORT = 0.72  # share of the weakest side that has to lie on edges
_PARALLEL = 0.9  # cosine between what is across an edge and across the side on which it lies
_SHORTEST = 16  # pixels of a side: what is smaller shows nothing
_SKEW = 0.55  # largest cosine between neighboring sides: about 57 degrees are the sharpest angle


def find(photo: Pixels) -> Corners | None:
    """The painting in a photo of it on its wall; None if there is none to be seen for sure.

    Args:
        photo: `(height, width, 3)` uint8.
    """
    import cv2

    shrink = min(1.0, _SIDE / max(photo.shape[:2]))
    height, width = (max(1, round(side * shrink)) for side in photo.shape[:2])
    if min(photo.shape[:2]) < 4 * _SHORTEST:
        return None
    small = np.clip(np.rint(resize(photo, height, width)), 0, 255).astype(np.uint8)
    planes = cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2LAB))
    soft = [cv2.bilateralFilter(plane, 7, 30, 5) for plane in planes]
    slopes = _slopes(soft)
    best, found = 0.0, None
    for corners in _quadrangles(soft):
        share = np.sqrt(_area(corners) / (height * width))
        if share <= best:  # however well it is supported
            continue
        support = _support(corners, slopes)
        if support >= _SUPPORT and support * share > best:
            best, found = support * share, corners
    if found is None:
        return None
    shares = _clockwise(found) / (width, height)
    return cast(Corners, tuple((float(x), float(y)) for x, y in shares.clip(0, 1)))


def without_wall(picture: Picture) -> tuple[Picture, Corners | None]:
    """The painting alone, and where it was found; the picture as it is, and None, if it was not."""
    corners = find(picture.pixels)
    if corners is None:
        return picture, None
    return replace(picture, pixels=cut(picture.pixels, corners)), corners


def read(
    data: bytes, *, cut_out: bool, enough: int | None = classify.ENOUGH
) -> tuple[Picture, Corners | None]:
    """A picture as it is looked at: whole, or the painting alone, and where that was found.

    Args:
        data: A file.
        cut_out: Whether the painting is to be cut out of it, see `without_wall`.
        enough: Pixels a side that are needed of the picture, see `images.load`.

    Raises:
        core.images.UnreadablePicture: If it is none.
    """
    if not cut_out:
        return images.load(data, enough=enough), None
    return without_wall(images.load(data, enough=enough and max(enough, ENOUGH)))


def cut(photo: Pixels, corners: Sequence[Sequence[float]]) -> Pixels:
    """What lies between four corners, as if seen from in front.

    Args:
        photo: `(height, width, 3)` uint8.
        corners: As `find` gives them, or in any order.

    Returns:
        As high and broad as the longer of its two sides and edges.

    Raises:
        InvalidRequest: If they are not the corners of a convex quadrangle, or it is too small.
    """
    import cv2

    size = np.array(photo.shape[1::-1], float)
    points = np.asarray(corners, float)
    if points.shape != (4, 2) or not np.isfinite(points).all():
        raise InvalidRequest("Four corners are needed, each with its x and y.")
    points = _clockwise(points.clip(0, 1) * size)
    if not cv2.isContourConvex(points.astype(np.float32).reshape(-1, 1, 2)):
        raise InvalidRequest("The four corners have to lie around the painting.")
    sides = np.linalg.norm(points - np.roll(points, -1, axis=0), axis=1)
    width, height = round(max(sides[0], sides[2])), round(max(sides[1], sides[3]))
    if min(sides) < _SHORTEST:
        raise InvalidRequest("What lies between these corners is too small to be looked at.")
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(points.astype(np.float32), flat)
    made = cv2.warpPerspective(
        photo, matrix, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    return cast(Pixels, np.ascontiguousarray(made))


def _edges(plane: MatLike, strong: float) -> MatLike:
    import cv2

    return cv2.Canny(plane, 0.4 * strong, strong)


def _slopes(planes: Sequence[MatLike]) -> Points:
    """`(height, width, 2)` unit vectors across the edges there are, 0 where there is none."""
    import cv2

    slopes = np.stack(
        [
            np.stack([cv2.Sobel(plane, cv2.CV_32F, *axis) for axis in ((1, 0), (0, 1))], -1)
            for plane in planes
        ]
    )
    steep = np.linalg.norm(slopes, axis=-1)
    steepest = steep.argmax(axis=0)[None]
    length = np.take_along_axis(steep, steepest, 0)[0]
    found: Points = np.take_along_axis(slopes, steepest[..., None], 0)[0]
    edges = np.maximum.reduce([_edges(plane, 60) for plane in planes]) > 0
    return np.where(edges[..., None], found / np.maximum(length, 1e-6)[..., None], 0)


def _quadrangles(planes: Sequence[MatLike]) -> Iterator[Points]:
    """Convex ones of a painting's size, their corners in pixels."""
    import cv2

    height, width = planes[0].shape[:2]
    whole = height * width
    for plane in planes:
        for strong in (40, 80, 160):
            edges = cv2.dilate(_edges(plane, strong), np.ones((3, 3), np.uint8))
            outlines, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
            for outline in outlines:
                hull = cv2.convexHull(outline)
                if not _SMALLEST * whole < cv2.contourArea(hull) < _LARGEST * whole:
                    continue
                if (corners := _four(hull)) is not None and _is_upright(corners):
                    yield corners


def _four(hull: Any) -> Points | None:
    """The four corners of a hull that has hardly more of them."""
    import cv2

    length = cv2.arcLength(hull, True)
    for tolerance in (0.01, 0.02, 0.03, 0.04):
        found = cv2.approxPolyDP(hull, tolerance * length, True)
        if len(found) == 4:
            return np.asarray(found, np.float64).reshape(4, 2)
    return None


def _is_upright(corners: Points) -> bool:
    """Whether its angles are those of a rectangle seen aslant: none far from a right one."""
    sides = np.roll(corners, -1, axis=0) - corners
    sides /= np.linalg.norm(sides, axis=1, keepdims=True) + 1e-9
    return bool((np.abs((sides * np.roll(sides, -1, axis=0)).sum(axis=1)) < _SKEW).all())


def _support(corners: Points, slopes: Points) -> float:
    """The share of the weakest side's length that lies on edges that run as it does.

    Where all is texture edges are everywhere, but they run in all directions.
    """
    import cv2

    height, width = slopes.shape[:2]
    weakest = 1.0
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (end - start) / (np.linalg.norm(end - start) + 1e-9)
        across = np.array((-along[1], along[0]), np.float32)
        likewise = (np.abs(slopes @ across) > _PARALLEL).astype(np.uint8)
        near = cv2.dilate(likewise, np.ones((5, 5), np.uint8))  # at most two pixels away
        count = max(8, round(float(np.linalg.norm(end - start))))
        points = np.rint(start + (end - start) * np.linspace(0.03, 0.97, count)[:, None])
        x, y = points.astype(int).T
        weakest = min(weakest, float(near[y.clip(0, height - 1), x.clip(0, width - 1)].mean()))
        if weakest < _SUPPORT:
            break
    return weakest


def _area(corners: Points) -> float:
    x, y = corners.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _clockwise(corners: Points) -> Points:
    """The same corners, as they are seen, from the top left one."""
    middle = corners - corners.mean(axis=0)
    turned = corners[np.argsort(np.arctan2(middle[:, 1], middle[:, 0]))]  # y points down
    found: Points = np.roll(turned, -int(turned.sum(axis=1).argmin()), axis=0)
    return found
