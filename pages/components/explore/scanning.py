"""The directory that the views on paintings share, and its scan in the background.

Named after `core.collection`, which knows the directory; this asks for it on screen.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import streamlit as st

from core import collection, files, jobs
from core.collection import scan
from core.errors import AtelierError
from core.jobs import Handle, State
from core.settings import settings
from pages.components.guard import guarded
from pages.components.ui import progress

_SETTING, _CHOOSE = "ATELIER_COLLECTION", "ATELIER_CHOOSE_COLLECTION"
_FETCH = "python -m training dataset fetch --to DIRECTORY"


def directory() -> Path | None:
    """The directory to look at: the one typed on the page, else that of the settings."""
    typed = st.session_state.get("directory", "").strip() if settings().choose_collection else ""
    # Unlike `Path.expanduser` it leaves the home of somebody who does not exist as it is typed.
    place = Path(os.path.expanduser(typed)) if typed else settings().collection  # noqa: PTH111
    if place is None:
        return None
    try:
        listing(place)
    except (AtelierError, FileNotFoundError) as error:
        st.warning(files.printable(str(error)), icon=":material/folder_off:")
        return None
    return place


def invite() -> None:
    """In place of paintings where there are none: how to get them."""
    where = "below" if settings().choose_collection else f"in the setting `{_SETTING}`"
    st.markdown(
        "Paintings are not part of Atelier. To see them here, get *Best Artworks of All Time* "
        f"with your Kaggle account, then name its directory {where}:"
    )
    st.code(_FETCH, language="bash")


def choose_another(place: Path | None) -> None:
    """A field for another directory, where the settings let visitors choose one."""
    if settings().choose_collection:
        with st.expander("Another directory of this machine", expanded=place is None):
            st.text_input(
                "Directory of paintings",
                key="directory",
                placeholder="/home/me/paintings",
                persist_state="session",
                help="One folder an artist, an index.csv, or Kaggle's set as it comes.",
            )
    elif place is None:
        st.caption(
            f"The setting {_SETTING} names the directory; {_CHOOSE}=true would let visitors type "
            "one here, any of this machine."
        )


@st.cache_data(ttl=60, max_entries=8, show_spinner="Listing the paintings …")
def listing(place: Path) -> pd.DataFrame:
    """The files of a directory, one row each, without Kaggle's resized copies.

    Raises:
        FileNotFoundError: If there is no such directory or no picture in it.
    """
    rows = [
        (f.file, f.artist, f.outside, f.style, f.split)
        for f in collection.files(place)
        if not f.resized_copy
    ]
    return pd.DataFrame(rows, columns=["file", "artist", "outside", "style", "split"])


def measured(place: Path) -> pd.DataFrame:
    """What the scan knows so far; starts it, and shows how far it is, if that is not all."""
    try:
        return _measured(place)
    # The directory may have gone since it was listed.
    except (AtelierError, FileNotFoundError) as error:
        st.error(files.printable(str(error)))
        st.stop()


def _measured(place: Path) -> pd.DataFrame:
    if not _complete(place):
        job = jobs.find(scan.job_key(place)) or scan.in_background(place)
        if job.is_finished and job.state is State.done:
            _complete.clear()
            _table.clear()
            if not _complete(place):
                _begin_again(place)
                job = jobs.find(scan.job_key(place)) or job
        if not job.is_finished:
            _watch(place)
        elif job.state is not State.done:
            _offer_to_go_on(place, job)
    table = _table(place, scan.known(place))
    return table[~table["resized_copy"]]


@st.fragment(run_every=0.5)
@guarded()
def _watch(place: Path) -> None:
    """The progress of the scan, while the rest of the page stays as it is."""
    job = jobs.find(scan.job_key(place))
    if job is None or job.is_finished:
        _complete.clear()
        _table.clear()  # files that were changed are as many as before
        st.rerun()
    now = job.progress
    if now is None or not now.of:
        text = "Scanning the paintings"
    elif now.step < now.of:
        text = f"Scanning the paintings: {now.step:,} of {now.of:,}"
    else:
        text = "Looking for duplicates among them"
    share = 0.0 if now is None else now.fraction
    if progress.bar(share, progress.in_line(job) or text, key="stop-scan"):
        job.cancel()


def _offer_to_go_on(place: Path, job: Handle) -> None:
    known, of = scan.known(place), len(listing(place))
    if job.state is State.failed:
        st.error(f"The scan ended early; what was measured is kept. {job.sentence}")
    else:
        st.info(f"Stopped. {known:,} files are scanned, {of:,} paintings are there.")
    if st.button("Go on", icon=":material/play_arrow:", key="go-on-scan"):
        scan.in_background(place)
        st.rerun()


@st.cache_data(ttl=60, max_entries=8, show_spinner=False)
def _begin_again(place: Path) -> None:
    """Scans what came since; once a minute at most, lest a directory in use is scanned for ever."""
    scan.in_background(place)


@st.cache_data(ttl=60, max_entries=8, show_spinner=False)
def _complete(place: Path) -> bool:
    return scan.is_complete(place)


@st.cache_data(ttl=600, max_entries=2, show_spinner=False)
def _table(place: Path, known: int) -> pd.DataFrame:
    return scan.table(place)
