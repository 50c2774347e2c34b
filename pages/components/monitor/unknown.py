"""Monitor, unknown: groups of pictures that are alike, by nobody the model knows."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import artists, models
from core.monitoring import strangers
from core.monitoring.report import Report
from pages.components.ui import charts


def show(entry: models.Entry, found: Report) -> None:
    """A line for each group, the largest first."""
    assert found.whole is not None, "shown only if there are pictures"
    share = charts.percent(found.whole.unknown.share)
    if not found.strangers:
        st.markdown(
            f"**{share} of the pictures pass for works of unknown artists, no "
            f"{strangers.SMALLEST} of them alike**"
        )
        st.caption("A group of alike pictures would be a hint that an artist is missing.")
        return
    count = len(found.strangers)
    st.markdown(
        f"**{share} of the pictures pass for works of unknown artists; "
        f"{count} group{'s' if count > 1 else ''} of them look alike**"
    )
    names = {artist.id: artist.name for artist in artists.catalogue()}
    st.dataframe(
        pd.DataFrame(
            {
                "group": number,
                "pictures": group.pictures,
                "nearest artists": ", ".join(names.get(each, each) for each in group.nearest),
                "most typical predictions": ", ".join(str(n) for n in group.predictions[:5]),
            }
            for number, group in enumerate(found.strangers, 1)
        ),
        hide_index=True,
    )
    st.caption(
        "Pictures are kept only where visitors allow it: a group is made of 64 numbers a picture, "
        "projected at random from the network's features. The numbers of the most typical "
        "predictions are those of the journal. If visitors name the artist, or send the keeper "
        "such pictures, they can be trained."
    )
