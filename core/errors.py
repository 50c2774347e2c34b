"""The errors that a person can put right, and what is said of all others."""

from __future__ import annotations

import logging
import uuid

log = logging.getLogger(__name__)


class AtelierError(Exception):
    """Something that who asked can put right. Its message is one sentence for them.

    Anything else that is raised is a fault of the program: see `incident`.

    Attributes:
        code: Stable, for programs: what kind of error it is, in lower case with hyphens.
    """

    code = "error"


class InvalidRequest(AtelierError, ValueError):
    """A request that cannot be fulfilled as it is worded."""

    code = "invalid-request"


class UnknownName(AtelierError, KeyError):
    """Something that was asked for by a name or an id that nothing has."""

    code = "unknown-name"

    def __str__(self) -> str:
        """The sentence; `KeyError` would put it into quotes."""
        return Exception.__str__(self)


def sentence(error: BaseException) -> str:
    """What is said of an error to who asked: its own words, or those of an `incident`."""
    return str(error) if isinstance(error, AtelierError) else incident(error)


def incident(error: BaseException) -> str:
    """Logs an unexpected error with its traceback.

    Returns:
        A sentence for the visitor, with the id under which the log has it.
    """
    identifier = uuid.uuid4().hex[:8]
    log.error("Incident %s: %r", identifier, error, exc_info=error)
    return f"Something went wrong (incident {identifier}): the log of the application says what."
