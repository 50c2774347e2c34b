"""The publishing of a classifier: weights, figures, card and catalogue entry of a run."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from core import artists, models
from core.files import check_output, write
from core.identify import SIDE
from core.models import evaluations
from core.models.registry import builders
from core.recipes import TITLES, Recipe
from training import classifiers, runs
from training.classifiers import kinds, pretrained
from training.data import dataset, trained_on
from training.data.dataset import Painting
from training.data.inputs import (
    MissingError,
    TrainingError,
    check_artists,
    check_paintings,
    read_json,
)
from training.publishing import cards, catalogue, evaluate, evidence, fitting, weights
from training.publishing.litert import classifier as classifier_graph

log = logging.getLogger(__name__)

# Of how many paintings of the split train, evenly spread, figures are given: enough to show how
# far a model has learned them by heart.
_LOOKED_AT = 1_000


def publish_classifier(
    run: Path,
    data: dataset.Data,
    *,
    version: str,
    name: str = "",
    title: str = "",
    side: int | None = None,
    soup: bool = False,
    search: Path | None = None,
    photos: Sequence[Path] = (),
    beside: bool = False,
    out: Path | None = None,
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
        search: Directory of the random search that the run's options come from, to be kept. What is
            kept of one goes if it was another training's.
        photos: If there are any, it learns to tell them from paintings, see `publish_kinds`.
        beside: Whether it is to be a version of a model that ships.

    Raises:
        TrainingError: If the run is not finished or damaged, or the paintings, or the photos, do
            not suffice to measure it, or it was trained with some that are in val or test now.
        InvalidRequest: If it cannot have this name.
        UnknownName: If it is to be a version of a model that does not ship.
    """
    out = models.assets(out)
    options = read_json(run / runs.options.FILE)
    recipe, names = runs.read_options(run, Recipe, part="recipe"), options.get("artists", [])
    builder = builders("identify")[recipe.network]
    taught = f"; partly taught by {models.get(recipe.teacher).title}" if recipe.teacher else ""
    if "together" in options:
        taught = "; partly taught by the networks trained together with it"
    model_id = catalogue.check_name(name or recipe.id)
    if beside:
        models.get(model_id)
    check_artists(names)
    found_search = _search_results(search) if search else None
    check_output(out / "models.json")
    paintings = dataset.read(data)
    check_paintings(paintings, 1, publish=True)
    if photos:
        kinds.check(paintings, photos)
    trained_on.check_held_out(run, paintings)
    splits = {s: [p for p in paintings if p.split == s] for s in evaluations.SPLITS}
    with catalogue.staged(out) as stage:
        file = _export(run, recipe, len(names) + 1, stage, model_id, out, soup=soup)
        entry = models.Entry(
            id=model_id,
            title=title or TITLES.get(model_id, model_id),
            task="identify",
            version=version,
            summary=builder.summary,
            source=builder.source + taught,
            licence=builder.licence,
            network=recipe.network,
            arguments=classifiers.architecture(recipe),
            base=builder.base,
            file=file,
            trained_on=f"{options['data']}, train split",
            date=date.today().isoformat(),
            artists=tuple(_artist_id(name) for name in names),
            views=1 if recipe.frozen_base else 2,
            side=recipe.side if recipe.flatten else side or recipe.side,
        )
        loaded: models.KerasLoaded | models.LiteRTLoaded
        loaded = models.build(entry, stage / entry.file.name)
        some = splits["val"] or splits["train"]
        if converted := classifier_graph.publish(entry, some, stage, out):
            found_graphs, loaded = converted
            entry = entry.model_copy(update={"graphs": found_graphs})
        found = {}
        for split, every in splits.items():
            some = every[:: max(1, len(every) // _LOOKED_AT)] if split == "train" else every
            found[split] = some, evaluate.predict(loaded, some)
            log.info("Predicted %s: %d paintings", split, len(some))
        val = found["val"][1]
        trained = np.bincount(classifiers.labels(splits["train"], names), minlength=len(names))
        calibration = fitting.fit_calibration(val, trained[: len(names)])
        known = fitting.fit_known(val)
        entry = entry.model_copy(update={"calibration": calibration, "known": known})
        loaded = dataclasses.replace(loaded, entry=entry)

        directory = stage / entry.id
        trained_on.hand_on(run, paintings, directory / trained_on.FILE)
        published = {"side": entry.side, "soup": soup}
        also = {"published": published}
        if "together" in options:  # see training.accelerator
            also["together"] = options["together"]
        evidence.keep_run(run, directory, options["recipe"] | also)
        if found_search is not None:
            write(directory / "search.csv", found_search)
        measured = evaluate.record(loaded, found, data, stage)
        if photos:
            entry = _with_kinds(loaded, directory, paintings, photos)
        entry = _with_figures(entry, measured)
        cards.write_card(entry, stage, _card(entry))
        of_same_training = evidence.is_of(run, out / entry.id)
        catalogue.place(stage, [entry], out)
        if not of_same_training and found_search is None:
            (out / entry.id / "search.csv").unlink(missing_ok=True)
    return entry


def _with_figures(entry: models.Entry, measured: evaluations.Evaluation) -> models.Entry:
    figures = {split: one.figures for split, one in measured.splits.items()}
    return entry.model_copy(update={"figures": entry.figures | figures})


def renew_figures(entry: models.Entry, measured: evaluations.Evaluation, out: Path) -> models.Entry:
    """Puts the figures that were measured last into entry, catalogue and card."""
    return renew(_with_figures(entry, measured), out)


def renew(entry: models.Entry, out: Path) -> models.Entry:
    """Puts an entry into catalogue and card, whose files stay."""
    cards.write_card(entry, out, _card(entry))
    catalogue.update(entry, out=out)
    return entry


def publish_kinds(
    entry: models.Entry,
    paintings: Sequence[Painting],
    photos: Sequence[Path],
    out: Path,
    *,
    on_progress: kinds.Told = lambda done, of: None,
) -> models.Entry:
    """Fits the head of a model that ships, measures it, and puts both into catalogue and card.

    Raises:
        TrainingError: If one of the kinds is missing.
        core.models.WeightsError: If the model cannot be loaded.
    """
    kinds.check(paintings, photos)
    loaded = models.load(entry.id)
    entry = _with_kinds(loaded, out / entry.id, paintings, photos, on_progress=on_progress)
    return renew(entry, out)


def _with_kinds(
    loaded: models.Loaded,
    directory: Path,
    paintings: Sequence[Painting],
    photos: Sequence[Path],
    *,
    on_progress: kinds.Told = lambda done, of: None,
) -> models.Entry:
    """The entry of a model with the head that tells photographs, and its figures.

    Args:
        directory: Of what is known of the model beside its weights.
    """
    entry = loaded.entry
    trained = np.load(directory / trained_on.FILE, allow_pickle=False)
    first, second = kinds.halves(photos, trained)
    val, test = ([p for p in paintings if p.split == split] for split in ("val", "test"))
    head = kinds.fit(kinds.look(loaded, val, first, on_progress=on_progress), entry)
    entry = entry.model_copy(update={"photograph": head})
    found: dict[str, Any] = {
        "date": date.today().isoformat(),
        "fitted_on": {"paintings": len(val), "photographs": len(first)},
    }
    for name, copies in (("as_they_are", 0), ("passed_on", 1)):
        seen = kinds.look(loaded, test, second, copies=copies, on_progress=on_progress)
        found[name] = kinds.figures(seen, entry)
    return entry.model_copy(update={"figures": entry.figures | {"kinds": found}})


def renew_graph(entry: models.Entry, paintings: Sequence[Painting], out: Path) -> models.Entry:
    """Converts a classifier of the catalogue to LiteRT again; its figures stay.

    Raises:
        As `classifier_graph.publish`.
    """
    with catalogue.staged(out) as stage:
        found = classifier_graph.publish(entry, paintings, stage, out)
        entry = entry.model_copy(update={"graphs": found[0] if found else None})
        cards.write_card(entry, stage, _card(entry))
        catalogue.place(stage, [entry], out)
    return entry


def _search_results(search: Path) -> bytes:
    try:
        return (search / "results.csv").read_bytes()
    except OSError:
        raise MissingError(f"{search} holds no search: results.csv is missing.") from None


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
    return weights.write_half(shipped, half, stage, model_id, out)


def _artist_id(name: str) -> str:
    found = artists.find(name)
    if found is None:
        raise TrainingError(f"{name} is not in assets/artists.csv: add a row for them first.")
    return found.id


def _card(entry: models.Entry) -> list[str]:
    """The part of the card that only classifiers have."""
    side = entry.side
    figures = {s: entry.figures[s] for s in evaluations.SPLITS if s in entry.figures}
    resized = f" and resized to {side}×{side}" if side != SIDE else ""
    lines = [
        "## What it does",
        "",
        f"Takes a painting, squeezed to 224×224 pixels{resized}, and gives "
        f"{len(entry.artists)} calibrated probabilities, one an artist"
        + (
            ", and how surely it is by one of them, by somebody else, or a photograph."
            if entry.photograph
            else ", and a score that tells whether the painter is likely one of them."
            if entry.known
            else ". It was trained without paintings by others, and cannot tell whether the "
            "painter is one of them."
        ),
        "",
        "## Figures",
        "",
        "Measured on the exported float16 file. Training used the train split, of which every n-th "
        "painting, some thousand, was measured; every choice "
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
    if entry.photograph:
        lines += _of_kinds(entry.figures["kinds"])
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
    return lines


def _of_kinds(found: dict[str, Any]) -> list[str]:
    fitted = found["fitted_on"]
    names = {"as_they_are": "as they are", "passed_on": "small, saved as JPEG again"}
    names = {name: title for name, title in names.items() if name in found}
    figures = dict.fromkeys(name for column in names for name in found[column])
    return [
        "",
        "Photographs are told by one more logit, linear in logits and a projection of features, "
        f"fitted on {fitted['paintings']} validation paintings and {fitted['photographs']} photos, "
        "measured on test paintings and other photos of the same source. Each kind counts alike "
        "in the calibration error.",
        "",
        "| kinds | " + " | ".join(names.values()) + " |",
        "|---|" + "---|" * len(names),
        *(
            f"| {name} | " + " | ".join(str(found[column][name]) for column in names) + " |"
            for name in figures
        ),
    ]
