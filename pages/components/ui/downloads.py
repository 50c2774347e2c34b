"""Download buttons, for taking a result home."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import streamlit as st

if TYPE_CHECKING:
    import pandas as pd


def button(
    label: str,
    data: bytes | Callable[[], bytes],
    file_name: str,
    *,
    key: str | None = None,
    type: Literal["primary", "secondary", "tertiary"] = "tertiary",
    icon: str = ":material/download:",
    help: str | None = None,
) -> None:
    """Offers a file; data given as a function are made when the visitor asks for them.

    The page does not run again on the click: that would take such a function away while
    Streamlit looks for it, and the visitor would get nothing.
    """
    st.download_button(
        label,
        data,
        file_name=file_name,
        mime=mimetypes.guess_type(file_name, strict=False)[0],
        key=key,
        type=type,
        icon=icon,
        help=help,
        on_click="ignore",
    )


def table(
    label: str,
    data: pd.DataFrame,
    file_name: str,
    *,
    key: str | None = None,
    help: str | None = None,
) -> None:
    """Offers a table as a CSV file."""
    # Lines end as RFC 4180 has it, whereby a `\r` in the name of a file is quoted, too.
    content = data.to_csv(index=False, lineterminator="\r\n").encode()
    button(label, content, file_name, key=key, help=help)
