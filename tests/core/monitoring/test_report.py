"""The report beside sums written apart, and who is served worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core import artists, identify, journal, models
from core.identify import Observation
from core.models import Version, versions
from core.monitoring import fairness
from core.monitoring.report import report
from core.monitoring.traffic import Traffic, read

SHIPS = versions.shipped(models.DEFAULT)


@pytest.fixture
def made(draw):
    """Traffic of `n` pictures; every second visitor answers, and is right about the name."""

    def one(n: int, **options: float) -> Traffic:
        sample = draw(n, **options)
        rng = np.random.default_rng(7)
        ids = np.array(SHIPS.entry.artists)
        answered = np.arange(n) % 2 == 0
        right = answered & (rng.random(n) < 0.8)
        said = np.where(right, ids[sample.named], "titian")
        return Traffic(
            artists=SHIPS.entry.artists,
            sample=sample,
            ids=np.arange(1, n + 1),
            pictures=np.array([str(i) for i in range(n)]),
            times=np.datetime64("2026-01-01") + np.arange(n) * np.timedelta64(1, "m"),
            seconds=rng.uniform(0.01, 0.03, n).astype(np.float32),
            versions=np.full(n, SHIPS.id),
            arms=np.full(n, "champion"),
            formats=np.where(np.arange(n) % 3 == 0, "PNG", "JPEG"),
            answered=answered,
            right=right,
            said=np.where(answered, said, ""),
        )

    return one


def test_figures_are_sums(made):
    traffic = made(1000)
    found = report(SHIPS, traffic)
    assert found.pictures == 1000
    assert found.seconds == pytest.approx(np.quantile(traffic.seconds, [0.5, 0.99]))
    assert found.whole is not None
    assert found.whole.unknown.share == np.mean(
        traffic.sample.known_scores < SHIPS.entry.known.threshold
    )
    spoken = traffic.answered & traffic.sample.known
    assert found.whole.visitors.share == traffic.right[spoken].mean()
    assert found.whole.visitors.of == spoken.sum()
    expected = traffic.sample.probabilities.max(axis=1)[traffic.sample.known].mean()
    assert found.whole.estimated.share == pytest.approx(expected, abs=1e-5)
    assert [window.pictures for window in found.windows] == [200] * 5
    assert found.windows[0].visitors.share == traffic.right[:200][spoken[:200]].mean()
    assert found.windows[-1].signals == found.whole.signals
    assert found.has_reference


def test_confusions_are_counted(made):
    traffic = made(400)
    found = report(SHIPS, traffic)
    pairs = {}
    for row in range(400):
        if traffic.answered[row] and not traffic.right[row]:
            pair = ("titian", str(traffic.named[row]) if traffic.sample.known[row] else "")
            pairs[pair] = pairs.get(pair, 0) + 1
    assert found.confusions[0][2] == max(pairs.values())
    assert all(pairs[one, other] == count for one, other, count in found.confusions)
    matrix = np.zeros((len(SHIPS.entry.artists),) * 2)
    for p, known in zip(traffic.sample.probabilities, traffic.sample.known, strict=True):
        matrix[:, p.argmax()] += p * known
    np.fill_diagonal(matrix, 0)
    assert found.expected_confusions[0][2] == pytest.approx(matrix.max(), rel=1e-4)


def test_a_group_that_is_served_worse_is_named(made):
    traffic = made(1200)
    traffic.right[traffic.formats == "PNG"] = False
    groups = {(group.kind, group.name): group for group in fairness.groups(traffic)}
    png = groups["format", "PNG"]
    assert png.is_worse
    assert png.accuracy.share == 0
    assert png.accuracy.of == (traffic.answered & (traffic.formats == "PNG")).sum()
    assert not groups["format", "JPEG"].is_worse


def test_groups_follow_the_catalogue(made):
    traffic = made(1200)
    groups = {(group.kind, group.name): group for group in fairness.groups(traffic)}
    titian = artists.get("titian")
    rows = traffic.answered & (traffic.said == "titian")
    assert groups["artist", titian.name].accuracy.share == traffic.right[rows].mean()
    for movement in titian.movements:
        assert groups["movement", movement].accuracy.of >= rows.sum()
    assert groups["century", "16th century"].accuracy.of >= rows.sum()


@pytest.fixture
def other(monkeypatch) -> Version:
    """A version of other weights, beside the one that ships."""
    file = SHIPS.entry.file.model_copy(update={"sha256": "0" * 64})
    made = Version(SHIPS.entry.model_copy(update={"file": file}), SHIPS.base, None)
    monkeypatch.setattr(versions, "listed", lambda _=None: [SHIPS, made])
    return made


def test_one_answer_by_other_weights_does_not_hide_what_the_rest_saw(other):
    logits = np.zeros(len(SHIPS.entry.artists) + 1, np.float32)
    logits[-1] = 9  # by an artist whom it does not know
    seen = Observation(logits, np.eye(1, 64, dtype=np.float32)[0], 0.5, 0.3, 1.2, 800, "JPEG")
    kept = []
    for number, by in enumerate([SHIPS] * 30 + [other] + [SHIPS] * 30):
        answer = identify.of_observation(by.entry, by.id, seen)
        kept.append(journal.record(answer, picture_sha256=str(number), session="s"))
    found = report(SHIPS, read(models.DEFAULT, like=SHIPS))
    assert found.whole is not None
    assert "Features" in [signal.name for signal in found.whole.signals]
    (group,) = found.strangers
    assert sorted(group.predictions) == kept[:30] + kept[31:]


@pytest.mark.parametrize("named", ["other", "removed"])
def test_strangers_of_other_weights_are_not_grouped(made, other, named: str):
    of = made(60)
    of.sample.known[:] = False
    of.sample.projections[:12] = np.eye(1, 64)
    version = other.id if named == "other" else "f" * 12
    changed = np.where(np.arange(60) < 12, version, of.versions)
    assert report(SHIPS, replace(of, versions=changed)).strangers == ()
    of.versions[:12] = ""  # from before there were versions
    assert [group.pictures for group in report(SHIPS, of).strangers] == [12]


def test_pictures_asked_twice_are_no_group_of_strangers(made):
    traffic = made(60)
    traffic.sample.known[:] = False
    traffic.sample.projections[:12] = np.eye(1, 64)
    assert [group.pictures for group in report(SHIPS, traffic).strangers] == [12]
    traffic.pictures[:12] = "the same"
    assert report(SHIPS, traffic).strangers == ()


def test_without_pictures_there_is_nothing_to_tell(made):
    found = report(SHIPS, made(10)[:0])
    assert (found.pictures, found.whole, found.windows, found.groups) == (0, None, (), ())
