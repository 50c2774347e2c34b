"""The training of a CycleGAN between two sets of pictures (Zhu et al., arXiv 1703.10593).

Two generators learn to turn photos into paintings and paintings into photos; of two
discriminators each tells the real pictures of its side from the painted ones. A
discriminator sees patches of pixels, as in the paper, and, if wanted, the maps of a feature
extractor, a frozen VGG16, so that it tells apart from the first step (Projected GANs, Sauer
et al., arXiv 2111.01007).

A run directory holds `options.json`, `history.csv`, curves for TensorBoard, sample sheets,
and a state from which an interrupted run resumes exactly: what a step draws depends on
seed and step alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras

from core import models
from core.errors import InvalidRequest
from training import runs
from training.cyclegan.options import SIDES, Options
from training.cyclegan.session import Session
from training.data.inputs import check_readable


def train(
    options: Options,
    photos: list[Path],
    paintings: list[Path],
    weights: Path | None,
    run: Path,
    *,
    on_report: Callable[[runs.Row], None] = lambda row: None,
) -> Path:
    """Trains to the last step; resumes if `run` exists.

    Args:
        photos, paintings: Files of both sides; pictures smaller than a crop are enlarged.
        weights: Directory to look for VGG16 first, if `options.features`; it ships, too.
        run: Directory to write.
        on_report: Called with each row of the history.

    Returns:
        The run directory; `painting.weights.h5` and `photo.weights.h5` in it are the
        averaged generators, float32.

    Raises:
        InvalidRequest: If `run` was started with other options, or these do not go together.
        training.data.inputs.TrainingError: If a side has no pictures, or some cannot be read.
        core.models.WeightsError: If the weights of VGG16 are not there, or damaged.
        DivergedError: If a loss is no number any more.
    """
    if options.features:
        if options.window > options.crop:
            raise InvalidRequest(
                f"The window of {options.window} pixels is larger than the crop of {options.crop}."
            )
        models.resolve(models.get("vgg16_base"), directory=weights)  # a refusal comes at once
    runs.check_run(run)
    check_readable([*photos, *paintings])
    files = {"photo": photos, "painting": paintings}
    if not all(files.values()):
        runs.pictures([])  # says that there are none
    runs.settle_options(run, options)
    keras.utils.set_random_seed(options.seed)
    pictures = {side: runs.pictures(files[side], options.crop) for side in SIDES}
    session = Session(options, weights)
    session.step = runs.ArrayCheckpoint(run).restore(session.state())
    runs.train_steps(
        session,
        partial(session.run_step, pictures),
        partial(session.samples, pictures),
        run,
        steps=options.steps,
        report_every=options.report_every,
        on_report=on_report,
    )
    return run
