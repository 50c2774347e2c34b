"""The publishing of a CycleGAN run: two generators, with figures and cards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from core import models, monet
from core.models import architectures
from core.monet.tiled import Painter
from training import cyclegan, runs
from training.cyclegan.evaluate import check_measurable, measure
from training.publishing import cards, catalogue, evidence
from training.publishing.litert import monet as monet_graphs
from training.publishing.weights import write_half

# By the side that is painted: direction, title, summary.
_WAYS: dict[str, tuple[monet.Direction, str, str]] = {
    "painting": (
        "to-monet",
        "Photo to Monet",
        "Paints a photo as Monet might have: his palette, his broken strokes, the photo's forms.",
    ),
    "photo": (
        "to-photo",
        "Monet to photo",
        "Looks through a Monet at what he may have seen: strokes become leaves, water and sky.",
    ),
}
_SOURCE = (
    "Trained here from nothing as one CycleGAN (Zhu et al., arXiv 1703.10593), judged by patches "
    "and by features of the Oxford VGG16 (after Sauer et al., arXiv 2111.01007)"
)


def publish_monet(
    run: Path,
    photos: list[Path],
    paintings: list[Path],
    weights: Path | None,
    *,
    version: str,
    strength: float = 1.0,
    soften: float = 0.0,
    out: Path | None = None,
) -> list[models.Entry]:
    """Exports both averaged generators: float16, LiteRT graphs, which are measured, and cards.

    Args:
        photos: The held-out ones.
        paintings: The paintings to come near to.
        strength: Of what the way to Monet changes; chosen, like `soften`, on photos of training.
        soften: See `core.monet.tiled.Painter`; for the way to Monet.
    """
    out = models.assets(out)
    options = runs.read_options(run, cyclegan.Options)
    check_measurable(photos, paintings)
    entries: dict[str, models.Entry] = {}
    generators: dict[str, Painter] = {}
    with catalogue.staged(out) as stage:
        for side, (direction, title, summary) in _WAYS.items():
            model_id = monet.MODELS[direction]
            network, half = (
                architectures.monet_generator(
                    filters=options.filters, blocks=options.blocks, dtype=dtype
                )
                for dtype in ("float32", "float16")
            )
            runs.load_weights(network, run / f"{side}.weights.h5")
            if side == "painting":  # the result is the photo plus what this layer gives
                change = network.get_layer("change")
                change.set_weights([strength * values for values in change.get_weights()])
            entry = models.Entry(
                id=model_id,
                title=title,
                task="paint",
                version=version,
                summary=summary,
                source=_SOURCE,
                licence="MIT",
                network="monet_generator",
                arguments={"filters": options.filters, "blocks": options.blocks},
                file=write_half(network, half, stage, model_id, out),
                trained_on="Monets and photos of Kaggle's gan-getting-started, and further Monets",
                date=date.today().isoformat(),
                soften=soften if side == "painting" else 0.0,
            )
            given = photos if side == "painting" else paintings
            converted, loaded = monet_graphs.publish(entry, given, stage, out)
            entries[side] = entry.model_copy(update={"graphs": converted})
            generators[side] = Painter(loaded, soften=entry.soften)
        figures = measure(generators, photos, paintings, weights)
        published = {"strength": strength, "soften": soften}
        finished = [
            evidence.finish_generator(
                entry, figures[side], run, stage, _card(entry.id, figures[side]), published
            )
            for side, entry in entries.items()
        ]
        catalogue.place(stage, finished, out)
    return finished


def renew_graphs(entry: models.Entry, pictures: Sequence[Path], out: Path) -> models.Entry:
    """Converts a generator that is in the catalogue already; its figures stay.

    Args:
        pictures: See `training.publishing.litert.monet.publish`.

    Raises:
        graphs.DisagreementError: If LiteRT gives something else than Keras.
    """
    with catalogue.staged(out) as stage:
        found, _ = monet_graphs.publish(entry, pictures, stage, out)
        entry = entry.model_copy(update={"graphs": found})
        cards.write_card(entry, stage, _card(entry.id, entry.figures["held_out"]))
        catalogue.place(stage, [entry], out)
    return entry


def shipped_generators() -> dict[str, Painter]:
    """The shipped generators, by the side that they paint."""
    return {
        side: monet.painter(monet.MODELS[direction]) for side, (direction, _, _) in _WAYS.items()
    }


def _card(model_id: str, figures: dict[str, Any]) -> list[str]:
    """The part of the card that only these generators have."""
    return [
        "## What it does",
        "",
        "Takes a picture of any shape and gives one of the same shape. It has learned from "
        "pictures of 256 and 320 pixels, so the app paints larger ones on a canvas whose short "
        f"side has {min(monet.BRUSHES.values())} to {max(monet.BRUSHES.values())} pixels, and "
        "brings them back to their size (`core/monet/`).",
        "",
        "## Figures",
        "",
        "Measured on the exported float16 file in the runtime that is named, on pictures of 256 "
        "pixels; the photos are those that training never saw, the paintings those it was trained "
        "with.",
        "",
        *cards.figure_rows(figures),
        "",
        "`distance_before` and `distance_after` are kernel distances (KID, Bińkowski et al., arXiv "
        "1801.01401, cubic kernel) to the wished-for side, by features of an ImageNet "
        "EfficientNet-Lite0 of 224-pixel crops; `distance_closed` is 1 - after / before. "
        "`cycle_l1` and `change_l1` are mean absolute differences of the picture turned back, and "
        "of the result, from what was given, as shares of the range. `content_kept` is the cosine "
        "of VGG16's block4_conv3 before and after. `checkerboard_ratio` compares the energy at the "
        "frequency of pixel pairs with that of real pictures of the wished-for side.",
        "",
        f"Options and history of the training: `{model_id}/`.",
        "",
        "## Limits",
        "",
        "It knows landscapes, water, gardens and skies in daylight. Faces, night, lettering and "
        "things seen from near are foreign to it. It changes colour and texture, hardly ever "
        "form: it does not compose as a painter does.",
    ]
