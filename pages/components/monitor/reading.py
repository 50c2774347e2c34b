"""Monitor: what is made of the journal, once until that has something new."""

from __future__ import annotations

import streamlit as st

from core import models
from core.models import versions
from core.monitoring.report import Report, report
from core.monitoring.traffic import newest, read
from core.monitoring.watching import Standing, standing
from core.releases import rows
from core.settings import settings


def report_of(entry: models.Entry) -> Report | None:
    """The report on all versions of a model; None after an invitation, if there is nothing yet."""
    serves = rows.serving(entry.id)
    found = _report(settings().journal_url, entry.id, serves, newest(entry.id))
    if found.pictures:
        return found
    st.info(
        f"Nobody has asked {entry.title} anything since answers are kept in full.",
        icon=":material/monitor_heart:",
    )
    if st.button("Identify a painting", type="primary"):
        st.switch_page("pages/identify.py")
    return None


def standing_of(entry: models.Entry) -> Standing | None:
    """How what came last does, see `core.monitoring.watching.standing`.

    A failure leaves no answer, so what is kept is looked at anew after some seconds, too.
    """
    return _standing(settings().journal_url, entry.id, rows.newest(), newest(entry.id))


@st.cache_data(max_entries=8, ttl=10, show_spinner="Reading the journal")
def _standing(journal: str, model: str, release: int, newest: tuple[int, int]) -> Standing | None:
    """By what it depends on: database, model, newest release, newest answer and feedback."""
    return standing(model)


@st.cache_data(max_entries=8, show_spinner="Reading the journal")
def _report(journal: str, model: str, version: str, newest: tuple[int, int]) -> Report:
    """By what it depends on: database, model, version that serves, newest answer and feedback."""
    serves = versions.find(model, version)
    return report(serves, read(model, like=serves))
