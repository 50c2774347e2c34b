"""What the file of a painting remembers of its making."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.files import printable
from core.images import encoding
from core.images.types import Pixels
from core.stylize.request import StylizeRequest


def made(
    request: StylizeRequest,
    *,
    content: str,
    styles: Sequence[str],
    masks: Sequence[str] = (),
    **more: object,
) -> dict[str, Any]:
    """How a painting was made, for its file to remember.

    Args:
        content: Name of the photo.
        styles: Names of the styles.
        masks: Names of the masks, if there were any.
        more: Whatever else is worth knowing, such as how many steps were made.
    """
    names = {"content": printable(content), "styles": [printable(name) for name in styles]}
    if masks:
        names["masks"] = [printable(name) for name in masks]
    return request.model_dump(mode="json", by_alias=True) | names | more


def png(
    pixels: Pixels,
    request: StylizeRequest,
    *,
    content: str,
    styles: Sequence[str],
    masks: Sequence[str] = (),
    **more: object,
) -> bytes:
    """A painting as a PNG that remembers how it was made, see `made` and `encoding.encode`."""
    remembered = made(request, content=content, styles=styles, masks=masks, **more)
    return encoding.encode(pixels, metadata=remembered)
