"""What tests of the journal share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core import artists, identify, journal


@pytest.fixture
def answered() -> Callable[..., int]:
    """Keeps a prediction of Titian, with what a visitor said of it, and gives its id."""

    def answer(*, right: bool = False, artist: str | None = "rembrandt") -> int:
        guess = identify.Guess(artists.get("titian"), 0.75)
        result = identify.Identification("some-model", "0123456789ab", (guess,), True, 0.9, 0.01)
        number = journal.record(result, picture_sha256="ab" * 32, session="s")
        journal.give_feedback(number, right=right, artist_id=artist)
        return number

    return answer
