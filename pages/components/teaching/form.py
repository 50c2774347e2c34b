"""Laboratory, teach: a painter more, from uploaded paintings, for who keeps the place."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import jobs, keys, models, teaching
from core.errors import AtelierError
from core.jobs import Handle, State
from core.models import versions
from core.settings import settings
from core.teaching import AT_LEAST, Lesson, TeachRequest
from pages.components.guard import guarded
from pages.components.ui import choices, progress, theme, uploads
from pages.components.ui.charts import percent
from pages.components.ui.fields import label, tip

_KEY = "Keeper's key"
_PHASES = {"reading": "Looking for damage and copies", "keeping": "Writing the version"}


def show(entries: Sequence[models.Entry]) -> None:
    """The form, the lesson that runs or what came of it, and who was taught before."""
    st.markdown(
        f"Give at least {AT_LEAST} different paintings by one hand. The network stays as it is: "
        "one output is added, fitted to these paintings against those of validation. What comes "
        "of it is a version beside the one that serves, and answers nobody until it is released."
    )
    if not keys.listed(settings().service_keepers):
        st.info(
            "This takes a keeper's key, and ATELIER_SERVICE_KEEPERS names none. The command does "
            'the same: `python -m training teach "Name" FOLDER`.',
            icon=":material/key_off:",
        )
        return
    entry = choices.model("Model", entries, key="teach-model")
    _form(entry)
    job = jobs.find(st.session_state.get("teach_job", ""))
    if job is not None:
        if job.is_finished:
            _ended(job)
        else:
            _watch(job.key)
    _taught(entry)


def _form(entry: models.Entry) -> None:
    with st.form("teach", border=False, width=640):
        name = st.text_input(
            label(TeachRequest, "name"), max_chars=100, help=tip(TeachRequest, "name")
        )
        given = st.file_uploader(
            "Paintings by this hand",
            accept_multiple_files=True,
            key="teach-paintings",
            help=f"{uploads.formats()} each.",
        )
        key = st.text_input(_KEY, type="password")
        if not st.form_submit_button("Teach", type="primary", icon=":material/school:"):
            return
    if not _is_keeper(key):
        return
    if len(given) < AT_LEAST:
        st.warning(f"It takes {AT_LEAST} different paintings or more; these are {len(given)}.")
        return
    try:
        asked = TeachRequest(name=name.strip(), model=entry.id)
    except AtelierError as error:
        st.warning(str(error))
        return
    before = jobs.find(st.session_state.get("teach_job", ""))
    if before is not None and not before.is_finished:  # it would go on unseen
        st.warning("A lesson is at work: stop it, or wait for its end.")
        return
    files = tuple((each.name, each.getvalue()) for each in given)
    st.session_state.teach_job = jobs.submit(teaching.TASK, teaching.Pictures(asked, files)).key


@st.fragment(run_every=0.5)
@guarded()
def _watch(key: str) -> None:
    """How far the lesson is, while the rest of the page stays as it is."""
    job = jobs.find(key)
    if job is None or job.is_finished:
        st.rerun()
    now = job.progress
    text = progress.in_line(job) or "Looking at the paintings"
    if now is not None:
        text = _PHASES.get(now.phase, f"Looking at painting {now.step} of {now.of}")
    if progress.bar(now.fraction if now else 0.0, text, key="stop-teach"):
        job.cancel()


def _ended(job: Handle) -> None:
    if job.state is State.done:
        _report(job.result())
    elif isinstance(job.error, teaching.TeachingError) or job.state is State.cancelled:
        st.info(job.sentence or "The lesson was stopped; nothing of it is kept.")
    else:
        st.error(job.sentence)


def _report(found: Lesson) -> None:
    lost = found.others_before - found.others_after
    st.html(
        theme.figures(
            {
                f"of {found.paintings} paintings named rightly, held out in turn": percent(
                    found.accuracy
                ),
                "of validation paintings by all others, before": percent(found.others_before),
                "and after": percent(found.others_after),
            }
        )
    )
    words = [f"**Version {found.version}** knows {found.artist.name}."]
    if found.confused_with:
        words.append(f"The others were taken for {_counted(found.confused_with)}.")
    if found.suffered:
        words.append(f"Validation paintings go to the new hand by {_counted(found.suffered)}.")
    elif lost <= 0:
        words.append("Nobody else suffers.")
    taken, of = found.strangers_taken
    words.append(f"Of {of} by unknown painters {taken} are called theirs.")
    st.markdown(" ".join(words))
    for file, reason in found.left_out.items():
        st.caption(f"Left out: {file}. {reason}")
    st.markdown("To have it answer visitors:")
    st.code(f"python -m operations release {found.model} {found.version}", language="bash")


def _taught(entry: models.Entry) -> None:
    """Who was taught to the model, and how they are forgotten."""
    found = {
        each.name: version.id
        for version in versions.listed(entry.id)
        for each in version.entry.taught
    }
    if not found:
        return
    with st.popover("Forget", icon=":material/undo:"), st.form("forget", border=False):
        name = st.selectbox("Who is to be forgotten", list(found))
        st.caption("All versions that know them are deleted.")
        key = st.text_input(_KEY, type="password", key="forget-key")
        if st.form_submit_button("Forget now", type="primary") and _is_keeper(key):
            try:
                teaching.forget(name, entry.id)
            except AtelierError as error:
                st.warning(str(error))
                return
            st.session_state.pop("teach_job", None)
            st.rerun()


def _is_keeper(key: str) -> bool:
    if keys.name_of(key, keys.listed(settings().service_keepers)) is not None:
        return True
    st.error("This is no keeper's key.", icon=":material/key_off:")
    return False


def _counted(names: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in names[:5])
