"""How a benchmark ends."""

import json

from benchmarks.monet.telling import tell


def test_what_is_found_is_printed_and_kept_alike(tmp_path, capsys):
    tell({"photos": 2}, None)
    tell({"photos": 3, "fine": {"closed": 0.5}}, tmp_path / "kept" / "found.json")
    printed = capsys.readouterr().out
    kept = (tmp_path / "kept" / "found.json").read_text()
    assert printed == '{\n  "photos": 2\n}\n' + kept
    assert json.loads(kept) == {"photos": 3, "fine": {"closed": 0.5}}
