"""Keys: found by their digests, and by nothing else."""

from __future__ import annotations

import hashlib

from core import keys


def test_a_key_is_known_by_its_digest():
    digests = [hashlib.sha256(each).hexdigest() for each in (b"one", b"two")]
    assert keys.listed(f" {digests[0]} ,{digests[1]},") == tuple(digests)
    assert keys.name_of("two", digests) == digests[1][:12]
    assert keys.name_of("three", digests) is None
    assert keys.name_of("", []) is None
    assert keys.name_of(digests[0], digests) is None
    assert keys.digest("one") == digests[0]


def test_any_text_has_a_digest():
    assert len(keys.digest("\udcff")) == 64
