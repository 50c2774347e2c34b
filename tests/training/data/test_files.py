"""Names of files that a catalogue lists."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from training.data import files
from training.data.files import name_for


def test_other_content_keeps_its_name_until_it_is_no_longer_listed(tmp_path):
    path, content = tmp_path / "vgg16.weights.h5", b"new"
    digest = hashlib.sha256(content).hexdigest()
    assert name_for(path, digest) == path
    path.write_bytes(content)
    assert name_for(path, digest) == path
    path.write_bytes(b"old")
    assert name_for(path, digest) == tmp_path / f"vgg16-{digest[:8]}.weights.h5"


def test_a_digest_reads_a_file_once_until_it_changes(tmp_path, monkeypatch):
    path, read = tmp_path / "a.jpg", []
    of = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read.append(self) or of(self))
    for second, content in enumerate((b"one", b"two"), 1):
        path.write_bytes(content)
        os.utime(path, (second, second))
        for _ in range(2):
            assert files.digest(path) == hashlib.sha256(content).digest()
    assert read == [path, path]


def test_a_file_that_was_just_written_is_read_each_time(tmp_path):
    path = tmp_path / "a.jpg"
    for content in (
        b"one",
        b"two",
        b"six",
    ):  # within a tick of the clock
        path.write_bytes(content)
        assert files.digest(path) == hashlib.sha256(content).digest()
