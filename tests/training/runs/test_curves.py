"""TensorBoard's files: each step once, also after a kill."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

from core.settings import ROOT
from training.runs.curves import Curves, read


def test_points_are_kept_once_each(tmp_path: Path):
    with Curves(tmp_path) as curves:
        curves.write(1, {"loss": 2.0, "val_macro": 0.25})
        curves.write(2, {"loss": 1.5, "val_macro": math.nan})
        curves.write(2, {"distance": 8.0})
    with Curves(tmp_path) as curves:  # the run goes on, and comes by step 2 again
        curves.write(2, {"loss": 99.0, "val_macro": 0.5})
        curves.write(3, {"loss": 1.25})
    assert read(tmp_path) == {
        "loss": {1: 2.0, 2: 1.5, 3: 1.25},
        "val_macro": {1: 0.25, 2: 0.5},
        "distance": {2: 8.0},
    }


def test_points_are_on_the_disk_before_the_end_and_a_torn_one_is_left_out(tmp_path: Path):
    curves = Curves(tmp_path / "new" / "folder")
    curves.write(1, {"loss": 2.0})
    curves.write(2, {"loss": 1.0})
    assert read(tmp_path / "new" / "folder") == {"loss": {1: 2.0, 2: 1.0}}
    curves.close()
    (path,) = (tmp_path / "new" / "folder").iterdir()
    path.write_bytes(path.read_bytes()[:-5])  # killed while it wrote
    with Curves(path.parent) as curves:
        curves.write(2, {"loss": 1.0})
    assert read(path.parent) == {"loss": {1: 2.0, 2: 1.0}}


def test_no_backend_is_needed(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from training.runs.curves import Curves; "
        "Curves(Path(sys.argv[1])).write(1, {'loss': 1.0}); "
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
