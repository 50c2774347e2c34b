"""The model catalogue: what there is, by whom, with which figures and which digest.

`assets/models/models.json` lists every model with its checksum, licence and measured
figures; `training.publishing.classifier` writes it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from core.errors import UnknownName
from core.models.registry import Task
from core.settings import ROOT

ASSETS = ROOT / "assets" / "models"
DEFAULT = "efficientnet_lite0"
KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"


def assets(directory: Path | None = None) -> Path:
    """A directory of models: `models.json`, weights, cards, evaluations; what ships if None."""
    return ASSETS if directory is None else directory


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WeightsFile(_Frozen):
    """A file of weights and the digest that it must have."""

    name: str
    sha256: str
    bytes: int


class Graphs(_Frozen):
    """The networks of a model as LiteRT graphs, see `core.models.graphs`.

    Attributes:
        file: The archive.
        converter: What made them, with its version.
        pictures: How many were given to both runtimes.
        difference: Output to the largest difference from Keras in float32, in the unit of
            `tolerance`.
        tolerance: Above which they would not have been published.
    """

    file: WeightsFile
    converter: str
    pictures: int
    difference: dict[str, float]
    tolerance: dict[str, float]


class KerasFile(_Frozen):
    """The same network as `keras.applications` distributes it."""

    network: str  # e.g. "VGG16"
    name: str
    md5: str  # the digest that Keras itself records

    @property
    def url(self) -> str:
        """Where Keras has it."""
        return f"{KERAS}/{self.network.lower()}/{self.name}"


class Calibration(_Frozen):
    """Turns logits into honest probabilities: softmax of `logits / temperature + bias`."""

    temperature: float = 1.0
    bias: tuple[float, ...] = ()  # one number an artist; empty means zero


class KnownScore(_Frozen):
    """Logistic regression on `core.identify.known_features`."""

    weights: tuple[float, ...]
    intercept: float
    threshold: float  # scores below it read "not one of the artists I know"


class Photograph(_Frozen):
    """A logit that tells photographs from paintings, see `core.identify.kinds`.

    Attributes:
        weights: `(d,)` of `core.identify.taught.inputs`.
    """

    weights: tuple[float, ...]
    intercept: float


class Taught(_Frozen):
    """An artist who was added to a network that was trained already, see `core.teaching`.

    Attributes:
        name: As visitors read it.
        weights: Of the network's own logits, and after them of the projection of its features,
            `core.identify.projection`: their product, with `intercept`, is one more logit.
    """

    name: str
    weights: tuple[float, ...]
    intercept: float


class Entry(_Frozen):
    """One model of the catalogue."""

    id: str
    title: str
    task: Task
    version: str
    summary: str
    source: str
    licence: str
    network: str  # name of its builder, see core.models.registry
    arguments: dict[str, Any] = {}  # what the builder is called with
    file: WeightsFile
    base: str | None = None  # id of a shared feature extractor that comes first
    keras_file: KerasFile | None = None
    graphs: Graphs | None = None  # None: only Keras can run it
    trained_on: str | None = None
    date: str | None = None
    artists: tuple[str, ...] = ()  # ids, in the order of the outputs
    taught: tuple[Taught, ...] = ()  # who the last of them are, if not of the training
    views: int = 1  # 2: the mean of the picture and its mirror image
    side: int = 224  # to which the squeezed picture is resized before the network sees it
    soften: float = 0.0  # of a painter, see core.monet.tiled
    calibration: Calibration = Calibration()
    known: KnownScore | None = None  # None: it cannot tell strangers, having seen none
    photograph: Photograph | None = None  # None: it does not tell photographs from paintings
    figures: dict[str, Any] = {}

    @property
    def outputs(self) -> int:
        """How many logits its network gives: one an artist of its training, one for others."""
        return len(self.artists) - len(self.taught) + 1

    @property
    def needs_projection(self) -> bool:
        """Whether answers take the projection of the features, `core.identify.projection`."""
        return bool(self.taught or self.tells_photographs)

    @property
    def tells_photographs(self) -> bool:
        """Whether it tells photographs and strangers apart from what known artists painted."""
        return bool(self.photograph and self.known)

    @property
    def total_bytes(self) -> int:
        """Size on disk, with the shared base."""
        graphs = self.graphs.file.bytes if self.graphs else 0
        return self.file.bytes + graphs + (get(self.base).total_bytes if self.base else 0)


@cache
def catalogue() -> dict[str, Entry]:
    """Every model by its id, in the order of `models.json`."""
    listed = json.loads((assets() / "models.json").read_text(encoding="utf-8"))
    return {entry["id"]: Entry.model_validate(entry) for entry in listed}


def get(model_id: str) -> Entry:
    """The entry of a model.

    Raises:
        UnknownName: If there is no such model; the message lists those there are.
    """
    try:
        return catalogue()[model_id]
    except KeyError:
        raise UnknownName(f"No model {model_id!r}; there are: {', '.join(catalogue())}.") from None


def classifiers() -> list[Entry]:
    """The models that identify artists, the default first."""
    entries = [entry for entry in catalogue().values() if entry.task == "identify"]
    return sorted(entries, key=lambda entry: entry.id != DEFAULT)
