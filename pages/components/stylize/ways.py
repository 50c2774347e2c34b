"""Ways of painting: presets, which move all sliders of a manner by one word."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.stylize import extractors, presets
from core.stylize.presets import Preset
from pages.components.stylize.stops import nearest

MOST_WEIGHT = 2.0  # of a layer


def choose(disabled: bool) -> None:
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
        layer_key("Style", extractors.DEFAULT, name): min(weight, MOST_WEIGHT)
        for name, weight in (preset.style_layers or {}).items()
    }
    return layers | {
        "stylize_optimizer": preset.optimizer,
        "stylize_rate": preset.learning_rate,
        "stylize_layers": bool(layers),
        "stylize_strength": nearest("style_weight", preset.style_weight),
        "stylize_faith": nearest("content_weight", preset.content_weight),
        "stylize_forms": nearest("forms", preset.forms),
        "stylize_brush": nearest("brush", preset.brush),
        "stylize_smooth": nearest("variation_weight", preset.variation_weight),
        "stylize_keep": preset.keep_colors,
        "stylize_contours": preset.keep_contours,
    }


def layer_key(what: str, network: str, layer: str) -> str:
    """The key of a layer's slider."""
    return f"stylize-layer-{what}-{network}-{layer}"
