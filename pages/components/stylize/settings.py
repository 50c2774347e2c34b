"""Stylize, the manner: sliders in a visitor's words, the terms of the trade one hover away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.requests import described
from core.stylize import artist_styles, extractors
from core.stylize.objective.forms import usual_layers
from core.stylize.request import ON_THE_PAGE, StylizeRequest
from pages.components.stylize import ways
from pages.components.stylize.stops import BRUSHES, FORMS, TIMES, nearest, stops
from pages.components.stylize.subject import Style, thumbs
from pages.components.ui import fields

_NAMES = {"lbfgs": "L-BFGS"}  # of choices; others are as they are spelled
_LEAST_RATE = 0.1

_DEFAULTS: dict[str, Any] = {
    "stylize_strength": nearest("style_weight", ON_THE_PAGE.style_weight),
    "stylize_faith": nearest("content_weight", ON_THE_PAGE.content_weight),
    "stylize_forms": nearest("forms", ON_THE_PAGE.forms),
    "stylize_brush": nearest("brush", ON_THE_PAGE.brush),
    "stylize_keep": ON_THE_PAGE.keep_colors,
    "stylize_contours": ON_THE_PAGE.keep_contours,
    "stylize_rows": nearest("rows", ON_THE_PAGE.rows),
    "stylize_steps": nearest("steps", ON_THE_PAGE.steps),
    "stylize_network": ON_THE_PAGE.network,
    "stylize_optimizer": ON_THE_PAGE.optimizer,
    "stylize_rate": ON_THE_PAGE.learning_rate,
    "stylize_smooth": nearest("variation_weight", ON_THE_PAGE.variation_weight),
    "stylize_start": ON_THE_PAGE.start,
    "stylize_seed": ON_THE_PAGE.seed,
    "stylize_layers": False,
}
_MIXED = ("stylize-mix-", "stylize-weight-", "stylize-layer-")  # how other keys begin


def hold() -> None:
    """Takes what was set just before a click as given.

    Streamlit runs the page once for both, and drops what comes from a widget that this run draws
    disabled. What the page itself has set stays.
    """
    for key in list(st.session_state):
        if str(key).startswith((*_DEFAULTS, *_MIXED)):
            st.session_state[key] = st.session_state[key]


def choose(styles: Sequence[Style], *, disabled: bool) -> StylizeRequest:
    """Draws all that can be set.

    Args:
        disabled: Whether it is shown only, while it is being painted so.

    Raises:
        core.errors.InvalidRequest: With one sentence that says what is not possible.
    """
    for key, value in _DEFAULTS.items():
        st.session_state.setdefault(key, value)
    weights = _mix(styles, disabled)
    ways.choose(disabled)
    keep: Any = {"disabled": disabled, "persist_state": "session"}
    strength = st.select_slider(
        _label("style_weight"),
        stops("style_weight"),
        format_func=_percent,
        key="stylize_strength",
        help=_tip("style_weight", "The instant picture has all of the style at 100 %."),
        **keep,
    )
    faith = st.select_slider(
        _label("content_weight"),
        stops("content_weight"),
        format_func=_percent,
        key="stylize_faith",
        help=_tip("content_weight"),
        **keep,
    )
    forms = _forms(styles, disabled)
    brush = st.select_slider(
        _label("brush"),
        stops("brush"),
        format_func=BRUSHES.__getitem__,
        key="stylize_brush",
        help=_tip("brush"),
        **keep,
    )
    rows = st.select_slider(
        _label("rows"),
        stops("rows"),
        format_func=lambda rows: f"{rows} rows",
        key="stylize_rows",
        help=_tip("rows"),
        **keep,
    )
    times = stops("steps")
    steps = st.select_slider(
        _label("steps"),
        times,
        format_func=TIMES.__getitem__,
        key="stylize_steps",
        help=_tip(
            "steps", ", ".join(f"{TIMES[steps]} {steps}" for steps in times).capitalize() + "."
        ),
        **keep,
    )
    keep_colors = st.toggle(
        _label("keep_colors"), key="stylize_keep", help=_tip("keep_colors"), **keep
    )
    keep_contours = st.toggle(
        _label("keep_contours"), key="stylize_contours", help=_tip("keep_contours"), **keep
    )
    with st.expander("For experts"):
        expert = _expert(styles, forms, disabled)
    return ON_THE_PAGE.changed(
        rows=rows,
        steps=steps,
        style_weight=ON_THE_PAGE.style_weight * strength / 100,
        content_weight=ON_THE_PAGE.content_weight * faith / 100,
        forms=forms,
        strength=min(1.0, strength / 100),
        style_weights=weights,
        brush=brush,
        keep_colors=keep_colors,
        keep_contours=keep_contours,
        **expert,
    )


def _forms(styles: Sequence[Style], disabled: bool) -> float:
    """The share of forms in the style; none, and no slider, where there cannot be any."""
    network = st.session_state.stylize_network
    painters = [style.artist for style in styles if style.artist]
    if network != extractors.DEFAULT or not all(map(artist_styles.has_places, painters)):
        return 0.0
    share: float = st.select_slider(
        _label("forms"),
        stops("forms"),
        format_func=FORMS.__getitem__,
        key="stylize_forms",
        help=_tip("forms"),
        disabled=disabled,
        persist_state="session",
    )
    return share


def _label(name: str) -> str:
    return fields.label(StylizeRequest, name)


def _tip(name: str, more: str = "") -> str:
    return fields.tip(StylizeRequest, name, more)


def _choices(name: str) -> dict[str, str]:
    """What a field may be, and how it is called."""
    choices = described(StylizeRequest, name).choices
    return {each: _NAMES.get(each, each.capitalize()) for each in choices}


def _percent(value: int) -> str:
    return f"{value} %"


def _mix(styles: Sequence[Style], disabled: bool) -> tuple[float, ...]:
    """The weights of styles: one slider for two, one each for more."""
    st.caption("Like " + " and ".join(style.label for style in styles))
    thumbs(list(styles))
    if len(styles) == 1:
        return (1.0,)
    key = "-".join(style.key[:16] for style in styles)
    if len(styles) == 2:
        share = st.slider(
            _label("style_weights"),
            0,
            100,
            50,
            5,
            format="%d %%",
            key=f"stylize-mix-{key}",
            disabled=disabled,
            persist_state="session",
            help=f"Share of the second one, {styles[1].label}. " + _tip("style_weights"),
        )
        st.caption(f"{styles[0].label} {100 - share} %, {styles[1].label} {share} %")
        return (100.0 - share, float(share))
    return tuple(
        float(
            st.slider(
                style.label,
                0,
                100,
                50,
                5,
                key=f"stylize-weight-{number}-{key}",
                disabled=disabled,
                persist_state="session",
                help=_tip("style_weights"),
            )
        )
        for number, style in enumerate(styles)
    )


def _expert(styles: Sequence[Style], forms: float, disabled: bool) -> dict[str, Any]:
    """The rest of the settings, by the request's names.

    Args:
        styles: Of the painting.
        forms: Their share in its style, on which the usual layers depend.
        disabled: See `choose`.
    """
    keep: Any = {"disabled": disabled, "persist_state": "session"}
    by_painter = any(style.artist for style in styles)
    if by_painter:
        st.session_state.stylize_network = extractors.DEFAULT
    network = st.selectbox(
        _label("network"),
        list(extractors.TABLE),
        format_func=lambda name: extractors.TABLE[name].title,
        key="stylize_network",
        help=_tip(
            "network",
            "VGG16 ships. Where the weights of VGG19 are not at hand it is VGG16 deepened, which "
            "sees the same; ResNet50 is then the one that learned to tell painters apart. "
            "Painters are described as VGG16 sees them.",
        ),
        disabled=disabled or by_painter,
        persist_state="session",
    )
    optimizers = _choices("optimizer")
    optimizer = st.segmented_control(
        _label("optimizer"),
        list(optimizers),
        format_func=optimizers.__getitem__,
        key="stylize_optimizer",
        required=True,
        help=_tip("optimizer"),
        **keep,
    )
    rate = None
    if optimizer == "adam":
        low, high = fields.limits(StylizeRequest, "learning_rate", float)
        rate = st.number_input(
            _label("learning_rate"),
            max(_LEAST_RATE, low or 0.0),
            high,
            None,
            key="stylize_rate",
            placeholder="As usual",
            help=_tip("learning_rate"),
            **keep,
        )
    starts = _choices("start")
    start = st.segmented_control(
        _label("start"),
        list(starts),
        format_func=starts.__getitem__,
        key="stylize_start",
        required=True,
        help=_tip("start"),
        **keep,
    )
    smooth = st.select_slider(
        _label("variation_weight"),
        stops("variation_weight"),
        format_func=lambda weight: f"{weight:g}",
        key="stylize_smooth",
        help=_tip("variation_weight"),
        **keep,
    )
    least, most = fields.limits(StylizeRequest, "seed", int)
    seed = st.number_input(
        _label("seed"),
        least,
        most,
        step=1,
        key="stylize_seed",
        help=_tip("seed"),
        **keep,
    )
    layers: dict[str, Any] = {}
    if st.toggle("Weigh the layers", key="stylize_layers", **keep):
        content, style = usual_layers(network, forms)
        layers["style_layers"] = _layers("Style", network, style, disabled)
        layers["content_layers"] = _layers("Photo", network, content, disabled)
    return {
        "network": network,
        "optimizer": optimizer,
        "learning_rate": rate,
        "start": start,
        "variation_weight": smooth,
        "seed": int(seed),
        **layers,
    }


def _layers(
    what: str, network: str, usual: Mapping[str, float], disabled: bool
) -> dict[str, float]:
    """A slider a layer; 0 leaves it out."""
    found = {}
    for name, weight in usual.items():
        key = ways.layer_key(what, network, name)
        st.session_state.setdefault(key, weight)
        found[name] = st.slider(
            f"{what}: {name}",
            0.0,
            ways.MOST_WEIGHT,
            step=0.25,
            key=key,
            disabled=disabled,
            persist_state="session",
        )
    return {name: weight for name, weight in found.items() if weight > 0}
