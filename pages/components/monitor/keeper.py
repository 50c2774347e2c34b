"""Monitor, the keeper: what only somebody with a keeper's key may see and do."""

from __future__ import annotations

import streamlit as st

from core import keys
from core.settings import settings

_NAME = "monitor_keeper"


def entered(purpose: str) -> str | None:
    """The name of the keeper who has given their key in this visit; None after asking for it.

    Args:
        purpose: What the key is for, as a sentence.
    """
    known = keys.listed(settings().service_keepers)
    if not known:
        st.caption(f"{purpose} That takes a keeper's key, and ATELIER_SERVICE_KEEPERS names none.")
        return None
    if (name := st.session_state.get(_NAME)) is not None:
        return str(name)
    with st.form("monitor-keeper", border=False, width=420):
        key = st.text_input("Keeper's key", type="password", help=purpose)
        if st.form_submit_button("Open", type="primary", icon=":material/key:"):
            name = keys.name_of(key, known)
            if name is None:
                st.error("This is no keeper's key.", icon=":material/key_off:")
                return None
            st.session_state[_NAME] = f"key {name}"
            st.rerun()
    return None


def leave() -> None:
    """The key counts no longer."""
    st.session_state.pop(_NAME, None)
