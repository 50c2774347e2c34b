"""Offline work: what makes the models that `core` loads."""
