"""Long work in the background."""

from core.jobs.local import Job, State, find, submit

__all__ = ["Job", "State", "find", "submit"]
