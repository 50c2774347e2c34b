"""Laboratory, training: the curves of a model, what was tried before, how it was trained."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import models
from core.models import evaluations
from pages.components.laboratory import learning_charts as draw
from pages.components.laboratory import recipe
from pages.components.ui import charts

# Histories differ from recipe to recipe; the first column that is there comes first.
_LOSSES = {"loss": "training loss", "val_loss": "validation loss"}
_SHARES = {
    "val_macro": "macro accuracy",
    "val_accuracy": "top-1 accuracy",
    "val_top5": "top-5 accuracy",
    "accuracy": "top-1 accuracy, training",
}


def show(entry: models.Entry) -> None:
    """Loss and validation accuracy by epoch, a random search if there was one, the recipe."""
    history = evaluations.table(entry, "history")
    if history is None:
        st.info("How this model learned was not kept.", icon=":material/show_chart:")
    else:
        _curves(entry, history.sort_values("epoch", ignore_index=True))
    search = evaluations.table(entry, "search")
    if search is not None:
        _trials(search)
    recipe.show(entry)


def _curves(entry: models.Entry, history: pd.DataFrame) -> None:
    losses, shares = _there(history, _LOSSES), _there(history, _SHARES)
    marks = stretches(history)
    best = _best(history, evaluations.recipe(entry).get("monitor"), shares)
    st.markdown(_summary(history, best))
    left, right = st.columns(2, gap="large")
    if shares:
        with left:
            charts.show(
                "Validation accuracy: how often it is right, by epoch",
                draw.curves(history, shares, marks, shares=True, best=best),
                history[["epoch", *shares]],
                key="curve-right",
                alt=_in_words(history, shares, share=True),
            )
            st.caption(
                "On the validation paintings, which it does not learn from. Macro accuracy: the "
                "mean over artists, each of whom counts alike."
            )
    if losses:
        with right:
            charts.show(
                "Loss: what it tries to make small, by epoch",
                draw.curves(history, losses, marks, shares=False),
                history,
                key="curve-loss",
                alt=_in_words(history, losses, share=False),
            )
            st.caption(
                "Cross-entropy. The training loss is of augmented pictures, made harder on "
                "purpose, if the recipe says so."
            )


def _trials(search: pd.DataFrame) -> None:
    best = search.loc[search["val_macro"].idxmax()]
    won = (
        f"macro accuracy {charts.percent(best['val_macro'])} at a learning rate of "
        f"{best['learning_rate']:.2g} with {best['units']:.0f} dense units"
    )
    charts.show(
        "Random search: short trainings with hyperparameters drawn at random",
        draw.trials(search),
        search,
        key="search",
        alt=f"{len(search)} trials; best {won}",
    )
    st.caption(
        f"Each point is a short training of its own, by its learning rate; the number beside it "
        f"is the size of the dense layer. Best on the validation paintings: {won}."
    )


def stretches(history: pd.DataFrame) -> list[draw.Mark]:
    """Where another size of picture or another phase begins; the first phase goes unsaid."""
    marks = []
    for row, (column, word) in enumerate((("size", "{:.0f} px"), ("phase", "phase {:.0f}"))):
        if column not in history or history[column].nunique() < 2:
            continue
        begins = history[column].ne(history[column].shift()) & history[column].notna()
        for at in history.index[begins]:
            if at > 0 or column == "size":
                text = word.format(history[column][at])
                marks.append(draw.Mark(float(history["epoch"][at]), text, row))
    return marks


def _there(history: pd.DataFrame, names: dict[str, str]) -> dict[str, str]:
    return {
        column: words
        for column, words in names.items()
        if column in history and pd.api.types.is_numeric_dtype(history[column])
    }


def _best(history: pd.DataFrame, monitor: object, shares: dict[str, str]) -> float | None:
    """The epoch that validation liked best."""
    if monitor == "val_loss" and "val_loss" in _there(history, _LOSSES):
        values = -history["val_loss"]
    elif shares and next(iter(shares)).startswith("val_"):
        values = history[next(iter(shares))]
    else:
        return None
    return float(history["epoch"].loc[values.idxmax()]) if values.notna().any() else None


def _summary(history: pd.DataFrame, best: float | None) -> str:
    epochs = f"{len(history)} epochs" if len(history) > 1 else "One epoch"
    if "seconds" in history and pd.api.types.is_numeric_dtype(history["seconds"]):
        epochs += f" in {duration(float(history['seconds'].sum()))}"
    return f"{epochs}." + (f" Best on validation after epoch {best:.0f}." if best else "")


def duration(seconds: float) -> str:
    """A time in words: `1 h 32 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _in_words(history: pd.DataFrame, lines: dict[str, str], *, share: bool) -> str:
    """Where each line begins and ends, for those who do not see it."""
    parts = []
    for column, name in lines.items():
        values = history[column].dropna()
        if values.empty:
            continue
        ends = [
            charts.percent(v) if share else f"{v:.2f}" for v in (values.iloc[0], values.iloc[-1])
        ]
        parts.append(f"{name} from {ends[0]} to {ends[1]}")
    return "; ".join(parts)
