"""The service on a Ray cluster: what of it runs where, and how it is reached."""
