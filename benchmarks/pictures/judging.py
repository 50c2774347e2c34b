"""What judges of a blind sheet answered, read with its key: win shares with their intervals.

A key is JSON: the names of two ways, and for each pair the way on the left. Answers are CSV with
the columns `pair`, `hang` ("which would you hang?") and `painter` ("which is more like the
painter?"); each cell is `left`, `right`, or anything else for none of them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.pictures.pairs import PairsError

QUESTIONS = ("hang", "painter")


def read(path: Path) -> list[dict[str, str]]:
    """The rows of an answers file.

    Raises:
        PairsError: If it lacks a column.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        rows = list(reader)
    if missing := {"pair", *QUESTIONS} - set(reader.fieldnames or ()):
        raise PairsError(f"{path.name} has no column {', '.join(sorted(missing))}.")
    return rows


def score(key: Mapping[str, Any], answers: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """The share of decided pairs that the first way won, by question.

    Args:
        key: `ways`, two names, the first of which is asked about; `left`, by the number of a
            pair the name of the way on the left.
        answers: Rows of one judge or of several.

    Returns:
        By question: `won`, `lost`, `undecided`, `share`, its 95 % interval by Clopper and Pearson
        (`low`, `high`), and `p`, that of a fair coin to be as far from a half.

    Raises:
        PairsError: If an answer is about a pair that the key has not.
    """
    from scipy.stats import binomtest

    first, second = key["ways"]
    won = dict.fromkeys(QUESTIONS, 0)
    lost, undecided = dict(won), dict(won)
    for row in answers:
        left = key["left"].get(str(row["pair"]).strip())
        if left is None:
            raise PairsError(f"The key has no pair {row['pair']!r}.")
        other = second if left == first else first
        for question in QUESTIONS:
            answer = (row[question] or "").strip().casefold()
            winner = {"left": left, "right": other}.get(answer)
            counts = undecided if winner is None else won if winner == first else lost
            counts[question] += 1
    found: dict[str, Any] = {}
    for question in QUESTIONS:
        decided = won[question] + lost[question]
        found[question] = {
            "won": won[question],
            "lost": lost[question],
            "undecided": undecided[question],
        }
        if decided:
            test = binomtest(won[question], decided)
            interval = test.proportion_ci(0.95)
            found[question] |= {
                "share": round(won[question] / decided, 4),
                "low": round(float(interval.low), 4),
                "high": round(float(interval.high), 4),
                "p": round(float(test.pvalue), 5),
            }
    return found
