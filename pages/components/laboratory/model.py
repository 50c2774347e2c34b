"""Laboratory, one model: which one, its figures, and the views on it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import models
from core.models import evaluations
from pages.components.explore import scanning
from pages.components.laboratory import artists, calibration, confusions, errors, overview, training
from pages.components.ui import charts, choices, theme

VIEWS = ("Training", "Confusions", "Artists", "Calibration", "Errors")


def show(entries: Sequence[models.Entry]) -> None:
    """The choice of model and view, then the view."""
    if not entries:
        st.info("There is no model that names painters.", icon=":material/science:")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        entry = choices.model("Model", entries, key="lab-model", labelled=False)
        st.markdown(entry.summary, width="content")
    found = evaluations.read(entry)
    test = found.splits.get("test") if found else None
    if found and test:
        _figures(entry, found, test)
    view = choices.view("View", VIEWS, key="lab-model-view")
    if view == "Training":
        training.show(entry)
    elif test is None:
        _not_evaluated(entry)
    elif view == "Artists":
        artists.show(entry)
    elif view == "Calibration":
        calibration.show(entry, test)
    else:  # with paintings, if a directory has them
        place = scanning.directory()
        with_paintings = confusions if view == "Confusions" else errors
        with_paintings.show(entry, test, place)
        scanning.choose_another(place)


def _figures(entry: models.Entry, found: evaluations.Evaluation, test: evaluations.Split) -> None:
    """What one wants to know first."""
    names = {
        "accuracy": "top-1 accuracy",
        "macro_accuracy": "macro accuracy",
        "top5_accuracy": "top-5 accuracy",
    }
    figures = {
        words: charts.percent(test.figures[name])
        for name, words in names.items()
        if name in test.figures
    }
    figures["weights"] = f"{entry.total_bytes / 1e6:.1f} MB"
    figures["latency"] = f"{found.milliseconds:.0f} ms"
    st.html(theme.figures(figures))


def _not_evaluated(entry: models.Entry) -> None:
    st.info(
        f"{entry.title} is not evaluated on test paintings, or its file has changed since. "
        "This measures it:",
        icon=":material/science:",
    )
    st.code(f"{overview.EVALUATE} --model {entry.id}", language="bash")
