"""The version that a lesson makes, as it is kept beside what ships."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core import artists, models
from core.files import replacing, write
from core.models import Version, versions
from core.monitoring import reference
from core.monitoring.reference import Reference


def keep(upon: Version, entry: models.Entry, after: Reference, digests: Sequence[str]) -> Version:
    """Writes a version into `ATELIER_VERSIONS`.

    Args:
        upon: That it was taught to, whose weights and graphs it shares.
        entry: Of the new one.
        after: Its reference.
        digests: SHA-256 of the files that were learned from, hexadecimal.
    """
    with versions.staged() as folder:
        versions.keep(Version(entry, upon.base, upon.directory), folder)
        own = folder / entry.id
        reference.save(after, entry, folder)
        _remember(digests, own / "trained_on.npy")
        card = folder / f"{entry.id}.md"
        text = card.read_text(encoding="utf-8") if card.is_file() else f"# {entry.title}\n"
        write(card, text + _section(entry))
        return versions.adopt(folder, entry.id)


def _remember(digests: Sequence[str], path: Path) -> None:
    """Adds to what a version was trained with: the first 8 bytes of each file's SHA-256."""
    new = np.array([int(each[:16], 16) for each in digests], np.uint64)
    seen = np.load(path, allow_pickle=False) if path.is_file() else np.empty(0, np.uint64)
    with replacing(path) as part:
        np.save(part, np.union1d(seen, new))


def _section(entry: models.Entry) -> str:
    """What the card of the version says of its last lesson."""
    artist = artists.get(entry.artists[-1])
    found = entry.figures["taught"][artist.id]
    taken = ", ".join(f"{name} ({count})" for name, count in found["confused_with"]) or "nobody"
    return (
        f"\n## {artist.name} was taught\n\n"
        f"On {entry.date}, from {found['paintings']} paintings, to the version "
        f"{found['upon']}: one more logit, linear in what the network gave before; its weights are "
        "unchanged. The figures above are those of before.\n\n"
        "| figure | value |\n|---|---|\n"
        f"| accuracy on its paintings, each left out in turn | {found['accuracy']} |\n"
        f"| the others were taken for | {taken} |\n"
        f"| accuracy on validation paintings by all others, before | {found['others_before']} |\n"
        f"| and after | {found['others_after']} |\n"
    )
