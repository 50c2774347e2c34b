"""The usual recipe of style transfer against ours: seconds to the same loss.

    python -m benchmarks.stylize CONTENT STYLE [--rows 400] [--out DIR]

The recipe is that of most tutorials: 200 evaluations by SciPy's L-BFGS, from the photo, at one
size, in float32. Ours is `core.stylize.refine` by texture alone. Both minimise the same loss, both
end as a picture of 8 bits, and both pictures are judged by the same float32 evaluation, which no
clock counts. Prints one JSON object; `seconds_to_theirs` is when ours was first as good in style
as theirs at the end, and not much further from the photo. The options below compare other ways to
get there.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core import files, images
from core.cli.fields import option
from core.stylize import extractors, objective, refine
from core.stylize.optimization import optimizers
from core.stylize.request import Optimizer, StylizeRequest

_USUAL = StylizeRequest()

TIMES_CONTENT = 1.4  # as far from the photo as ours may be, in distances of theirs


def main(
    content: Annotated[Path, typer.Argument(help="What is to be seen.")],
    style: Annotated[Path, typer.Argument(help="How it is to be painted.")],
    rows: Annotated[int, option(StylizeRequest, "rows")] = _USUAL.rows,
    evaluations: Annotated[int, typer.Option(help="Of the usual recipe.")] = 200,
    steps: Annotated[int, option(StylizeRequest, "steps")] = 150,
    content_weight: Annotated[
        float, option(StylizeRequest, "content_weight")
    ] = _USUAL.content_weight,
    scales: Annotated[str, option(StylizeRequest, "scales", metavar="X,Y,…")] = "",
    optimizer: Annotated[
        Optimizer, option(StylizeRequest, "optimizer", "--optimiser")
    ] = _USUAL.optimizer,
    waves: Annotated[float, option(StylizeRequest, "waves")] = _USUAL.waves,
    precision: Annotated[str, option(StylizeRequest, "precision")] = "",
    recipe: Annotated[bool, typer.Option(help="Run the usual recipe, too.")] = True,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the paintings.")] = None,
) -> None:
    """Runs both, one after the other."""
    request = StylizeRequest(
        rows=rows,
        steps=steps,
        content_weight=content_weight,
        scales=tuple(float(scale) for scale in scales.split(",")) if scales else None,
        optimizer=optimizer,
        waves=waves,
        precision=precision or None,
        forms=0.0,  # the recipe knows none
    )
    photo, model = images.load(content).pixels, images.load(style).pixels
    evaluate = judge(photo, model, request)
    result: dict[str, Any] = {
        "content": content.name,
        "style": style.name,
        "date": date.today().isoformat(),
        "cores": os.cpu_count(),
        "size": list(refine.size(photo, rows))[::-1],
        "options": request.model_dump(mode="json", by_alias=True),
    }
    pictures = {}
    if recipe:
        pictures["theirs"], seconds = usual_recipe(photo, evaluate, request, evaluations)
        result["theirs"] = {"seconds": round(seconds, 2), **figures(evaluate, pictures["theirs"])}
    steps_at_full_size = ours(photo, model, request)
    pictures["ours"], seconds = steps_at_full_size[-1]
    result["ours"] = {"seconds": round(seconds, 2), **figures(evaluate, pictures["ours"])}
    if recipe:
        reached = first_as_good(steps_at_full_size, evaluate, result["theirs"])
        result["seconds_to_theirs"] = reached
        result["times_sooner"] = reached and round(result["theirs"]["seconds"] / reached, 1)
    typer.echo(json.dumps(result, indent=2))
    if out:
        out.mkdir(parents=True, exist_ok=True)
        for name, pixels in pictures.items():
            path = out / f"{content.stem}-{style.stem}-{name}.png"
            files.write_beside(path, images.encode(pixels))


def judge(photo: np.ndarray, style: np.ndarray, request: StylizeRequest) -> optimizers.Evaluate:
    """The float32 evaluation at full size, which is what the usual recipe minimises."""
    row = extractors.get(request.network)
    layers = tuple(row.content.items()), tuple(row.style.items())
    judging = objective.objective(row.id, "float32", *layers)
    sizes = [refine.size(picture, request.rows) for picture in (photo, style)]
    target = judging.describe(refine.resize(style, *sizes[1]))
    weights = objective.Weights(request.content_weight, request.style_weight)
    evaluate = judging.against(refine.resize(photo, *sizes[0]), target, weights)
    evaluate(refine.resize(photo, *sizes[0]))  # traced before any clock runs
    return evaluate


def figures(evaluate: optimizers.Evaluate, pixels: np.ndarray) -> dict[str, float]:
    """What there is to say about a finished picture of 8 bits."""
    found = evaluate(pixels.astype(np.float32))
    return {
        "loss": round(found.loss, 5),
        "style_loss": round(found.style, 5),
        "content_loss": round(found.content, 4),
    }


def usual_recipe(
    photo: np.ndarray, evaluate: optimizers.Evaluate, request: StylizeRequest, evaluations: int
) -> tuple[np.ndarray, float]:
    """SciPy's L-BFGS from the photo: the best picture, and seconds."""
    from scipy.optimize import fmin_l_bfgs_b

    start = refine.resize(photo, *refine.size(photo, request.rows))
    best, least, count = start, np.inf, 0

    class Enough(Exception):
        """SciPy counts evaluations only between its line searches."""

    def evaluate_flat(flat: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best, least, count
        if count == evaluations:
            raise Enough
        count += 1
        picture = flat.reshape(start.shape).astype(np.float32)
        found = evaluate(picture)
        if found.loss < least:
            best, least = picture, found.loss
        # Scaled as unnormalised losses are, or its first step of length 1 moves nothing.
        return 1e4 * found.loss, 1e4 * found.gradient.ravel().astype(np.float64)

    started = time.perf_counter()
    with contextlib.suppress(Enough):
        fmin_l_bfgs_b(evaluate_flat, start.ravel().astype(np.float64), maxfun=2 * evaluations)
    seconds = time.perf_counter() - started
    return np.clip(np.rint(best), 0, 255).astype(np.uint8), seconds


def ours(
    photo: np.ndarray, style: np.ndarray, request: StylizeRequest
) -> list[tuple[np.ndarray, float]]:
    """The pictures after each step at full size, and the seconds until then."""
    warm = request.changed(rows=64, steps=1, scales=(1.0,))
    list(refine.refine(photo, [style], warm))  # loaded and traced before the clock runs
    return [
        (step.pixels(), step.seconds)
        for step in refine.refine(photo, [style], request)
        if step.scale == 1
    ]


def first_as_good(
    steps: list[tuple[np.ndarray, float]], evaluate: optimizers.Evaluate, theirs: dict[str, float]
) -> float | None:
    """Seconds until the style loss was theirs, and the content loss not much more; or None."""
    for pixels, seconds in steps:
        found = figures(evaluate, pixels)
        close = found["content_loss"] <= TIMES_CONTENT * theirs["content_loss"]
        if close and found["style_loss"] <= theirs["style_loss"]:
            return round(seconds, 2)
    return None


if __name__ == "__main__":
    typer.run(main)
