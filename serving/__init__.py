"""The HTTP service: an API over core."""
