"""Loads on a running service, each a command: `python -m tests.load.overload`."""
