"""Pictures as answers: the format that was asked for, and who painted them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from core import images
from core.images import encoding
from core.images.encoding import WRITTEN, Format
from core.images.types import Pixels
from serving.messages import accepting
from serving.messages.problems import Refused
from serving.messages.schemas import Answered

MEDIA_TYPES = {f"image/{each.name.lower()}": each for each in WRITTEN}


@dataclass(frozen=True)
class File:
    """A picture as a file.

    Attributes:
        by: The network that made it.
        prediction_id: By which the log knows it.
    """

    data: bytes
    media_type: str
    by: Answered
    prediction_id: str


def accepted(request: Request) -> Format:
    """The format that `Accept` asks for, PNG if it does not matter.

    Raises:
        Refused: 406, if it asks for none that is written here.
    """
    for name in accepting.wanted(request, MEDIA_TYPES):
        return MEDIA_TYPES[name]
    raise Refused(
        406, "not-acceptable", f"Pictures are written as {', '.join(MEDIA_TYPES)}; ask for one."
    )


def file(
    pixels: Pixels, kind: Format, by: Answered, *, made: Mapping[str, Any] | None = None
) -> File:
    """A picture in a format.

    Args:
        pixels: `(height, width, 3)` uint8 RGB.
        by: The network that made it.
        made: What the file is to remember of its making.
    """
    encoding.check_size(kind, *pixels.shape[:2])
    data = images.encode(pixels, kind, made)
    return File(data, f"image/{kind.name.lower()}", by, uuid.uuid4().hex)


def answer(file: File) -> Response:
    """A picture as an answer, with who made it in the headers."""
    told = headers(file.by, file.prediction_id)
    return Response(file.data, media_type=file.media_type, headers=told)


def headers(answered: Answered, prediction_id: str) -> dict[str, str]:
    """Who made a picture, as headers."""
    return {
        "Atelier-Model": answered.model,
        "Atelier-Version": answered.version,
        "Atelier-Arm": answered.arm,
        "Atelier-Prediction-Id": prediction_id,
    }


_HEADERS = {
    "Atelier-Model": "Id of the model that made it.",
    "Atelier-Version": "First 12 hexadecimal digits of a digest over weights and entry.",
    "Atelier-Arm": "As what this version answered: champion, canary, forced.",
    "Atelier-Prediction-Id": "By which the log knows this answer.",
}

RESPONSE: dict[str, Any] = {
    "description": "The picture, in the format that `Accept` asks for; PNG if it does not matter.",
    "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in MEDIA_TYPES},
    "headers": {
        name: {"description": words, "schema": {"type": "string"}}
        for name, words in _HEADERS.items()
    },
}
"""What OpenAPI says of a picture as an answer."""
