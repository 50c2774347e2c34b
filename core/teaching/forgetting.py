"""The forgetting of an artist who was taught."""

from __future__ import annotations

from core import artists
from core.models import Version, versions
from core.releases import rows
from core.teaching.paintings import TeachingError


def forget(name: str, model: str) -> list[Version]:
    """Deletes all versions of a model to which an artist was taught; the others stay as they are.

    Args:
        name: Of the artist, in any spelling.

    Returns:
        Those that are gone.

    Raises:
        UnknownName: If there is no such model.
        TeachingError: If nobody of this name was taught to it, or one of the versions serves.
        core.database.DatabaseError: If it cannot be read which versions serve.
        OSError: If one cannot be deleted.
    """
    listed = versions.listed(model)  # which has taught artists known by their names
    artist = artists.find(name)
    found = [
        each
        for each in listed
        if artist and artist.id in each.entry.artists[each.entry.outputs - 1 :]
    ]
    if not found:
        raise TeachingError(f"Nobody called {name!r} was taught to {model}.")
    now = rows.current(model)
    tried = now.challenger.version if now.challenger else None
    for each in found:
        if each.id in (*now.champions, tried):
            raise TeachingError(
                f"The version {each.id} of {model}, which knows {name}, serves or may serve again: "
                f"withdraw it first, `python -m operations rollback {model} {each.id}`."
            )
    for each in found:
        versions.remove(each)
    return found
