"""Time from a file's bytes to its top-k artists, and memory.

    python -m benchmarks.identify [--model ID] [--runs 40] [--save]

Prints one JSON object. The pictures are made from a shipped painting: a 512-pixel JPEG,
as on a web page, and a 12-megapixel one, as from a phone. `--save` writes the median of
the first into the model's entry in `assets/models/models.json`, where the app reads it.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import time
from datetime import date
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from core import examples, identify, images, models
from core.hardware import processor

_SIZES = {"512_pixel_jpeg": (512, 384), "12_megapixel_jpeg": (4032, 3024)}


def main(
    model: Annotated[str, typer.Option(help="Model id.")] = models.DEFAULT,
    runs: Annotated[int, typer.Option(min=3)] = 40,
    save: Annotated[bool, typer.Option(help="Write the figure into models.json.")] = False,
) -> None:
    """Measures one model, warm."""
    painting = images.load(examples.catalogue()[0].read()).pixels
    started = time.perf_counter()
    identify.warm_up(model)
    result: dict[str, object] = {
        "model": model,
        "date": date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load_and_compile_seconds": round(time.perf_counter() - started, 2),
    }
    medians = {}
    for name, size in _SIZES.items():
        enlarged = np.asarray(Image.fromarray(painting).resize(size, Image.Resampling.BICUBIC))
        data = images.encode(enlarged, "JPEG", quality=88)
        times = []
        for _ in range(runs):
            started = time.perf_counter()
            identify.identify(images.load(data, enough=identify.ENOUGH), model)
            times.append(1000 * (time.perf_counter() - started))
        medians[name] = statistics.median(times)
        result[f"{name}_ms"] = {
            "min": round(min(times), 1),
            "median": round(medians[name], 1),
            "max": round(max(times), 1),
        }
    result["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    typer.echo(json.dumps(result, indent=2))
    if save:
        from training.publishing import catalogue

        entry = models.get(model)
        speed = {
            "milliseconds": round(medians["512_pixel_jpeg"], 1),
            "picture": "512-pixel JPEG, from bytes to names",
            "processor": result["processor"],
            "cores": result["cores"],
            "date": result["date"],
        }
        catalogue.update(entry.model_copy(update={"figures": entry.figures | {"speed": speed}}))


if __name__ == "__main__":
    typer.run(main)
