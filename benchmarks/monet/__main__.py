"""Time and memory of photo to Monet.

    python -m benchmarks.monet [--runs 10]

Prints one JSON object: seconds for a 1024x683 photo with each brush, warm, and the peak
memory after a square one of 2048 pixels with the finest.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from core import examples, images, monet


def main(runs: Annotated[int, typer.Option(min=3)] = 10) -> None:
    """Measures the way to Monet."""
    photo = images.load(examples.photos()[1].read()).pixels
    usual, largest = (
        np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC))
        for size in ((1024, 683), (monet.LONGEST, monet.LONGEST))
    )
    painter = monet.painter(monet.MODELS["to-monet"])
    result: dict[str, object] = {"cores": os.cpu_count(), "runtime": painter.runtime}
    for brush in monet.BRUSHES:
        monet.paint(usual, brush=brush)  # TensorFlow compiles for this size
        times = [monet.paint(usual, brush=brush).seconds for _ in range(runs)]
        result[f"1024x683_{brush}_seconds"] = {
            "min": round(min(times), 3),
            "median": round(statistics.median(times), 3),
            "max": round(max(times), 3),
        }
    result["2048x2048_fine_seconds"] = round(monet.paint(largest, brush="fine").seconds, 2)
    result["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    typer.echo(json.dumps(result, indent=2))


if __name__ == "__main__":
    typer.run(main)
