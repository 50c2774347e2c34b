"""Artists who are taught to a classifier that was trained already, and taken away again."""

from core.teaching.forgetting import forget
from core.teaching.lesson import Lesson, teach
from core.teaching.paintings import AT_LEAST, TeachingError
from core.teaching.request import TeachRequest
from core.teaching.tasks import TASK, Pictures

__all__ = [
    "AT_LEAST",
    "TASK",
    "Lesson",
    "Pictures",
    "TeachRequest",
    "TeachingError",
    "forget",
    "teach",
]
