"""The figures of paintings, each against a calculation written apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats
from sqlalchemy import insert

from core import database, journal, models, monet
from core.journal import Painted, paintings
from core.monitoring.paintings import FIRST, MEASURES, figures, newest, reading
from core.settings import settings


def keep(mode: str, columns: dict[str, np.ndarray]) -> None:
    rows = [
        {"time": datetime.now(UTC), "mode": mode, "pixels": 90_000, "steps": 60}
        | {name: None if np.isnan(v[n]) else v[n].item() for name, v in columns.items()}
        for n in range(len(columns["seconds"]))
    ]
    with database.writing(settings().journal_url) as session:
        session.execute(insert(Painted), rows)


@pytest.fixture
def columns() -> dict[str, np.ndarray]:
    """Four hundred refined paintings; the last hundred took twice as long."""
    rng = np.random.default_rng(7)
    n = 400
    seconds = rng.gamma(9, 3, n)
    seconds[-100:] *= 2
    content = rng.normal(0.5, 0.05, n)
    content[::10] = np.nan
    return {
        "seconds": seconds,
        "stopped": rng.random(n) < 0.2,
        "downloaded": rng.random(n) < 0.4,
        "content_loss": content,
        "style_loss": rng.normal(0.3, 0.02, n),
    }


def test_every_figure_is_what_numpy_and_scipy_say(columns):
    keep("refine", columns)
    (found,) = figures()
    assert (found.mode, found.paintings) == ("refine", 400)
    z = stats.norm.ppf(0.975)
    for interval, name in ((found.stopped, "stopped"), (found.downloaded, "downloaded")):
        share = columns[name].mean()
        middle = (share + z**2 / 800) / (1 + z**2 / 400)
        half = z * np.sqrt(share * (1 - share) / 400 + z**2 / 4 / 400**2) / (1 + z**2 / 400)
        np.testing.assert_allclose(
            [interval.share, interval.low, interval.high], [share, middle - half, middle + half]
        )
    p = {}
    for name in ("seconds", "content_loss", "style_loss"):
        spread = found.spreads[name]
        values = np.array(
            [v for v, gone in zip(columns[name], columns["stopped"], strict=True) if not gone]
        )
        values = values[~np.isnan(values)]
        ordered = np.sort(values)
        assert spread.of == len(values)
        assert spread.median == pytest.approx(np.percentile(ordered, 50))
        assert spread.most == pytest.approx(np.percentile(ordered, 90))
        if len(values) > FIRST:
            assert spread.reference == pytest.approx(np.percentile(values[:100], 50))
        if len(values) >= 2 * FIRST:
            p[name] = stats.kstest(values[:100], values[-100:], mode="asymp").pvalue
    # Benjamini and Hochberg by hand: p times how many there are, divided by its rank.
    order = sorted(p, key=p.__getitem__)
    corrected = {
        name: min(p[other] * len(p) / (rank + 1) for rank, other in enumerate(order) if rank >= at)
        for at, name in enumerate(order)
    }
    assert {s.name: pytest.approx(s.adjusted) for s in found.signals} == {
        MEASURES[name]: min(1.0, q) for name, q in corrected.items()
    }
    assert [s.name for s in found.signals if s.drifted] == ["Seconds"]


def test_a_monet_stands_beside_its_evaluation():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 256, (2, 40, 30, 3), np.uint8)
    by_hand = np.mean([abs(int(a) - int(b)) for a, b in zip(one.flat, other.flat, strict=True)])
    change = monet.difference(one, other)
    assert change == pytest.approx(by_hand / 255)
    paintings.record("to-monet", seconds=1.0, pixels=1200, content_loss=change)
    paintings.record("to-monet", seconds=0.0, pixels=0, stopped=True)
    (found,) = figures()
    assert found.spreads["content_loss"].median == pytest.approx(change)
    held_out = models.get("photo_to_monet").figures["held_out"]
    assert found.spreads["content_loss"].evaluated == held_out["change_l1"]
    assert found.spreads["seconds"].median == 1.0  # of what was not stopped
    assert (found.paintings, found.stopped.share) == (2, 0.5)
    assert "style_loss" not in found.spreads
    assert found.signals == ()


def test_the_first_stay_the_reference_however_many_follow(columns, monkeypatch):
    monkeypatch.setattr(reading, "MOST", 60)
    keep("refine", columns)
    found = reading.read("refine")
    wanted = np.concatenate([columns["seconds"][:100], columns["seconds"][-60:]])
    np.testing.assert_array_equal(found.seconds, wanted)


def test_what_is_taken_home_is_told_and_old_ones_are_forgotten():
    assert newest() == (0, 0)
    old = paintings.record("instant", seconds=0.2, pixels=9, time=datetime(2026, 1, 1, tzinfo=UTC))
    number = paintings.record("instant", seconds=0.4, pixels=9)
    paintings.downloaded(number)
    assert newest() == (number, 1)
    assert figures()[0].downloaded.share == 0.5
    journal.forget(datetime.now(UTC) - timedelta(days=30))
    paintings.downloaded(old)  # too late
    assert (figures()[0].paintings, figures()[0].downloaded.share) == (1, 1.0)
