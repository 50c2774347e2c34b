"""The journal of predictions, and of what visitors said of them.

One SQLite file by default, PostgreSQL by `ATELIER_JOURNAL_URL`. What a call has returned from
is on disk: writes are committed before they are confirmed.
Of pictures there is only a hash that tells the same upload again, and numbers from which none can
be made again; a copy lies beside the journal where a visitor allowed it (`pictures`), until a
keeper has looked at it (`reviewing`) or its time is up.
"""

from core.journal.keeping import (
    JournalError,
    failures_kept,
    feedback,
    forget,
    give_feedback,
    is_known,
    keep_shadow,
    predictions,
    record,
)
from core.journal.tables import (
    Decision,
    Failure,
    Feedback,
    KeptPicture,
    Observed,
    Painted,
    Prediction,
    Shadow,
    last_words,
    says_who,
)

__all__ = [
    "Decision",
    "Failure",
    "Feedback",
    "JournalError",
    "KeptPicture",
    "Observed",
    "Painted",
    "Prediction",
    "Shadow",
    "failures_kept",
    "feedback",
    "forget",
    "give_feedback",
    "is_known",
    "keep_shadow",
    "last_words",
    "predictions",
    "record",
    "says_who",
]
