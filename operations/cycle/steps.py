"""The steps of a cycle, in their order; each is recorded, and none that is recorded done again."""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import InvalidRequest
from core.files import csv_text, write
from core.models import Entry, versions
from core.recipes import RECIPES, with_options
from core.releases import rows
from operations.cycle import comparing, paintings, report, validating
from operations.cycle.paintings import Painting
from operations.cycle.state import DIVISION, CycleError, State, alone

log = logging.getLogger(__name__)

ADDED = "added.csv"
REPORT = "report.md"

Command = Callable[[Sequence[str], Path], None]
"""Runs a command of training, its output appended to a file; raises `CycleError`."""


@dataclass(frozen=True)
class Asked:
    """What a cycle is asked for.

    Attributes:
        data: Directory of the paintings so far, whose test split is frozen.
        new: Directory of new ones.
        model: Id of the classifier.
        share: Of visitors, on whom the new version is tried out; None to promote it at once.
        margin: Of accuracy on the test split, by which the new version may be worse at most.
        changes: Of the recipe, as `training classifier --set` takes them.
        photos: Directory of photographs, to tell from paintings; None if it is not to learn that.
    """

    data: Path
    new: Path
    model: str
    share: float | None = 0.1
    margin: float = comparing.MARGIN
    changes: tuple[str, ...] = ()
    photos: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON, and how the data are divided now.

        Raises:
            core.collection.CollectionError: If there are no paintings in `data`.
        """
        paths = {"data": str(self.data.resolve()), "new": str(self.new.resolve())}
        photos = str(self.photos.resolve()) if self.photos else None
        others = {"changes": list(self.changes), "photos": photos}
        return asdict(self) | paths | others | {DIVISION: paintings.division(self.data)}


@dataclass(frozen=True)
class Outcome:
    """How a cycle ended.

    Attributes:
        refusals: Why, in sentences; empty where the new version was released.
        version: The new version; None where none was trained.
        role: Its role, `champion`, `canary` or `shadow`; None where it was refused.
        report: The file that tells all.
    """

    refusals: tuple[str, ...]
    version: str | None
    role: str | None
    report: Path


def run_command(arguments: Sequence[str], output: Path) -> None:
    """A `Command`: waits until it ends.

    Raises:
        CycleError: If it fails.
    """
    with output.open("a", encoding="utf-8") as file:
        # Not closed to it: the lock of the directory, see `state.alone`.
        done = subprocess.run(
            [sys.executable, "-m", "training", *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            close_fds=False,
            check=False,
        )
    if done.returncode:
        last = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        said = f": {last[0]}" if last else "."
        raise CycleError(
            f"`training {arguments[0]}` ended with status {done.returncode}, see {output}{said}"
        )


def cycle(asked: Asked, run: Path, *, who: str, command: Command = run_command) -> Outcome:
    """Goes through a cycle, or on with one that was stopped.

    Args:
        run: Directory of the record, the training, and the report.
        who: Answers for the release.
        command: Runs the commands of training.

    Raises:
        CycleError: If it cannot go on.
        InvalidRequest: If the recipe of the model cannot be changed like that.
        AtelierError: Others, for directories, weights and databases of no use.
    """
    recipe = recipe_of(asked.model, asked.changes)
    with alone(run, lambda: log.warning("Waiting for who works in %s.", run)):
        state = State(run, asked.as_dict())
        try:
            return _Steps(asked, state, recipe, command).all(who)
        finally:
            if state.steps:
                write(run / REPORT, report.text(state))


def recipe_of(model: str, changes: Sequence[str]) -> str:
    """The name of the recipe by which a model is trained.

    Raises:
        InvalidRequest: If there is none, or it cannot be changed like that.
    """
    named = [name for name, recipe in RECIPES.items() if recipe.id == model]
    if not named:
        known = ", ".join(sorted({recipe.id for recipe in RECIPES.values()}))
        raise InvalidRequest(f"There is no recipe for the model {model!r}; there are: {known}.")
    name = model if model in named else named[0]
    with_options(RECIPES[name], list(changes))
    return name


def _apart(answers: Sequence[paintings.Answer]) -> list[paintings.Answer]:
    """Under names that no file of the data has."""
    return [replace(answer, file=f"new:{answer.file}") for answer in answers]


class _Steps:
    """A cycle under way."""

    def __init__(self, asked: Asked, state: State, recipe: str, command: Command) -> None:
        self._asked, self._state, self._recipe, self._command = asked, state, recipe, command
        self._run = state.run
        self._old = paintings.read(asked.data)
        self._new = paintings.read(asked.new)

    def all(self, who: str) -> Outcome:
        """Takes the steps that are left."""
        once = self._state.once
        self._champion = once("begin", self._begin)["champion"]
        if refusals := once("validate", self._validate)["refusals"]:
            return self._refused(refusals, None)
        once("add", self._add)
        once("train", self._train)
        version = once("publish", self._publish)["version"]
        if refusals := once("compare", lambda: self._compare(version))["refusals"]:
            return self._refused(refusals, version)
        released = once("release", lambda: self._release(version, who))
        return Outcome((), version, released["role"], self._run / REPORT)

    def _refused(self, refusals: Sequence[str], version: str | None) -> Outcome:
        return Outcome(tuple(refusals), version, None, self._run / REPORT)

    def _begin(self) -> dict[str, Any]:
        found = versions.find(self._asked.model, self._serving())
        return {"champion": found.id}

    def _serving(self) -> str:
        return rows.serving(self._asked.model)

    def _entry(self) -> Entry:
        return versions.find(self._asked.model, self._champion).entry

    def _validate(self) -> dict[str, Any]:
        found = validating.pictures(validating.look(self._old), validating.look(self._new))
        if found["damaged"]:  # labels are looked at once all pictures can be
            return {"pictures": found, "refusals": found["refusals"]}
        agreement = validating.labels(
            self._answers(self._champion, "new"),
            self._answers(self._champion, "test"),
            self._entry().artists,
        )
        refusals = [*found["refusals"], *agreement["refusals"]]
        return {"pictures": found, "labels": agreement, "refusals": refusals}

    def _answers(self, version: str, which: str) -> list[paintings.Answer]:
        """What a version says of the `new` paintings, or of a `test` or `new-test` split."""
        chosen: list[Painting] = self._old if which == "test" else self._new
        if which != "new":
            chosen = [painting for painting in chosen if painting.split == "test"]
        chosen = [painting for painting in chosen if not painting.outside]
        kept = self._run / "answers" / f"{version}-{which}-chances.json"
        return paintings.answers(self._asked.model, version, chosen, kept)

    def _add(self) -> dict[str, Any]:
        rows = [["file", "artist", "split", "sha256"]]
        for each in self._new:
            digest = hashlib.sha256(each.path.read_bytes()).hexdigest()
            rows.append([each.file, "" if each.outside else each.artist, each.split, digest])
        table = csv_text(rows)
        write(self._run / ADDED, table)
        counted = {"asked": self._state.asked, "champion": self._champion}
        named = [[each.file, each.artist, each.split] for each in self._old]
        text = json.dumps([counted, named, table], sort_keys=True)
        label = hashlib.sha256(text.encode()).hexdigest()[:8]
        number = self._entry().version.partition("-")[0]
        return {"files": len(self._new), "label": f"{number}-{label}"}

    def _data(self) -> list[str]:
        return ["--data", str(self._asked.data.resolve()), "--data", str(self._asked.new.resolve())]

    def _train(self) -> dict[str, Any]:
        changes = [word for change in self._asked.changes for word in ("--set", change)]
        where = ["--run", str((self._run / "training").resolve())]
        self._command(
            ["classifier", self._recipe, *self._data(), *where, "--no-card", *changes],
            self._run / "training.log",
        )
        return {}

    def _publish(self) -> dict[str, Any]:
        """Publishes, unless a cycle that was killed has done so: its label tells."""
        entry, label = self._entry(), self._state.steps["add"]["label"]
        if (found := self._labeled(label)) is None:
            side = [] if RECIPES[self._recipe].flatten else ["--side", str(entry.side)]
            named = ["--name", entry.id, "--title", entry.title, "--version", label]
            trained = str((self._run / "training").resolve())
            photos = self._asked.photos
            told = ["--photos", str(photos.resolve())] if photos else []
            self._command(
                ["publish", trained, *self._data(), *named, *side, *told, "--beside"],
                self._run / "publishing.log",
            )
            found = self._labeled(label)
        if found is None:
            raise CycleError(
                f"Publishing has left no version {label} of {entry.id} in ATELIER_VERSIONS, see "
                f"{self._run / 'publishing.log'}."
            )
        loses = entry.photograph is not None and found.entry.photograph is None
        if loses:
            log.warning(report.LOSES_PHOTOGRAPHS)
        size = sum(file.bytes for file in found.files)
        return {"version": found.id, "bytes": size, "loses_photographs": loses}

    def _labeled(self, label: str) -> versions.Version | None:
        known = versions.listed(self._asked.model)
        return next((each for each in known if each.entry.version == label), None)

    def _compare(self, version: str) -> dict[str, Any]:
        old, served = self._answers(version, "test"), self._answers(self._champion, "test")
        # A network that knows one artist more errs more often on the others, since it has more
        # to choose from. Whether it has become worse is seen where both choose from the same.
        known = set(self._entry().artists)
        frozen = comparing.compare(
            [each.among(known) for each in old], [each.among(known) for each in served]
        )
        newest = everything = None
        if any(each.split == "test" and not each.outside for each in self._new):
            new, unseen = self._answers(version, "new-test"), self._answers(self._champion, "new")
            newest = comparing.compare(new, unseen)
            everything = comparing.compare([*old, *_apart(new)], [*served, *_apart(unseen)])
        refusals = comparing.objections(frozen, newest, everything, self._asked.margin)
        if version == self._champion:
            refusals = ["Training has made the version again that serves already."]
        found = {"frozen": frozen, "newest": newest, "everything": everything}
        return found | {"refusals": refusals}

    def _release(self, version: str, who: str) -> dict[str, Any]:
        """Releases, unless a cycle that was killed has done so: the evidence has its id."""
        model, share = self._asked.model, self._asked.share
        for row in rows.history(model):
            if (row.evidence or {}).get("cycle") == self._state.id:
                return {"release": row.id, "role": row.role, "share": row.share}
        if self._serving() != self._champion:
            raise CycleError(
                f"Meanwhile the version {self._serving()} serves, with which the new version "
                f"{version} was not compared: start a cycle with another --run."
            )
        tried = rows.current(model).challenger
        if tried and tried.version != version:
            raise CycleError(
                f"The version {tried.version} of {model} is tried out: promote it or roll it back, "
                "and give the same command again."
            )
        compared = self._state.steps["compare"]
        noted: dict[str, Any] = {
            "who": who,
            "reason": f"retrained with {self._state.steps['add']['files']} new paintings; "
            f"{comparing.shown(compared['frozen'])}",
            "evidence": {"cycle": self._state.id, "champion": self._champion}
            | {name: compared[name] for name in ("frozen", "newest", "everything")},
        }
        if share is None:
            row = rows.release(model, version, **noted)
        else:
            row = rows.canary(model, version, share, **noted)
        return {"release": row.id, "role": row.role, "share": row.share}
