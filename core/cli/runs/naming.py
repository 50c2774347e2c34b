"""One identification of `identify`, in this process or in one of several."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from core import identify
from core.cli.runs import sources
from core.cli.runs.sources import Source
from core.identify import Identification, IdentifyRequest, outline
from core.images import encoding


@dataclass(frozen=True)
class Asked:
    """What all pictures of a run have in common.

    Attributes:
        version: Of the model; None for the one that ships.
    """

    request: IdentifyRequest
    version: str | None


@dataclass(frozen=True, eq=False)
class Named:
    """Whose a picture is.

    Attributes:
        digest: SHA-256 of the file.
        lit: A PNG of what the model looked at, if that was asked for.
        corners: Of the painting, if it was to be cut out and was found.
    """

    found: Identification
    digest: str
    lit: bytes | None
    corners: outline.Corners | None = None


def named(asked: Asked, source: Source) -> Named:
    """Names the artists of one picture."""
    request, version = asked.request, asked.version
    data = sources.read(source)
    enough = None if request.explain else identify.ENOUGH
    picture, corners = outline.read(data, cut_out=request.cut_out, enough=enough)
    found = identify.identify(picture, request.model, version=version, top=request.top)
    lit = None
    if request.explain:
        artist = found.guesses[0].artist.id
        heat = identify.explain(picture, request.model, artist_id=artist, version=version)
        lit = encoding.encode(identify.overlay(picture.pixels, heat))
    return Named(found, hashlib.sha256(data).hexdigest(), lit, corners)
