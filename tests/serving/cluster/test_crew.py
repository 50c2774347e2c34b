"""Whoever works off a list keeps one contract: processes here, and actors of a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.cli.runs import crews
from core.processes import crew

pytestmark = pytest.mark.slow


def _halve(common: int, item: int) -> float:
    if item == 3:
        raise files.OutputError("three")
    if item == 4:
        raise ZeroDivisionError
    return common / item


def _die_once(common: Path, item: int) -> int:
    mark = common / str(item)
    if item == 2 and not mark.exists():
        mark.touch()
        os._exit(1)
    return item


def _die(common: int, item: int) -> int:
    if item == 2:
        os._exit(1)
    return item


@pytest.fixture(params=["local", "ray"])
def hired(request: pytest.FixtureRequest) -> Callable[[int], crews.Crew]:
    if request.param == "ray":
        request.getfixturevalue("cluster")
    return lambda count: crews.hired(request.param, count)


def told(results: Any) -> dict[int, Any]:
    found = {}
    for number, result in results:
        try:
            found[number] = result()
        except Exception as error:
            found[number] = error
    return found


def test_each_item_has_its_result_or_its_error(hired):
    found = told(hired(2).work(_halve, 12, [1, 2, 3, 4, 6], 2))
    assert (found[0], found[1], found[4]) == (12.0, 6.0, 2.0)
    assert isinstance(found[2], files.OutputError)
    assert str(found[2]) == "three"
    assert isinstance(found[3], ZeroDivisionError)


def test_nothing_is_nothing(hired):
    assert told(hired(2).work(_halve, 12, [], 2)) == {}


def test_whoever_stops_listening_ends_it(hired):
    results = hired(2).work(_halve, 12, [1] * 50, 2)
    assert next(results)[1]() == 12.0
    results.close()


def test_who_dies_is_told_of(hired):
    found = told(hired(2).work(_die, 0, [2], 2))
    assert isinstance(found[0], crew.ProcessDied)


def test_an_actor_that_dies_costs_nothing(cluster, tmp_path: Path):
    found = told(crews.hired("ray", 2).work(_die_once, tmp_path, list(range(6)), 2))
    assert found == {number: number for number in range(6)}
