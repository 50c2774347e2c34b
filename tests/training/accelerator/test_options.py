"""Tests for `training.accelerator.options`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import InvalidRequest
from training.accelerator.options import Member, Options, check

OPTIONS = Options()


def test_the_defaults_fit_each_other():
    check(OPTIONS)
    check(replace(OPTIONS, seconds=(60, 90)))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"epochs": (30,)}, "taught has 2 values for 1 rounds"),
        ({"seconds": (600,)}, "seconds has 1 values for 2 rounds"),
        ({"members": (Member("vgg17", 1e-3),)}, "No recipe is called 'vgg17'"),
        ({"members": (OPTIONS.members[0],) * 2}, "a recipe of its own"),
        ({"members": ()}, "a recipe of its own"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_any_work(changes: dict, told: str):
    with pytest.raises(InvalidRequest, match=told):
        check(replace(OPTIONS, **changes))
