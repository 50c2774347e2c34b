"""Monitor, releases: who serves, how what came last does, and its withdrawal."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from core import keys, models
from core.models import versions
from core.monitoring.watching import Standing
from core.releases import rows
from core.settings import settings
from pages.components.monitor import reading
from pages.components.ui import charts, downloads, theme


def show(entry: models.Entry) -> None:
    """Who serves, the evidence of late, and all releases."""
    now = rows.current(entry.id)
    serves = now.champion or versions.shipped(entry.id).id
    figures = {"serves": serves}
    if now.challenger:
        share = "nobody sees it" if not now.challenger.share else f"{now.challenger.share:.0%}"
        figures[f"is tried out ({share})"] = now.challenger.version
    st.html(theme.figures(figures))
    standing = reading.standing_of(entry)
    if standing is not None:
        _evidence(standing)
        _rollback(entry, standing)
    _timeline(entry)


def _evidence(found: Standing) -> None:
    wins, losses = found.comparison.wins, found.comparison.losses
    if found.breaches:
        st.warning(" ".join(found.breaches), icon=":material/report:")
    if wins + losses == 0:
        st.markdown(
            f"**{found.version}** has answered {found.answers:,} times. Visitors have not yet told "
            f"it from {found.against}."
        )
        return
    if not found.seen:
        st.markdown(
            f"**{found.version}** has looked at {found.answers:,} pictures unseen. Of those that "
            f"visitors spoke of, **{wins}** it alone would have named rightly, and **{losses}** "
            f"{found.against} alone did."
        )
        return
    verdict = {
        "better": "That is enough: it is better.",
        "worse": "That is enough: it is worse.",
        "undecided": f"That is not enough yet: the evidence is {found.comparison.evidence:.2g}, "
        f"and {1 / found.comparison.level:.0f} decides.",
    }[found.comparison.verdict]
    st.markdown(
        f"**{found.version}** has answered {found.answers:,} times. Of the pairs of visitors of "
        f"whom only one got the right name, **{wins}** got it from it and **{losses}** from "
        f"{found.against}. {verdict}"
    )
    st.caption(
        "An e-value: however often it is looked at, it exceeds "
        f"{1 / found.comparison.level:.0f} for equal versions in at most "
        f"{charts.percent(found.comparison.level)} of trials."
    )


def _rollback(entry: models.Entry, found: Standing) -> None:
    known = keys.listed(settings().service_keepers)
    if not known:
        st.caption(
            f"To withdraw it: `python -m operations rollback {entry.id}`. Here it takes a keeper's "
            "key, and ATELIER_SERVICE_KEEPERS names none."
        )
        return
    # Of this version: a click on what was drawn before another one took its place does nothing.
    form = f"monitor-rollback-{found.version}"
    with st.popover("Withdraw", icon=":material/undo:"), st.form(form, border=False):
        st.markdown(f"**{found.version}** answers nobody any more; **{found.against}** does.")
        key = st.text_input("Keeper's key", type="password")
        reason = st.text_input("Why", max_chars=300)
        if st.form_submit_button("Withdraw it now", type="primary"):
            name = keys.name_of(key, known)
            if name is None:
                st.error("This is no keeper's key.", icon=":material/key_off:")
                return
            try:
                rows.rollback(entry.id, who=f"key {name}", reason=reason, expected=found.version)
            except rows.NothingToDo as error:
                st.error(str(error), icon=":material/sync_problem:")
                return
            st.rerun()


def _timeline(entry: models.Entry) -> None:
    found = rows.history(entry.id, limit=200)
    if not found:
        st.markdown("**The version that ships has served all the time**")
        return
    table = pd.DataFrame(
        {
            "when": datetime.fromtimestamp(row.time, UTC),
            "version": row.version,
            "role": _role(row),
            "by": row.who,
            "why": row.reason,
        }
        for row in found
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Releases, the newest first**", width="stretch")
        downloads.table(
            "Data", table, "atelier-releases.csv", key="data-releases", help="All releases"
        )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "when": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
            "why": st.column_config.TextColumn(width="large"),
        },
    )


def _role(row: rows.Release) -> str:
    return {
        "champion": "serves",
        "canary": f"tried out on {row.share:.0%}",
        "shadow": "tried out unseen",
        "retired": "withdrawn",
    }.get(row.role, row.role)
