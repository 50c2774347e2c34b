"""LiteRT gives what Keras gives, from any thread, in memory that does not grow."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core import models
from core.models import litert_runtime
from core.settings import ROOT

CONVERTED = [entry.id for entry in models.classifiers() if entry.graphs]


def pictures(entry: models.Entry, count: int) -> np.ndarray:
    """Soft colors with noise over them: every layer has something to do."""
    rng = np.random.default_rng(3)
    coarse = rng.uniform(0, 255, (count, 8, 8, 3)).repeat(entry.side // 8, 1)
    coarse = coarse.repeat(entry.side // 8, 2)
    return (coarse + rng.normal(0, 20, coarse.shape)).clip(0, 255).astype(np.uint8)


def peak() -> int:
    """The largest memory of this process so far, bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.tensorflow
@pytest.mark.parametrize("model_id", CONVERTED)
def test_logits_features_and_heat_maps_are_those_of_keras(model_id):
    entry = models.get(model_id)
    keras_model = models.build(entry, models.resolve(entry), dtype="float32")
    loaded, seen = models.load(model_id), pictures(entry, 3)
    assert isinstance(loaded, models.LiteRTLoaded)
    logits = keras_model.logits(seen)
    np.testing.assert_allclose(loaded.logits(seen), logits, atol=1e-3)
    if models.runs_on_litert(model_id, models.FEATURES):  # older graphs do not give them
        features = keras_model.features(seen)
        assert features.shape == (3, keras_model.body.output.shape[-1])
        np.testing.assert_allclose(loaded.features(seen), features, atol=1e-3 * features.max())
    for picture, row in zip(seen, logits, strict=True):
        for output in (int(row.argmax()), int(row.argmin())):
            gradient = keras_model.grad_cam(picture, output)
            heat = loaded.grad_cam(picture, output)
            assert heat.shape == gradient.shape
            np.testing.assert_allclose(heat, gradient, atol=1e-3 * max(gradient.max(), 1e-6))


def test_the_default_model_gives_its_features_without_tensorflow():
    assert models.runs_on_litert(models.DEFAULT, models.FEATURES)


def test_twenty_threads_get_their_own_answers():
    entry = models.get(models.DEFAULT)
    loaded, seen = models.load(), pictures(entry, 20)
    expected = [loaded.logits(picture[None]) for picture in seen]
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda n: loaded.logits(seen[n % 20][None]), range(200)))
    for number, logits in enumerate(found):
        np.testing.assert_allclose(logits, expected[number % 20], atol=1e-4)


def test_memory_does_not_grow_with_the_pictures():
    loaded, seen = models.load(), pictures(models.get(models.DEFAULT), 10)
    for _ in range(5):
        loaded.logits(seen)
    before = peak()
    for _ in range(20):
        loaded.logits(seen)
    assert peak() - before < 10_000_000


def test_copies_are_as_many_as_are_asked_for_and_large_inputs_are_not_kept(monkeypatch):
    made = []

    def interpreter(content: bytes, threads: int):
        made.append(threads)
        return lambda **inputs: {name: each.copy() for name, each in inputs.items()}

    monkeypatch.setattr(litert_runtime, "_interpreter", interpreter)
    network = models.Network(b"", threads=3, copies=2)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: network(x=np.zeros(n)), range(100)))
    assert 1 <= len(made) <= 2
    assert set(made) == {3}
    before = len(made)
    for _ in range(3):
        network(x=np.zeros(20_000_000, np.uint8))
    assert len(made) >= before + 2


def test_an_interpreter_that_failed_is_not_used_again():
    network = models.load().network
    with pytest.raises(ValueError, match="input"):
        network(nonsense=np.zeros(3))
    entry = models.get(models.DEFAULT)
    assert np.isfinite(models.load().logits(pictures(entry, 1))).all()


def test_threads_are_those_of_the_setting(monkeypatch):
    from core import settings

    assert litert_runtime.threads() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("ATELIER_THREADS", "5")
    settings.settings.cache_clear()
    assert litert_runtime.threads() == 5


def test_nothing_of_tensorflow_is_imported_and_nothing_is_said():
    code = (
        "import sys, numpy as np; from core import models; entry = models.get(models.DEFAULT);"
        "models.load().logits(np.zeros((1, entry.side, entry.side, 3), np.uint8));"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
    assert done.stderr == ""
