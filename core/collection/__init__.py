"""A directory of paintings: what it holds, what the pictures look like, which are duplicates."""

from core.collection.listing import (
    OTHER,
    CollectionError,
    PaintingFile,
    artist_name,
    dealt,
    empty_folders,
    files,
    left_out,
    may_be_shown,
    read_index,
    title,
)

__all__ = [
    "OTHER",
    "CollectionError",
    "PaintingFile",
    "artist_name",
    "dealt",
    "empty_folders",
    "files",
    "left_out",
    "may_be_shown",
    "read_index",
    "title",
]
