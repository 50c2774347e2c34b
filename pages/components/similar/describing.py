"""The description of a collection in the background, which similar paintings need."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import collection, files, jobs, similar
from core.collection import scan
from core.errors import AtelierError
from core.jobs import Handle, State
from pages.components.guard import guarded
from pages.components.ui import progress

_AGAIN_AFTER = 3600  # seconds until it is looked whether the collection has changed


def show(place: Path) -> None:
    """Starts the description, and shows how far it is if it is not done; called once a page.

    Nobody waits for it: what is described already is searched meanwhile.
    """
    try:
        _begun(place)
        known = similar.count(place)
        job = jobs.find(scan.job_key(place, similar=True))
        if job is not None and not job.is_finished:
            now = job.progress
            if not known or (now is not None and now.phase == "describing" and now.step < now.of):
                _watch(place)
        elif job is not None and job.state is not State.done:
            _offer_to_go_on(place, job, known)
        elif not known:
            st.info("None of the collection's files can be read.", icon=":material/broken_image:")
    except (AtelierError, FileNotFoundError) as error:
        st.warning(files.printable(str(error)), icon=":material/folder_off:")


@st.cache_resource(ttl=_AGAIN_AFTER, show_spinner=False)
def _begun(place: Path) -> Handle:
    """Starts the description, which is soon over if nothing has changed."""
    collection.files(place)  # what is wrong with the directory is told at once
    return scan.in_background(place, similar=True)


@st.fragment(run_every=0.5)
@guarded()
def _watch(place: Path) -> None:
    """The progress of the description, while the rest of the page stays as it is."""
    job = jobs.find(scan.job_key(place, similar=True))
    if job is None or job.is_finished:
        st.rerun()
    now = job.progress
    text, share = "Looking at the collection once, to find paintings like this one", 0.0
    if now is not None and now.of and now.phase == "describing":
        text, share = f"{text}: {now.step:,} of {now.of:,}", now.fraction
    if progress.bar(share, progress.in_line(job) or text, key="stop-describing"):
        job.cancel()


def _offer_to_go_on(place: Path, job: Handle, known: int) -> None:
    if job.state is State.failed:
        st.error(f"The paintings could not all be looked at. {job.sentence}")
    else:
        st.info(f"Stopped. {known:,} paintings of the collection are looked at so far.")
    if st.button("Go on", icon=":material/play_arrow:", key="go-on-describing"):
        scan.in_background(place, similar=True)
        st.rerun()
