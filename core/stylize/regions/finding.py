"""Finding a region from a rough hint: GrabCut, which needs no network and no weights.

Colors of the region and of all else are two mixtures of Gaussians, the border lies where colors
change (Rother, Kolmogorov & Blake, SIGGRAPH 2004, doi 10.1145/1015706.1015720).
"""

from __future__ import annotations

import numpy as np

from core.images.resize import resize
from core.images.types import Pixels
from core.stylize.regions.masks import Mask, UnusableMask, fit, on_grid

_SIDE = 320  # pixels: a larger copy takes long, and finds hardly more
_ROUNDS = 5  # of the two mixtures; there is little change after them
_FULL = 0.97  # of a hint's bounding box: so full are boxes, and no strokes
_LONG = 5  # times longer than broad are strokes, and no boxes
_COLORS = 32  # of a stroke, from dark to light
_SEED = 1  # of OpenCV's own generator, which starts the mixtures


def find(photo: Pixels, hint: Mask) -> Mask:
    """The region that a hint is about.

    Args:
        photo: `(height, width, 3)` uint8 RGB of any size.
        hint: Of the same shape: a box around the region, or a stroke across it.

    Returns:
        As large as the photo. A stroke is in it, and what of the region touches it; what is found
        in a box is within the box.

    Raises:
        UnusableMask: If the hint does not fit, or nothing is found.
    """
    import cv2

    shrink = min(1.0, _SIDE / max(photo.shape[:2]))
    height, width = (max(1, round(side * shrink)) for side in photo.shape[:2])
    small = np.clip(np.rint(resize(photo, height, width)), 0, 255).astype(np.uint8)
    rough = fit(hint, height, width)
    is_box = _is_box(rough)
    if is_box:
        labels = np.where(rough, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    else:
        labels = np.where(_alike(small, rough), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        labels[rough] = cv2.GC_FGD
    if np.isin(labels, (cv2.GC_BGD, cv2.GC_PR_BGD)).any():
        cv2.setRNGSeed(_SEED)
        # Its channels are alike to it: RGB will do.
        models, mode = (np.zeros((1, 65)), np.zeros((1, 65))), cv2.GC_INIT_WITH_MASK
        cv2.grabCut(small, labels, (0, 0, 1, 1), *models, _ROUNDS, mode)
    found = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if not is_box:
        found = _touching(found, rough)
    found = cv2.medianBlur(found.astype(np.uint8), 5) > 0  # without crumbs
    if not found.any() or found.all():
        raise UnusableMask("Nothing was found there: mark more of it, or paint it by hand.")
    whole: Mask = on_grid(found, *photo.shape[:2]) >= 0.5
    return whole


def _is_box(rough: Mask) -> bool:
    down, right = (np.flatnonzero(rough.any(axis)) for axis in (1, 0))
    box = rough[down[0] : down[-1] + 1, right[0] : right[-1] + 1]
    return bool(box.mean() > _FULL and max(box.shape) < _LONG * min(box.shape))


def _alike(picture: Pixels, stroke: Mask) -> Mask:
    """What is connected with a stroke and of its colors: where GrabCut begins.

    Else nearly all of the region would count as its background at first.
    """
    import cv2

    lab = cv2.cvtColor(cv2.GaussianBlur(picture, (0, 0), 1.5), cv2.COLOR_RGB2LAB)
    seen = lab[stroke].astype(np.float32)
    order = seen[np.argsort(seen[:, 0])]
    colors = order[np.linspace(0, len(order) - 1, _COLORS).astype(int)]
    away = np.full(stroke.shape, np.inf, np.float32)
    for each in colors:
        away = np.minimum(away, np.linalg.norm(lab - each, axis=-1))
    levels = away.clip(0, 255).astype(np.uint8)
    _, far = cv2.threshold(levels, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return _touching((far == 0) | stroke, stroke)


def _touching(found: Mask, stroke: Mask) -> Mask:
    """What of a region is connected with the stroke: the same colors elsewhere are others."""
    import cv2

    _, parts = cv2.connectedComponents(found.astype(np.uint8), connectivity=4)
    there = np.unique(parts[stroke & found])
    touching: Mask = np.isin(parts, there[there > 0])
    return touching
