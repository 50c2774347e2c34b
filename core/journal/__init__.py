"""The journal of predictions, and of what visitors said of them.

One SQLite file by default, PostgreSQL by `ATELIER_JOURNAL_URL`. What a call has returned from
is on disk: writes are committed before they are confirmed.
Pictures are never kept, only a hash that tells the same upload again, and numbers from which none
can be made again.
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
    Failure,
    Feedback,
    Observed,
    Prediction,
    Shadow,
    last_words,
)

__all__ = [
    "Failure",
    "Feedback",
    "JournalError",
    "Observed",
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
]
