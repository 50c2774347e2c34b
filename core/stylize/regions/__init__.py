"""Regions of a picture, each with a style of its own, or left as it is in the photo."""

from core.stylize.regions.layout import Layout, Region, lay_out, wanted
from core.stylize.regions.masks import Mask, UnusableMask, fit, load, on_grid

__all__ = [
    "Layout",
    "Mask",
    "Region",
    "UnusableMask",
    "fit",
    "lay_out",
    "load",
    "on_grid",
    "wanted",
]
