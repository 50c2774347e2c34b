"""The catalogue `models.json` as publishing writes it: made ready aside, then put in place."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core import models
from core.errors import InvalidRequest
from core.files import check_output, write
from training.data.files import json_text, name_for
from training.data.inputs import TrainingError


def check_name(name: str) -> str:
    """The id of a model, if it can be one.

    Raises:
        InvalidRequest: If it cannot: files are named by it.
    """
    if not re.fullmatch(r"[\w-]{1,100}", name, re.ASCII):
        raise InvalidRequest(f"A model cannot be called {name!r}: letters, digits, _ and - only.")
    return name


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A directory in which all of a model is made ready, and which is gone afterwards."""
    check_output(out / "models.json")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".publishing-", dir=out) as directory:
        yield Path(directory)


def named(written: Path, out: Path) -> models.WeightsFile:
    """A file that lies ready under the name that it will have, and its digest.

    Args:
        out: Where it will be. Another file of its name that lies there keeps it.
    """
    content = written.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    name = name_for(out / written.name, digest).name
    written.rename(written.with_name(name))
    return models.WeightsFile(name=name, sha256=digest, bytes=len(content))


def place(stage: Path, entries: Sequence[models.Entry], out: Path) -> None:
    """Puts what lies ready where it belongs, and says so in `models.json` last of all.

    Until then the catalogue names the weights of before, which are still there: new ones have
    a name of their own. So the app can be used whenever this ends.
    """
    before = _files(out)
    for path in sorted(stage.rglob("*")):
        if path.is_file():
            target = out / path.relative_to(stage)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    update(*entries, out=out)
    for name in before - _files(out):
        (out / name).unlink(missing_ok=True)


def _files(out: Path) -> set[str]:
    """The names of all weights and graphs that the catalogue names."""
    entries = read_entries(out)
    return {e.file.name for e in entries} | {e.graphs.file.name for e in entries if e.graphs}


def update(*entries: models.Entry, out: Path | None = None) -> None:
    """Writes entries into `models.json`, each in the place of the one with the same id."""
    out = models.assets(out)
    by_id = {entry.id: entry for entry in read_entries(out)}
    by_id |= {entry.id: entry for entry in entries}
    listed = [entry.model_dump(mode="json", exclude_defaults=True) for entry in by_id.values()]
    write(out / "models.json", json_text(listed))
    models.catalogue.cache_clear()


def read_entries(out: Path) -> list[models.Entry]:
    """The entries of `models.json` in a directory; none if there is no such file.

    Raises:
        training.data.inputs.TrainingError: If it is damaged.
    """
    path = out / "models.json"
    try:
        listed = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        return [models.Entry.model_validate(item) for item in listed]
    except ValueError as error:
        raise TrainingError(
            f"The catalogue {path} is damaged: put the last good one back."
        ) from error
