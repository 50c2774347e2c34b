"""Entry of the application: `streamlit run Home.py`. Page set-up and navigation."""

import streamlit as st

from core import logs
from core.settings import settings
from pages.components.guard import guarded
from pages.components.warm_up import warm_up_in_background

st.set_page_config(page_title="Atelier", page_icon=":material/palette:", layout="wide")

page = st.navigation(
    [
        st.Page("pages/welcome.py", title="Welcome", icon=":material/door_open:", default=True),
        st.Page("pages/identify.py", title="Identify", icon=":material/person_search:"),
        st.Page("pages/stylize.py", title="Stylize", icon=":material/palette:"),
        st.Page("pages/monet.py", title="Monet", icon=":material/brush:"),
        st.Page("pages/film.py", title="Film", icon=":material/movie:"),
        st.Page("pages/explore.py", title="Explore", icon=":material/museum:"),
        st.Page("pages/laboratory.py", title="Laboratory", icon=":material/science:"),
        st.Page("pages/monitor.py", title="Monitor", icon=":material/monitor_heart:"),
    ],
    position="top",
)
with guarded():
    settings()  # a wrong one is told on every page, before anything else
    logs.configure_application()
    try:
        page.run()
    finally:  # a page may stop early; last, so that it is on screen before TensorFlow is imported
        warm_up_in_background()
