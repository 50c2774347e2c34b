"""What makes two spellings of a name one."""

from __future__ import annotations

import pytest

from core.artists.spellings import key, misread, slug


@pytest.mark.parametrize(
    "text", ["Paul Cézanne", "PAUL  cezanne", "paul_ce\u0301zanne", "Paul—Cézanne!"]
)
def test_one_name_has_one_key(text):
    assert key(text) == "paul cezanne"
    assert slug(text) == "paul-cezanne"


def test_letters_without_a_simple_one_stay_in_keys_and_leave_slugs():
    assert key("北斎 Hokusai") == "北斎 hokusai"
    assert slug("北斎 Hokusai") == "hokusai"


def test_a_name_is_misread_once_and_twice():
    found = misread("Dürer")
    once = "Dürer".encode().decode("cp1252")
    assert {once, once.encode().decode("cp1252"), "Duerer", "D?rer"} <= found


@pytest.mark.parametrize("text", ["Durer", "北斎"])
def test_nothing_becomes_of_what_is_all_ascii_or_hardly_any(text):
    assert misread(text) == set()
