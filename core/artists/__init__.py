"""The artists, their spellings, and the table of the fifty."""

from core.artists.people import Artist, catalogue, find, get, introduce
from core.artists.spellings import slug

__all__ = ["Artist", "catalogue", "find", "get", "introduce", "slug"]
