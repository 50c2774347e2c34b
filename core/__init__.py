"""Everything that the application knows how to do; imports no Streamlit."""
