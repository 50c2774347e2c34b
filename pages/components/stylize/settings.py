"""Stylize, the manner: sliders in a visitor's words, the terms of the trade one hover away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.stylize import extractors, presets, refine
from core.stylize.presets import Preset
from pages.components.stylize.subject import Style, thumbs

_USUAL = refine.Options()
_PERCENT = (10, 20, 30, 50, 70, 100, 140, 200, 300, 500, 1000)
_BRUSHES = {0.5: "Fine", 0.7: "Rather fine", 1.0: "As painted", 1.4: "Rather broad", 2.0: "Broad"}
_ROWS = (160, 240, 320, 400, 560, 720, 1080, 1440)
_TIMES = {25: "A moment", 50: "Short", 100: "Usual", 200: "Long", 400: "Very long"}
_SMOOTH = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
_STARTS = {"instant": "Instant", "photo": "Photo", "noise": "Noise"}
_OPTIMISERS = {"lbfgs": "L-BFGS", "adam": "Adam"}
_MOST_WEIGHT = 2.0

_DEFAULTS: dict[str, Any] = {
    "stylize_strength": 100,
    "stylize_faith": 100,
    "stylize_brush": 1.0,
    "stylize_keep": False,
    "stylize_rows": _USUAL.rows,
    "stylize_steps": _USUAL.steps,
    "stylize_network": extractors.DEFAULT,
    "stylize_optimiser": _USUAL.optimiser,
    "stylize_rate": _USUAL.learning_rate,
    "stylize_smooth": _USUAL.variation_weight,
    "stylize_start": "instant",
    "stylize_seed": _USUAL.seed,
    "stylize_layers": False,
}
_MIXED = ("stylize-mix-", "stylize-weight-", "stylize-layer-")  # how other keys begin


@dataclass(frozen=True)
class Manner:
    """How it is to be painted.

    Attributes:
        weights: One number a style.
        strength: Of style in the instant picture, 0..1.
        from_instant: Whether refining starts from the instant picture.
    """

    options: refine.Options
    weights: tuple[float, ...]
    strength: float
    from_instant: bool


def hold() -> None:
    """Takes what was set just before a click as given.

    Streamlit runs the page once for both, and drops what comes from a widget that this run draws
    disabled. What the page itself has set stays.
    """
    for key in list(st.session_state):
        if str(key).startswith((*_DEFAULTS, *_MIXED)):
            st.session_state[key] = st.session_state[key]


def choose(styles: Sequence[Style], *, disabled: bool) -> Manner:
    """Draws all that can be set.

    Args:
        disabled: Whether it is shown only, while it is being painted so.

    Raises:
        core.errors.InvalidRequest: With one sentence that says what is not possible.
    """
    for key, value in _DEFAULTS.items():
        st.session_state.setdefault(key, value)
    weights = _mix(styles, disabled)
    _presets(disabled)
    keep: Any = {"disabled": disabled, "persist_state": "session"}
    strength = st.select_slider(
        "Strength of style",
        _PERCENT,
        format_func=_percent,
        key="stylize_strength",
        help="The style weight of the loss. The instant picture has all of it at 100 %.",
        **keep,
    )
    faith = st.select_slider(
        "Faithfulness to the photo",
        _PERCENT,
        format_func=_percent,
        key="stylize_faith",
        help="The content weight of the loss. It counts when the picture is refined.",
        **keep,
    )
    brush = st.select_slider(
        "Brush",
        list(_BRUSHES),
        format_func=_BRUSHES.__getitem__,
        key="stylize_brush",
        help="Brush scale: the size of the style picture against the photo. Broad strokes "
        "come from a style picture twice as large.",
        **keep,
    )
    rows = st.select_slider(
        "Detail",
        _ROWS,
        format_func=lambda rows: f"{rows} rows",
        key="stylize_rows",
        help="Height of the painting in pixels. Twice the rows take four times as long.",
        **keep,
    )
    steps = st.select_slider(
        "Time to spend",
        list(_TIMES),
        format_func=_TIMES.__getitem__,
        key="stylize_steps",
        help="Steps of the optimiser: "
        + ", ".join(f"{name.lower()} {steps}" for steps, name in _TIMES.items())
        + ".",
        **keep,
    )
    keep_colors = st.toggle("Keep the photo's colours", key="stylize_keep", **keep)
    with st.expander("For experts"):
        expert = _expert(styles, disabled)
    start = expert.pop("start")
    options = refine.Options(
        rows=rows,
        steps=steps,
        style_weight=_USUAL.style_weight * strength / 100,
        content_weight=_USUAL.content_weight * faith / 100,
        brush=brush,
        keep_colors=keep_colors,
        start="noise" if start == "noise" else "photo",
        **expert,
    )
    return Manner(options, weights, min(1.0, strength / 100), start == "instant")


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
            "Mix",
            0,
            100,
            50,
            5,
            format="%d %%",
            key=f"stylize-mix-{key}",
            disabled=disabled,
            persist_state="session",
            help=f"Share of the second one, {styles[1].label}. The statistics of both styles are "
            "averaged by these weights.",
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
                help="Weight of this style in the blend.",
            )
        )
        for number, style in enumerate(styles)
    )


def _presets(disabled: bool) -> None:
    """Whole sets of values by one word; the one that fits what is set is marked."""
    known = {preset.id: preset for preset in presets.catalogue()}
    state = st.session_state
    fitting = (
        name
        for name, preset in known.items()
        if all(state.get(key) == value for key, value in _values(preset).items())
    )

    def apply() -> None:
        if state.stylize_preset is not None:
            state.update(_values(known[state.stylize_preset]))

    state.stylize_preset = next(fitting, None)
    chosen = st.pills(
        "Way of painting",
        list(known),
        format_func=lambda name: known[name].title,
        key="stylize_preset",
        on_change=apply,
        disabled=disabled,
        wrap=True,
        help=" ".join(f"**{preset.title}**: {preset.words}" for preset in known.values()),
    )
    st.caption(known[chosen].words if chosen else "Your own way.")


def _values(preset: Preset) -> dict[str, Any]:
    """What a preset sets the sliders to."""
    layers = {
        _layer_key("Style", extractors.DEFAULT, name): min(weight, _MOST_WEIGHT)
        for name, weight in (preset.style_layers or {}).items()
    }
    return layers | {
        "stylize_optimiser": preset.optimiser,
        "stylize_rate": preset.learning_rate,
        "stylize_layers": bool(layers),
        "stylize_strength": _nearest(_PERCENT, 100 * preset.style_weight / _USUAL.style_weight),
        "stylize_faith": _nearest(_PERCENT, 100 * preset.content_weight / _USUAL.content_weight),
        "stylize_brush": _nearest(tuple(_BRUSHES), preset.brush),
        "stylize_smooth": _nearest(_SMOOTH, preset.variation_weight),
        "stylize_keep": preset.keep_colors,
    }


def _nearest(values: Sequence[float], wanted: float) -> float:
    return min(values, key=lambda value: abs(value - wanted))


def _expert(styles: Sequence[Style], disabled: bool) -> dict[str, Any]:
    """The rest of the options, by name, and `start`."""
    keep: Any = {"disabled": disabled, "persist_state": "session"}
    by_painter = any(style.artist for style in styles)
    if by_painter:
        st.session_state.stylize_network = extractors.DEFAULT
    network = st.selectbox(
        "Network",
        list(extractors.TABLE),
        format_func=lambda name: extractors.TABLE[name].title,
        key="stylize_network",
        help="Whose features are compared. VGG16 ships. Where the weights of VGG19 are not at hand "
        "it is VGG16 deepened, which sees the same; ResNet50 is then the one that learned to tell "
        "painters apart. Painters are described as VGG16 sees them.",
        disabled=disabled or by_painter,
        persist_state="session",
    )
    optimiser = st.segmented_control(
        "Optimiser",
        list(_OPTIMISERS),
        format_func=_OPTIMISERS.__getitem__,
        key="stylize_optimiser",
        required=True,
        help="L-BFGS reaches a finished picture sooner here; Adam is what many others use.",
        **keep,
    )
    rate = None
    if optimiser == "adam":
        rate = st.number_input(
            "Learning rate",
            0.1,
            255.0,
            None,
            key="stylize_rate",
            placeholder="As usual",
            help="How far Adam moves in a step, in grey levels.",
            **keep,
        )
    start = st.segmented_control(
        "Start from",
        list(_STARTS),
        format_func=_STARTS.__getitem__,
        key="stylize_start",
        required=True,
        help="What is on the canvas before the first step: the instant picture, the photo in the "
        "colours of the style, or noise.",
        **keep,
    )
    smooth = st.select_slider(
        "Smoothness",
        _SMOOTH,
        format_func=lambda weight: f"{weight:g}",
        key="stylize_smooth",
        help="The total variation weight: more takes fine grain away.",
        **keep,
    )
    seed = st.number_input(
        "Seed", 0, 2**31 - 1, step=1, key="stylize_seed", help="Of the noise.", **keep
    )
    layers: dict[str, Any] = {}
    if st.toggle("Weigh the layers", key="stylize_layers", **keep):
        row = extractors.get(network)
        layers["style_layers"] = _layers("Style", network, row.style, disabled)
        layers["content_layers"] = _layers("Photo", network, row.content, disabled)
    return {
        "network": network,
        "optimiser": optimiser,
        "learning_rate": rate,
        "start": start,
        "variation_weight": smooth,
        "seed": int(seed),
        **layers,
    }


def _layer_key(what: str, network: str, layer: str) -> str:
    return f"stylize-layer-{what}-{network}-{layer}"


def _layers(
    what: str, network: str, usual: Mapping[str, float], disabled: bool
) -> dict[str, float]:
    """A slider a layer; 0 leaves it out."""
    found = {}
    for name, weight in usual.items():
        key = _layer_key(what, network, name)
        st.session_state.setdefault(key, weight)
        found[name] = st.slider(
            f"{what}: {name}",
            0.0,
            _MOST_WEIGHT,
            step=0.25,
            key=key,
            disabled=disabled,
            persist_state="session",
        )
    return {name: weight for name, weight in found.items() if weight > 0}
