"""Networks that are trained together, end to end, with Keras on PyTorch where that is."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from core.recipes import from_options
from core.settings import ROOT

pytest.importorskip("torch")

SMALL = '{"recipe": "custom_cnn_improved", "learning_rate": 0.001, "frozen_epochs": 0}'


@pytest.mark.slow
def test_a_run_can_be_published_and_gone_on_from(tmp_path):
    rng = np.random.default_rng(1)
    lines = ["file,artist,split"]
    for n in range(24):
        artist = ("Claude Monet", "Edgar Degas")[n % 2]
        Image.fromarray(rng.integers(0, 255, (224, 224, 3), np.uint8)).save(tmp_path / f"{n}.jpg")
        lines.append(f"{n}.jpg,{artist},{'val' if n < 6 else 'train'}")
    (tmp_path / "index.csv").write_text("\n".join(lines))
    packed, run = tmp_path / "packed", tmp_path / "run"
    call("pack", "--data", tmp_path, "--to", packed)
    shown = '[{"pictures": 4, "side": 32}, {"pictures": 4, "side": 48}]'
    common = ["--set", f"members=[{SMALL}]", "--set", f"shown={shown}", "--set", "validated=48"]
    rounds = ["--set", "epochs=[1, 1]", "--set", "taught=[0.5, 0.5]"]
    rows = call("together", "--packed", packed, "--run", run, *common, *rounds)
    assert [json.loads(row)["phase"] for row in rows.splitlines()] == [1, 2]
    found = run / "custom_cnn_improved"
    trained = np.load(found / "trained_on.npy")
    assert len(trained) == 18
    options = json.loads((found / "options.json").read_text())
    recipe = from_options(options["recipe"])
    assert [phase.epochs for phase in recipe.phases] == [1, 1]
    assert options["artists"] == ["Claude Monet", "Edgar Degas"]
    assert (found / "best.weights.h5").read_bytes() == (found / "last.weights.h5").read_bytes()
    with pytest.raises(AssertionError, match="holds a run: choose another directory"):
        call("together", "--packed", packed, "--run", run, *common, *rounds)
    again = ["--before", run, "--set", "epochs=[1]", "--set", "taught=[0]"]
    call("together", "--packed", packed, "--run", tmp_path / "more", *common, *again)
    assert (tmp_path / "more/custom_cnn_improved/best.weights.h5").is_file()
    assert (
        np.load(tmp_path / "more/custom_cnn_improved/trained_on.npy").tolist() == trained.tolist()
    )


def call(*words: object) -> str:
    environment = os.environ | {"KERAS_BACKEND": "torch"}
    command = [sys.executable, "-m", "training", *map(str, words)]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
