"""Laboratory, all models: one chart and one table of what was measured."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import models
from core.models import evaluations
from pages.components.laboratory import charts as draw
from pages.components.ui import charts, downloads

EVALUATE = "python -m training evaluate --data DIRECTORY"
_REST = ("megabytes", "milliseconds", "trained", "trained_on", "measured")
_REMARKS = 112  # pixels: Streamlit measures the first rows only, and "not evaluated" comes last

_SHARES = {
    "test": (
        "Top-1, test",
        "Top-1 accuracy on the test split: paintings kept away until the end, never seen.",
    ),
    "val": (
        "Top-1, val.",
        "Top-1 accuracy on the validation split: not learned from, but looked at to choose and to "
        "stop.",
    ),
    "train": ("Top-1, train", "Top-1 accuracy on the training split: learned from."),
    "macro_accuracy": (
        "Macro accuracy",
        "Mean over artists on the test split: every artist counts alike, however many paintings.",
    ),
    "macro_f1": (
        "Macro F1",
        "Of the test split: found and rightly said in one figure for each artist, then the mean.",
    ),
    "top5_accuracy": (
        "Top-5 accuracy",
        "On the test split: the painter is among the five likeliest names.",
    ),
    "calibration_error": (
        "Calibration error",
        "Expected calibration error on the test split: how far its word, “90 % sure”, is off from "
        "how often it is right.",
    ),
}


def show(entries: Sequence[models.Entry]) -> None:
    """The chart of all that were measured, and the table of all."""
    table = evaluations.overview(entries)
    if table.empty:
        st.info("There is no model that names painters.", icon=":material/science:")
        return
    if table["evaluated"].any():
        _chart(table)
    else:
        st.info("No model has been measured yet. This measures all of them:")
        st.code(EVALUATE, language="bash")
    _table(table)
    if attempts := evaluations.attempts():
        _attempts(attempts)


def _chart(table: pd.DataFrame) -> None:
    rows = table[table["evaluated"]]
    best = rows.iloc[0]
    title = "Top-1 accuracy of each model"
    if best["test"] == best["test"]:  # not NaN
        right = charts.percent(best["test"])
        title = f"Top-1 accuracy: {best['title']} names {right} of unseen paintings rightly"
    charts.show(
        title,
        draw.overview(rows),
        rows[["model", "title", *evaluations.SPLITS]],
        key="models",
        alt="; ".join(_in_words(row) for _, row in rows.iterrows()),
    )
    st.caption(
        "Top-1: the first name it gives is the painter's. The further the training split lies "
        "beyond the test split, the more it has overfitted: learned by heart."
    )


def _in_words(row: pd.Series) -> str:
    names = {"test": "test", "val": "validation", "train": "training"}
    shares = [
        f"{charts.percent(row[split])} on the {name} split"
        for split, name in names.items()
        if pd.notna(row[split])
    ]
    return f"{row['title']}: top-1 accuracy {', '.join(shares)}"


def _table(table: pd.DataFrame) -> None:
    shown = table.drop(columns=["model", "evaluated", "measured_on"])
    shown.insert(1, "remarks", [_remarks(table, at) for at in table.index])
    st.markdown("**All figures**")
    number = st.column_config.NumberColumn
    text = st.column_config.TextColumn
    shares = {name: number(label, help=words) for name, (label, words) in _SHARES.items()}
    st.dataframe(
        # As text of two digits, over the numbers by which a click on a column sorts.
        shown.style.format(
            {**dict.fromkeys(_SHARES, _exactly), "megabytes": "{:.1f}", "milliseconds": "{:.1f}"},
            na_rep="",
        ),
        hide_index=True,
        placeholder="",
        column_order=["title", "remarks", *_SHARES, *_REST],
        column_config={
            "title": text("Model", pinned=True),
            "remarks": text("", width=_REMARKS),
            **shares,
            "megabytes": number("Weights, MB", help="The files on disk."),
            "milliseconds": number(
                "Latency, ms", help="For one painting, prepared already; the median."
            ),
            "trained_on": text("Trained on"),
            "trained": text("Trained"),
            "measured": text("Measured"),
        },
        alt="; ".join(
            _in_words(row) if row["evaluated"] else f"{row['title']}: not evaluated"
            for _, row in table.iterrows()
        ),
        key="lab-table",
    )
    # Below it: above it the table's own tools, which come with the pointer, would lie over it.
    downloads.table("Download as CSV", table, "atelier-models.csv")
    _notes(table)


def _exactly(share: float) -> str:
    """With all digits that were kept: the figures of an evaluation have four."""
    return f"{100 * share:.2f} %"


def _remarks(table: pd.DataFrame, at: int) -> str:
    row = table.loc[at]
    if not row["evaluated"]:
        return "not evaluated"
    best = at == 0 and pd.notna(row["test"]) and len(table) > 1
    return ", ".join(
        word for word, true in (("best", best), ("default", row["model"] == models.DEFAULT)) if true
    )


def _notes(table: pd.DataFrame) -> None:
    sets = sorted(set(table["measured_on"]) - {""})
    notes = []
    if sets:
        notes.append(f"Measured on the test paintings of {', '.join(f'*{s}*' for s in sets)}.")
    notes.append("*Default* is the one that Identify asks unless told otherwise.")
    if not table["evaluated"].all() and table["evaluated"].any():
        notes.append(
            f"*Not evaluated*: never measured, or its file has changed since. `{EVALUATE}` "
            "measures it."
        )
    st.caption(" ".join(notes))


def _attempts(attempts: Sequence[evaluations.Attempt]) -> None:
    """What the recipes reach that this project began with, as they were written down."""
    rows = []
    for attempt in attempts:
        test = attempt.evaluation.splits["test"].figures
        rows.append(
            {
                "title": attempt.title,
                "macro_accuracy": test["macro_accuracy"],
                "nine": test.get("nine_accuracy_among_nine"),
                "reported": attempt.reported,
                "epochs": attempt.epochs,
                "minutes": attempt.seconds / 60,
                "megabytes": attempt.megabytes,
                "recipe": attempt.recipe,
                "changes": ", ".join(_change(*each) for each in attempt.changes.items()),
            }
        )
    table = pd.DataFrame(rows)
    with st.expander("Where it began: the recipes of two student reports"):
        st.markdown(
            "Trained here as they were written down, but for what the last column says: where time "
            "was short, a figure shows how far the recipe came, not what it can reach. Measured on "
            "the same paintings as the models above, which took their place; their weights do not "
            "ship."
        )
        number, text = st.column_config.NumberColumn, st.column_config.TextColumn
        st.dataframe(
            table.style.format(
                {
                    **dict.fromkeys(("macro_accuracy", "nine", "reported"), _exactly),
                    "minutes": "{:.0f}",
                    "megabytes": "{:.1f}",
                },
                na_rep="",
            ),
            hide_index=True,
            column_config={
                "title": text("Recipe", pinned=True),
                "macro_accuracy": number(
                    "Macro accuracy",
                    help="Mean over the artists that it was trained for, on the test split.",
                ),
                "nine": number(
                    "Macro, nine artists",
                    help="Macro accuracy on test paintings of the nine artists that the reports "
                    "share with this collection, when only these may be named.",
                ),
                "reported": number("As reported", help="Of eleven artists, in the reports."),
                "epochs": number("Epochs"),
                "minutes": number("Minutes", help="On two cores that had other work, too."),
                "megabytes": number("MB"),
                "recipe": text("Command", help="python -m training classifier …"),
                "changes": text("Set otherwise"),
            },
            alt="; ".join(
                f"{title}: {charts.percent(share)} of unseen paintings"
                for title, share in zip(table["title"], table["macro_accuracy"], strict=True)
            ),
            key="lab-attempts",
        )


def _change(name: str, value: object) -> str:
    return f"{name}={json.dumps(value)}"
