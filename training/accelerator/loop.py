"""Classifiers that teach each other, trained in rounds from packed paintings.

In the first round the members teach each other as they learn (Zhang et al., arXiv 1706.00384);
in each further one, what was learned before, averaged over steps and members, teaches all.
Teacher and student see the same view, mixed ones included (Beyer et al., arXiv 2106.05237).
"""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import torch
from torch.nn import functional

from core.errors import InvalidRequest
from core.files import write
from core.recipes import RECIPES, Phase, Recipe
from core.recipes.augmentation import Augmentation
from training import runs
from training.accelerator import networks
from training.accelerator.draws import draw, log_prior
from training.accelerator.options import Member, Options, Shown, check
from training.accelerator.packing import Packed
from training.accelerator.views import Random, cutmix, random_views
from training.classifiers import validate
from training.data import trained_on
from training.data.files import json_text
from training.runs import Row


class _Student:
    """A member with its optimizer, its averaged weights and its run."""

    def __init__(
        self,
        member: Member,
        options: Options,
        packed: Packed,
        weights: Path | None,
        before: Path | None,
    ) -> None:
        self.member, self.options = member, options
        self.recipe = RECIPES[member.recipe]
        self.outputs = len(packed.artists) + 1
        self.model = networks.fast(self.recipe, self.outputs)
        networks.begin(self.model, self.recipe, self.outputs, weights, before)
        self.averaged = networks.fast(self.recipe, self.outputs)
        networks.copy(self.model, self.averaged)
        self.forward = networks.Traced(self.model, training=True)
        self.optimizer: Any = None

    def start(self) -> None:
        """Makes ready for a round, which goes on from the averaged weights."""
        networks.copy(self.averaged, self.model)
        self.optimizer = networks.optimizer(
            self.model, self.member, self.options.head_rate, self.options.weight_decay
        )
        self._steps = 0
        self._live, self._mean = networks.state(self.model), networks.state(self.averaged)

    def set_rates(self, round_: int, epoch: float, total: int) -> float:
        """Sets learning rates by the epochs of the round so far; returns that of the body."""
        frozen = self.member.frozen_epochs if round_ == 0 else 0
        factor = 1.0 if round_ == 0 else self.options.again
        shape = min(1.0, 0.05 + epoch) * (0.5 + 0.5 * math.cos(math.pi * min(1.0, epoch / total)))
        for group in self.optimizer.param_groups:
            warm = min(1.0, max(0.0, (epoch - frozen) / 1.5)) if group["body"] and frozen else 1.0
            group["lr"] = group["peak"] * factor * shape * warm
        return float(self.optimizer.param_groups[0]["lr"])

    def learn(self, loss: torch.Tensor) -> None:
        """A step down, and the averages after it."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        tensors = [p for group in self.optimizer.param_groups for p in group["params"]]
        torch.nn.utils.clip_grad_norm_(tensors, 1.0, foreach=True)
        self.optimizer.step()
        self._steps += 1
        # The first averages are of few steps, else they would be of the start.
        momentum = min(self.options.average, self._steps / (10 + self._steps))
        with torch.no_grad():
            torch._foreach_lerp_(self._mean, self._live, 1 - momentum)


def train_together(
    packed: Packed,
    weights: Path | None,
    to: Path,
    options: Options,
    *,
    before: Path | None = None,
    on_epoch: Callable[[Row], None] = lambda row: None,
) -> list[Path]:
    """Trains all members and writes a run directory for each.

    Args:
        weights: Directory of ImageNet weights, see `training.classifiers.pretrained`.
        to: Directory of the runs, `to/<recipe>`; in each `options.json`, `history.csv`,
            `trained_on.npy`, `best.weights.h5` and `last.weights.h5`, both the averaged weights at
            the end.
        before: Directory of earlier runs to go on from, in place of ImageNet weights.
        on_epoch: Called with each row of the histories.

    Returns:
        The run directories.

    Raises:
        RuntimeError: If Keras does not run on PyTorch.
        InvalidRequest: If the options do not fit each other, or `to` holds such a run already.
        TrainingError: If a run of `before` was trained with what is now to measure with.
        FloatingPointError: If a loss is no number any more.
    """
    networks.require_torch()
    check(options)
    for member in options.members:
        if runs.is_started(to / member.recipe):
            raise InvalidRequest(f"{to / member.recipe} holds a run: choose another directory.")
    known = [_trained_on(packed, before, RECIPES[member.recipe]) for member in options.members]
    keras.utils.set_random_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.benchmark_limit = 2  # the likeliest; to try all takes a minute
    device = networks.device()
    pictures = torch.from_numpy(packed.pictures)
    held = torch.from_numpy(packed.validation)
    train, val = pictures[~held].to(device), pictures[held].to(device)
    y_train, y_val = packed.y[~packed.validation], packed.y[packed.validation]
    students = [_Student(member, options, packed, weights, before) for member in options.members]
    directories = [
        _begin_run(to, s.recipe, options, packed, found)
        for s, found in zip(students, known, strict=True)
    ]
    histories = [runs.History(run) for run in directories]
    labels = torch.from_numpy(y_train).to(device)
    prior = torch.from_numpy(log_prior(y_train, len(packed.artists), options)).to(device)
    rng = Random(device, options.seed)
    teachers: list[networks.Traced] = []
    number = 0
    came_to = list(options.epochs)
    for round_ in range(len(came_to)):
        for student in students:
            student.start()
        epoch, durations = 0, list[float]()
        while epoch < came_to[round_]:
            started, number = time.perf_counter(), number + 1
            losses: list[torch.Tensor] = []
            cycles = max(1, len(y_train) // sum(shown.pictures for shown in options.shown))
            chosen = draw(y_train, len(packed.artists), options, [round_, epoch], cycles=cycles)
            for cycle, batches in enumerate(chosen):
                rates = [
                    s.set_rates(round_, epoch + cycle / cycles, came_to[round_]) for s in students
                ]
                for shown, rows in zip(options.shown, batches, strict=True):
                    at = torch.from_numpy(rows).to(device)
                    x, y = _batch(train[at], labels[at], len(prior), shown, options, rng)
                    losses.append(_step(students, teachers, x, y, prior, options.taught[round_]))
            mean = torch.stack(losses).mean(0).tolist()
            seconds = time.perf_counter() - started
            epoch += 1
            durations.append(seconds)
            if options.seconds and epoch > 1:
                came_to[round_] = within(options.seconds[round_], durations)
            last = epoch == came_to[round_]
            for student, history, rate, loss in zip(students, histories, rates, mean, strict=True):
                row: Row = {"epoch": number, "phase": round_ + 1, "learning_rate": rate}
                row |= {"size": options.shown[-1].side, "loss": loss, "seconds": seconds}
                runs.check_finite(row, "epoch", "learning rate")
                if last or number % options.every == 0:
                    row |= validate(
                        networks.predict(student.averaged, val, options.validated), y_val
                    )
                history.append(row)
                on_epoch({"model": student.recipe.id, **row})
        done = dataclasses.replace(options, epochs=tuple(came_to))
        for student, run in zip(students, directories, strict=True):
            _write_options(run, student.recipe, done, packed)
            networks.save(
                student.averaged, student.recipe, student.outputs, run / "best.weights.h5"
            )
            write(run / "last.weights.h5", (run / "best.weights.h5").read_bytes())
        teachers = [_frozen(s) for s in students if s.member.teaches]
    return directories


def as_recipe(recipe: Recipe, options: Options) -> Recipe:
    """The recipe as it was followed here, in the words that recipes have."""
    member = next(m for m in options.members if m.recipe == recipe.id)
    whole = options.shown[-1]
    phases = tuple(
        Phase(epochs, member.learning_rate * (options.again if number else 1.0), taught=taught)
        for number, (epochs, taught) in enumerate(zip(options.epochs, options.taught, strict=True))
    )
    return dataclasses.replace(
        recipe,
        phases=phases,
        teacher="",
        batch_size=whole.pictures,
        sizes=((0.0, whole.side),),
        shown=options.validated,
        weight_decay=options.weight_decay,
        label_smoothing=options.label_smoothing,
        class_weight_power=options.balance,
        other_repeats=1,
        average=options.average,
        augmentation=Augmentation(
            min_area=min(shown.views.least_area for shown in options.shown),
            colour=whole.views.color,
            jpeg=whole.views.jpeg,
            cutmix=whole.views.cutmix,
        ),
        seed=options.seed,
    )


def within(seconds: float, durations: Sequence[float]) -> int:
    """How many epochs of a round fit into a time, by those that it has had.

    The first one, which loads and chooses kernels, says nothing of the others.
    """
    left = seconds - sum(durations)
    return len(durations) + max(0, int(left / float(np.median(durations[1:]))))


def _batch(
    pictures: torch.Tensor,
    labels: torch.Tensor,
    classes: int,
    shown: Shown,
    options: Options,
    rng: Random,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Views of some pictures, mixed, and their smoothed targets."""
    x = random_views(pictures, shown.side, shown.views, rng)
    y = functional.one_hot(labels, classes).float()
    x, y = cutmix(x, y, shown.views.cutmix, rng)
    return x, y * (1 - options.label_smoothing) + options.label_smoothing / classes


def _step(
    students: list[_Student],
    teachers: list[networks.Traced],
    x: torch.Tensor,
    y: torch.Tensor,
    prior: torch.Tensor,
    taught: float,
) -> torch.Tensor:
    """One step of all students on one batch; returns their losses.

    Logits are adjusted by the log of how often a class is drawn (Menon et al., arXiv 2007.07314),
    so that without the adjustment all artists are as likely.
    """
    said = [student.forward(x) + prior for student in students]
    with torch.no_grad():
        if teachers:
            told = [functional.softmax(teacher(x) + prior, -1) for teacher in teachers]
        else:
            told = [functional.softmax(s.detach(), -1) for s in said]
    losses = []
    for n, (student, logits) in enumerate(zip(students, said, strict=True)):
        others = (
            told
            if teachers
            else [t for m, t in enumerate(told) if m != n and students[m].member.teaches]
        )
        target = y
        if others and taught:
            target = (1 - taught) * y + taught * torch.stack(others).mean(0)
        loss = -(target * functional.log_softmax(logits, -1)).sum(-1).mean()
        student.learn(loss)
        losses.append(loss.detach())
    return torch.stack(losses)


def _frozen(student: _Student) -> networks.Traced:
    """A copy of the averaged network, to teach."""
    teacher = networks.fast(student.recipe, student.outputs)
    networks.copy(student.averaged, teacher)
    return networks.Traced(teacher, training=False)


def _trained_on(packed: Packed, before: Path | None, recipe: Recipe) -> np.ndarray | None:
    """Fingerprints of what a member will have learned from, as far as it was kept; or None."""
    if packed.trained_on is None or packed.held_out is None or before is None:
        return packed.trained_on
    return trained_on.with_earlier(packed.trained_on, packed.held_out, before / recipe.id)


def _begin_run(
    to: Path, recipe: Recipe, options: Options, packed: Packed, known: np.ndarray | None
) -> Path:
    """Makes the directory of a run."""
    run = to / recipe.id
    run.mkdir(parents=True, exist_ok=True)
    if known is not None:
        trained_on.keep(known, run)
    _write_options(run, recipe, options, packed)
    return run


def _write_options(run: Path, recipe: Recipe, options: Options, packed: Packed) -> None:
    """Writes the options of a run in the form that publishing reads."""
    written = {
        "recipe": dataclasses.asdict(as_recipe(recipe, options)),
        "together": dataclasses.asdict(options),
        "artists": packed.artists,
        "data": packed.data,
    }
    write(run / runs.options.FILE, json_text(json.loads(json.dumps(written))))
