"""How well the generators do, by an evaluation, in a visitor's words."""

from __future__ import annotations

import streamlit as st

from core import models, monet
from pages.components.ui import charts


def what_for() -> str:
    """What the way to a photo is for, and how far it leads by an evaluation."""
    test = models.get(monet.MODELS["to-photo"]).figures.get("held_out")
    far = ""
    if test is not None:
        closed = charts.percent(test["distance_closed"])
        far = f": of the distance to real ones it closes {closed}"
    return (
        "This way is for the curious, and kept the other one honest while both learned; do not "
        f"expect a photograph{far}."
    )


def how_good(direction: monet.Direction) -> None:
    """What an evaluation found, in a visitor's words."""
    entry = models.get(monet.MODELS[direction])
    test = entry.figures.get("held_out")
    if test is None:  # it was not measured
        return
    goal = "Monets" if direction == "to-monet" else "photos"
    given = (
        f"{test['pictures']} photos that it had never seen"
        if direction == "to-monet"
        else f"the {test['pictures']} Monets that it learned from"
    )
    with st.expander("Evaluation: how good is it?"):
        st.markdown(
            f"Measured on {given}: of the kernel distance between what it was given and real "
            f"{goal}, **{charts.percent(test['distance_closed'])}** is closed. Cycle error: "
            "painted and turned back, a picture differs by "
            f"**{charts.percent(test['cycle_l1'])}** of the range from where it started. Content "
            f"kept: **{charts.percent(test['content_kept'])}** of what a network sees in the "
            "picture."
        )
        st.caption(
            "A generator of a CycleGAN, trained against a discriminator that tells real "
            f"{goal} from painted ones. Distance: kernel distance (KID) of EfficientNet-Lite0's "
            "features, of 224-pixel crops. Cycle: mean absolute difference (L1). Content: cosine "
            "of VGG16's features before and after. "
            f"Model of {entry.date}, version {entry.version}, {entry.licence}."
        )
