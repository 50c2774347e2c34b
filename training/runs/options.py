"""The options of a run: a dataclass kept as `options.json`, the same in every sitting."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from core.errors import InvalidRequest
from core.files import check_output, write
from core.recipes.fields import checked
from training.data.files import json_text
from training.data.inputs import read_json

FILE = "options.json"

Options = TypeVar("Options")


def check_run(run: Path) -> None:
    """Makes sure, before any work, that a run's directory can be written.

    Raises:
        core.files.OutputError: If it cannot.
    """
    check_output(run / FILE)


def is_started(run: Path) -> bool:
    """Whether a directory holds a run already."""
    return (run / FILE).exists()


def settle_options(
    run: Path,
    options: Options,
    *,
    alternatives: Sequence[Options] = (),
    part: str = "",
    besides: Mapping[str, Any] | None = None,
    refusal: str = "was started with other options",
) -> Options:
    """Saves the options with a new run, whose directory it makes; refuses to resume with others.

    Args:
        options: A dataclass that `core.recipes.fields` can check.
        alternatives: Options with which the run may have been started instead.
        part: The key of the options in the file; without one, its keys are their fields.
        besides: What the file holds next to `part`, as JSON has it; it must be the same, too.
        refusal: What is said of the directory if it holds something else.

    Returns:
        Those that the run was started with. Fields that its file lacks have their defaults:
        options may gain some between two sittings.

    Raises:
        InvalidRequest: If the run was started with others.
        training.data.inputs.TrainingError: If its options are damaged.
        core.files.OutputError: If the directory cannot be written.
    """
    check_run(run)
    if not is_started(run):
        values = _plain(options)
        write(run / FILE, json_text({part: values, **(besides or {})} if part else values))
        return options
    refused = InvalidRequest(f"{run} {refusal}: choose another directory.")
    try:
        started = read_options(run, type(options), part=part)
    except InvalidRequest:
        raise refused from None
    others = {name: v for name, v in read_json(run / FILE).items() if part and name != part}
    if others != (besides or {}) or _plain(started) not in map(_plain, (options, *alternatives)):
        raise refused
    return started


def read_options(run: Path, kind: type[Options], *, part: str = "") -> Options:
    """The options that a run was started with.

    Args:
        kind: Their dataclass.
        part: See `settle_options`.

    Raises:
        InvalidRequest: If they are of another kind.
        training.data.inputs.TrainingError: If they are missing or damaged.
    """
    values = read_json(run / FILE)
    return checked(kind, values.get(part, {}) if part else values)


def _plain(options: Any) -> dict[str, Any]:
    """Options as JSON has them: what is read equals what was written."""
    return json.loads(json.dumps(dataclasses.asdict(options)))
