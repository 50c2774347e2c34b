"""The paintings of a collection that are like a picture."""

from core.similar.building import build, is_complete
from core.similar.request import SimilarRequest
from core.similar.search import Neighbor, NotIndexed, count, like, similar

__all__ = [
    "Neighbor",
    "NotIndexed",
    "SimilarRequest",
    "build",
    "count",
    "is_complete",
    "like",
    "similar",
]
