"""The publishing of a stylizer run: the decoder, with figures and card."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from core import images, models
from core.images.types import Pixels
from core.models import architectures
from core.stylize import extractors as perceptual
from core.stylize import instant, objective, refine
from training import runs
from training.data.inputs import TrainingError, check_readable
from training.publishing import cards, catalogue, evidence
from training.publishing.litert import stylizer as stylizer_graphs
from training.publishing.weights import write_half
from training.stylizer import Options

PAIRS = 60
COMPARED = 100  # pairs that both runtimes paint
ROWS = 256  # of what is measured
CONTENT_WEIGHT = 0.1  # of the loss that is reported

_SUMMARY = "Paints any photo in any style at once, by the statistics of the style."
_SOURCE = (
    "Decoder trained here from nothing, on features of the Oxford VGG16 (after Huang & Belongie, "
    "arXiv 1703.06868, and Ghiasi et al., arXiv 1705.06830)"
)
_TRAINED_ON = "photos of Kaggle's gan-getting-started and a few larger ones; paintings, train split"


def publish_stylizer(
    run: Path,
    photos: list[Path],
    paintings: list[Path],
    *,
    version: str,
    out: Path | None = None,
) -> models.Entry:
    """Exports the averaged decoder in float16, measures it as exported, writes the card.

    Args:
        photos: The held-out ones.
        paintings: Held-out styles.
    """
    out = models.assets(out)
    widths = runs.read_options(run, Options).widths
    if not photos or not paintings:
        raise TrainingError(
            "Measuring takes held-out photos, one in ten of those given, and "
            "paintings of the split test: add more."
        )
    check_readable([*photos, *paintings])
    decoder, half = (
        architectures.style_decoder(widths=widths, dtype=dtype) for dtype in ("float32", "float16")
    )
    runs.load_weights(decoder, run / "decoder.weights.h5")
    with catalogue.staged(out) as stage:
        file = write_half(decoder, half, stage, instant.MODEL, out)
        decoder.set_weights([np.asarray(each, np.float32) for each in half.get_weights()])
        entry = models.Entry(
            id=instant.MODEL,
            title="Instant style",
            task="stylize",
            version=version,
            summary=_SUMMARY,
            source=_SOURCE,
            licence="MIT; the VGG16 that it looks through: Oxford VGG, CC BY 4.0",
            network="style_decoder",
            base="vgg16_base",
            file=file,
            trained_on=_TRAINED_ON,
            date=date.today().isoformat(),
        )
        entry = _with_graphs(entry, decoder, photos, paintings, stage, out)
        figures = measure(decoder, photos, paintings)
        entry = evidence.finish_generator(entry, figures, run, stage, _card(entry.id, figures))
        catalogue.place(stage, [entry], out)
    return entry


def renew_graphs(
    entry: models.Entry, photos: list[Path], paintings: list[Path], out: Path
) -> models.Entry:
    """Converts the painter of the catalogue to LiteRT again; its figures stay.

    Args:
        photos: To compare the runtimes with; one for each painting, as far as they go.
        paintings: Styles.

    Raises:
        litert.graphs.DisagreementError: If LiteRT paints something else than Keras.
    """
    path = out / entry.file.name
    decoder = models.build(entry, models.checked(path, entry.file.sha256), dtype="float32").body
    with catalogue.staged(out) as stage:
        (stage / path.name).write_bytes(path.read_bytes())
        entry = _with_graphs(entry, decoder, photos, paintings, stage, out)
        figures: dict[str, float] = entry.figures.get("held_out", {})
        cards.write_card(entry, stage, _card(entry.id, figures))
        catalogue.place(stage, [entry], out)
    return entry


def _with_graphs(
    entry: models.Entry,
    decoder: Any,
    photos: list[Path],
    paintings: list[Path],
    stage: Path,
    out: Path,
) -> models.Entry:
    assert entry.base is not None
    paths = {
        entry.id: stage / entry.file.name,
        entry.base: models.resolve(models.get(entry.base), ours=True),
    }
    pairs = _pairs(photos, paintings, COMPARED)
    found = stylizer_graphs.publish(entry, decoder, pairs, paths, stage, out)
    return entry.model_copy(update={"graphs": found})


def measure(decoder: Any, photos: list[Path], paintings: list[Path]) -> dict[str, float]:
    """The losses that refine minimises, of what a decoder paints, and of the photos themselves.

    Args:
        decoder: A `core.models.architectures.style_decoder` in float32, with its weights.
        photos, paintings: Paired in the order of a seeded shuffle, `PAIRS` of them.
    """
    row = perceptual.get("vgg16")
    extractor = perceptual.load("vgg16")
    engine = instant.compiled(extractor, decoder)
    measures = objective.objective(
        "vgg16", "float32", tuple(row.content.items()), tuple(row.style.items())
    )
    found = []
    for photo, style in _pairs(photos, paintings, PAIRS):
        small = refine.resize(photo, *refine.size(photo, ROWS)).clip(0, 255)
        target = measures.describe(refine.resize(style, *refine.size(style, ROWS)).clip(0, 255))
        evaluate = measures.against(small, target, objective.Weights(CONTENT_WEIGHT, 1.0))
        before = evaluate(small)
        after = evaluate(instant.paint(photo, [style], rows=ROWS, engine=engine).astype(np.float32))
        found.append((before.style, after.style, after.content, after.loss / before.loss))
    before_style, style_loss, content_loss, share = np.median(found, axis=0)
    return {
        "pairs": len(found),
        "style_loss_of_photo": round(float(before_style), 4),
        "style_loss": round(float(style_loss), 4),
        "content_loss": round(float(content_loss), 4),
        "loss_share": round(float(share), 4),
    }


def _pairs(photos: list[Path], paintings: list[Path], most: int) -> Iterator[tuple[Pixels, Pixels]]:
    """Photos with styles, in the order of a seeded shuffle."""
    rng = np.random.default_rng(0)
    shuffled = zip(rng.permutation(len(photos)), rng.permutation(len(paintings)), strict=False)
    for n, k in itertools.islice(shuffled, most):
        yield images.load(photos[n]).pixels, images.load(paintings[k]).pixels


def _card(model_id: str, figures: dict[str, float]) -> list[str]:
    """The part of the card that only this network has."""
    return [
        "## What it does",
        "",
        "Draws strokes where a photo is flat (`core/stylize/instant/underdrawing.py`), takes what "
        "VGG16 sees in it at half its size, gives that the means and deviations of what VGG16 "
        "sees in a style, in shallow layers its whole covariance, and paints from that "
        "(`core/stylize/instant/`): first a sketch of half the size, then the picture, for which "
        "it asks for what the sketch missed. On its page refining starts from its result.",
        "",
        "## Figures",
        "",
        "Measured on the exported weights in float32, on pairs of a photo and a painting that "
        f"training never saw, {ROWS} rows. Medians over the pairs.",
        "",
        *cards.figure_rows(figures),
        "",
        "`style_loss` and `content_loss` are those of `core/stylize/objective/losses.py`: 0 for "
        "equals, 1 for nothing in common. `loss_share` is what is left of the loss (style + "
        f"{CONTENT_WEIGHT} × content) of the photo itself.",
        "",
        f"Options and history of the training: `{model_id}/`.",
    ]
