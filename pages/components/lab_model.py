"""Laboratory, one model: which one, its figures, and the views on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core import evaluations, models
from pages.components import (
    charts,
    collection,
    lab_artists,
    lab_confusions,
    lab_errors,
    lab_honesty,
    lab_overview,
    lab_training,
    style,
)


@dataclass(frozen=True)
class View:
    """One way to look at a model.

    Attributes:
        show: Draws it, from the model and the figures of its test split.
        show_with: Draws it, and pictures from a directory too if there is one.
    """

    show: Callable[[models.Entry, evaluations.Split], None] | None = None
    show_with: Callable[[models.Entry, evaluations.Split, Path | None], None] | None = None


VIEWS = {
    "Training": View(),
    "Confusions": View(show_with=lab_confusions.show),
    "Artists": View(show=lab_artists.show),
    "Honesty": View(show=lab_honesty.show),
    "Errors": View(show_with=lab_errors.show),
}


def show(entries: Sequence[models.Entry]) -> None:
    """The choice of model and view, then the view."""
    if not entries:
        st.info("There is no model that names painters.", icon=":material/science:")
        return
    by_id = {entry.id: entry for entry in entries}
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        chosen = st.selectbox(
            "Model",
            list(by_id),
            format_func=lambda model_id: by_id[model_id].title,
            key="lab-model",
            persist_state="session",
            label_visibility="collapsed",
            width=320,
        )
        entry = by_id[chosen]
        st.markdown(entry.summary, width="content")
    found = evaluations.read(entry)
    test = found.splits.get("test") if found else None
    if found and test:
        _figures(entry, found, test)
    name = st.segmented_control(
        "View",
        list(VIEWS),
        default="Training",
        required=True,
        label_visibility="collapsed",
        key="lab-model-view",
        persist_state="session",
    )
    view = VIEWS[name]
    if name == "Training":
        lab_training.show(entry)
    elif test is None:
        _not_evaluated(entry)
    elif view.show_with:
        place = collection.directory()
        view.show_with(entry, test, place)
        collection.choose_another(place)
    elif view.show:
        view.show(entry, test)


def _figures(entry: models.Entry, found: evaluations.Evaluation, test: evaluations.Split) -> None:
    """What one wants to know first."""
    names = {
        "accuracy": "right at once",
        "macro_accuracy": "mean over artists",
        "top5_accuracy": "among its first five",
    }
    figures = {
        words: charts.percent(test.figures[name])
        for name, words in names.items()
        if name in test.figures
    }
    figures["on disk"] = f"{entry.total_bytes / 1e6:.1f} MB"
    figures["a painting"] = f"{found.milliseconds:.0f} ms"
    st.html(style.figures(figures))


def _not_evaluated(entry: models.Entry) -> None:
    st.info(
        f"{entry.title} is not evaluated on test paintings, or its file has changed since. "
        "This measures it:",
        icon=":material/science:",
    )
    st.code(f"{lab_overview.EVALUATE} --model {entry.id}", language="bash")
