"""Which brush suits a photo of which size: how much nearer to Monet each comes.

    python -m benchmarks.monet.brushes --photos PHOTOS --monets MONETS [--save FILE]

Photos are reduced to several short sides, painted with each brush, and looked at twice: as
a page shows them (short side 256 pixels) and from near (their own pixels). Prints one JSON
object: for each size, brush and view the share of the kernel distance to Monet's paintings
that is closed (see `training.cyclegan.kernel_distance`; its features judge, no training used
them), and the number of photos.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.monet.telling import Save, check, tell
from core import images, monet
from core.images.types import Pixels
from core.monet.generate import reduced
from training.cyclegan import kernel_distance

SIZES = (256, 320, 384, 512, 640)  # short sides, pixels
SHOWN = 256  # short side of a picture as a page shows it, pixels


def main(
    photos: Annotated[Path, typer.Option(exists=True, file_okay=False)],
    monets: Annotated[Path, typer.Option(exists=True, file_okay=False)],
    weights: Annotated[Path | None, typer.Option(help="Directory of ImageNet weights.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Only each n-th photo.")] = 1,
    save: Save = None,
) -> None:
    """Measures all brushes on all sizes that the photos have."""
    check(save)
    originals = [images.load(file).pixels for file in sorted(photos.glob("*.jpg"))[::every]]
    paintings = [reduced(images.load(file).pixels, SHOWN) for file in sorted(monets.glob("*.jpg"))]
    groups: dict[tuple[int, str, str], list[Pixels]] = {}  # by size, way and view
    for size in SIZES:
        before = [reduced(each, size) for each in originals if min(each.shape[:2]) >= size]
        ways = {"photo": before} | {
            brush: [monet.paint(each, brush=brush).after for each in before]
            for brush in monet.BRUSHES
        }
        for way, pictures in ways.items():
            groups[size, way, "from_near"] = pictures
            groups[size, way, "as_shown"] = [reduced(each, SHOWN) for each in pictures]
    seen = kernel_distance.features([*paintings, *chain(*groups.values())], weights)
    counts = [
        sum(len(kernel_distance.crops(each)) for each in group)
        for group in (paintings, *groups.values())
    ]
    wished, *parts = np.split(seen, np.cumsum(counts)[:-1])
    away = {
        key: kernel_distance.kernel_distance(part, wished)
        for key, part in zip(groups, parts, strict=True)
        if len(part) > 1
    }
    found: dict[str, dict[str, object]] = {}
    for size in SIZES:
        if (size, "photo", "as_shown") in away:
            found[str(size)] = {"photos": len(groups[size, "photo", "as_shown"])} | {
                brush: {
                    f"closed_{view}": round(
                        1 - away[size, brush, view] / away[size, "photo", view], 3
                    )
                    for view in ("as_shown", "from_near")
                }
                for brush in monet.BRUSHES
            }
    tell(found, save)


if __name__ == "__main__":
    typer.run(main)
