"""The model catalogue: what there is, where its weights are, loaded once and checked.

`assets/models/models.json` lists every model with its checksum, licence and measured
figures; `training.publishing.classifier` writes it. A weights file is looked for in this order:

1. the directory `ATELIER_WEIGHTS`, for places without a connection,
2. `assets/models/`, which holds what ships,
3. the Hugging Face Hub, `ATELIER_HUB_REPO` at the pinned `ATELIER_HUB_REVISION`,
4. `keras.applications`, for networks that Keras itself distributes.

Whatever is found is loaded only if its digest is the recorded one.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from core.errors import AtelierError, UnknownName
from core.settings import ROOT, settings

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

ASSETS = ROOT / "assets" / "models"
DEFAULT = "efficientnet_lite0"


class WeightsError(AtelierError, RuntimeError):
    """Weights that cannot be used. Its message is one sentence that says what to do."""

    code = "weights"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WeightsFile(_Frozen):
    """A file of weights and the digest that it must have."""

    name: str
    sha256: str
    bytes: int


class KerasFile(_Frozen):
    """The same network as `keras.applications` distributes it."""

    network: str  # e.g. "VGG16"
    name: str
    md5: str  # the digest that Keras itself records


class Calibration(_Frozen):
    """Turns logits into honest probabilities: softmax of `logits / temperature + bias`."""

    temperature: float = 1.0
    bias: tuple[float, ...] = ()  # one number an artist; empty means zero


class KnownScore(_Frozen):
    """Logistic regression on `core.identify.known_features`."""

    weights: tuple[float, ...]
    intercept: float
    threshold: float  # scores below it read "not one of the artists I know"


class Entry(_Frozen):
    """One model of the catalogue."""

    id: str
    title: str
    task: Literal["identify", "features", "paint", "stylize"]
    version: str
    summary: str
    source: str
    licence: str
    network: str  # builder in core.models.architectures
    arguments: dict[str, Any] = {}  # what the builder is called with
    file: WeightsFile
    base: str | None = None  # id of a shared feature extractor that comes first
    keras_file: KerasFile | None = None
    trained_on: str | None = None
    date: str | None = None
    artists: tuple[str, ...] = ()  # ids, in the order of the outputs
    views: int = 1  # 2: the mean of the picture and its mirror image
    side: int = 224  # to which the squeezed picture is resized before the network sees it
    soften: float = 0.0  # of a painter, see core.monet.tiled
    calibration: Calibration = Calibration()
    known: KnownScore | None = None  # None: it cannot tell strangers, having seen none
    figures: dict[str, Any] = {}

    @property
    def total_bytes(self) -> int:
        """Size on disk, with the shared base."""
        return self.file.bytes + (get(self.base).total_bytes if self.base else 0)


@dataclass(frozen=True)
class Loaded:
    """A model in memory, ready to be called from any thread.

    Attributes:
        body: RGB 0..255 `(n, h, w, 3)` to the last convolutional map, or to the painted picture.
        head: That map to logits; None for a feature extractor or a painter.
        lock: Held while the model runs.
    """

    entry: Entry
    body: keras.Model
    head: keras.Model | None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def logits(self, pictures: np.ndarray) -> np.ndarray:
        """Runs a classifier.

        Args:
            pictures: `(n, side, side, 3)` uint8, see `core.identify.squeeze`.

        Returns:
            `(n, artists + 1)` float32 logits, the mean over the model's views.
        """
        with self.lock:
            return self._compiled(pictures)[0].numpy()

    @cached_property
    def _compiled(self) -> Callable:
        import tensorflow as tf
        from tensorflow.python.framework.convert_to_constants import (
            convert_variables_to_constants_v2,
        )

        views, body, head = self.entry.views, self.body, self.head
        assert head is not None, f"{self.entry.id} is not a classifier"

        @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8)])
        def run(pictures):
            x = tf.cast(pictures, tf.float32)
            if views == 2:
                x = tf.concat([x, tf.reverse(x, axis=[2])], axis=0)
            logits = head(body(x, training=False), training=False)
            return tf.reduce_mean(tf.reshape(logits, (views, -1, logits.shape[1])), axis=0)

        # With constant weights TensorFlow prepares them once: a quarter faster.
        frozen = convert_variables_to_constants_v2(run.get_concrete_function())
        return lambda pictures: frozen(tf.constant(pictures))


@cache
def catalogue() -> dict[str, Entry]:
    """Every model by its id, in the order of `models.json`."""
    listed = json.loads((ASSETS / "models.json").read_text(encoding="utf-8"))
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


def resolve(entry: Entry, progress: Callable[[str], None] = log.info) -> Path:
    """Finds the weights of an entry and checks them.

    Args:
        progress: Told in words when something is downloaded.

    Raises:
        WeightsError: If the file is nowhere to be had, or is not the recorded one.
    """
    file, alternative = entry.file, entry.keras_file
    wanted = [(file.name, file.sha256)]
    if alternative:
        wanted.append((alternative.name, alternative.md5))
    for directory in filter(None, (settings().weights, ASSETS)):
        for name, digest in wanted:
            if (directory / name).is_file():
                return checked(directory / name, digest)
    if settings().offline:
        raise WeightsError(
            f"The weights {file.name} are not on this machine and downloads are switched off: "
            "put the file into the directory that ATELIER_WEIGHTS names."
        )
    try:
        return checked(_from_hub(file, progress), file.sha256)
    except OSError as error:
        log.info("Not on the Hub: %r", error)
    if alternative:
        try:
            return checked(_from_keras(alternative, progress), alternative.md5)
        except OSError as error:
            log.info("Not from keras.applications: %r", error)
    raise WeightsError(
        f"The weights {file.name} could not be downloaded: check the connection, or put the "
        "file into the directory that ATELIER_WEIGHTS names."
    )


def load(model_id: str = DEFAULT, progress: Callable[[str], None] = log.info) -> Loaded:
    """Loads a model, once a process however many threads ask.

    Raises:
        UnknownName: If there is no such model.
        WeightsError: If its weights are missing, damaged or not the recorded ones.
    """
    entry = get(model_id)
    if model_id not in _loaded:
        path = resolve(entry, progress)  # before the slow import: a refusal comes at once
        with _loading:
            if model_id not in _loaded:
                _loaded[model_id] = build(entry, path, progress)
    return _loaded[model_id]


def is_loaded(model_id: str) -> bool:
    """Whether a call of `load` would return at once."""
    return model_id in _loaded


_loaded: dict[str, Loaded] = {}
_loading = threading.RLock()  # a head loads its base


def build(
    entry: Entry,
    path: Path,
    progress: Callable[[str], None] = log.info,
    *,
    dtype: str | None = None,
) -> Loaded:
    """Makes the network of an entry and fills it from a file that was checked.

    Args:
        dtype: Keras policy of its convolutions; None for the fastest here.

    Raises:
        WeightsError: If the weights do not fit.
    """
    import keras

    from core.hardware import compute_dtype
    from core.models import architectures

    builder: Any = getattr(architectures, entry.network, None)  # a head on a base has none
    if entry.task != "identify":
        body, head = builder(dtype=dtype or compute_dtype(), **entry.arguments), None
        _fill(body, path, entry)
    elif entry.base:
        body = load(entry.base, progress).body
        pooled_head = architectures.vgg16_head(_outputs(entry))
        _fill(pooled_head, path, entry)
        maps = keras.Input(body.output.shape[1:])
        pooled = keras.layers.GlobalAveragePooling2D()(maps)
        head = keras.Model(maps, pooled_head(pooled))
    else:
        # The depthwise convolutions of EfficientNet are slower in bfloat16, see CONTRIBUTING.
        fastest = "float32" if entry.network == "efficientnet_lite0" else compute_dtype()
        whole = builder(_outputs(entry), dtype=dtype or fastest, **entry.arguments)
        _fill(whole, path, entry)
        features = whole.get_layer("features").output
        body, head = keras.Model(whole.input, features), keras.Model(features, whole.output)
    return Loaded(entry, body, head)


def _outputs(entry: Entry) -> int:
    # The last one means "somebody else"; without paintings by others it has learned nothing.
    return len(entry.artists) + 1


def _fill(model: keras.Model, path: Path, entry: Entry) -> None:
    try:
        if entry.keras_file and path.name == entry.keras_file.name:
            _fill_from_keras(model, path, entry.keras_file)
        else:
            model.load_weights(path)
    except Exception as error:
        log.exception("Weights %s do not fit", path)
        raise WeightsError(
            f"The weights {path.name} do not fit the network {entry.network}: "
            "install Atelier again, or remove the file from ATELIER_WEIGHTS."
        ) from error


def _fill_from_keras(model: keras.Model, path: Path, file: KerasFile) -> None:
    import keras

    source = getattr(keras.applications, file.network)(weights=str(path), include_top=False)
    for layer in source.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())


def _from_hub(file: WeightsFile, progress: Callable[[str], None]) -> Path:
    from huggingface_hub import hf_hub_download

    progress(f"Downloading {file.name} ({file.bytes / 1e6:.0f} MB)…")
    repo, revision = settings().hub_repo, settings().hub_revision
    return Path(hf_hub_download(repo, file.name, revision=revision))


def _from_keras(file: KerasFile, progress: Callable[[str], None]) -> Path:
    import importlib

    import keras

    progress(f"Downloading {file.name} from keras.applications…")
    module = importlib.import_module(f"keras.applications.{file.network.lower()}")
    path = keras.utils.get_file(file.name, module.WEIGHTS_PATH_NO_TOP, cache_subdir="models")
    return Path(path)


def checked(path: Path, digest: str) -> Path:
    """The path, if the file's SHA-256 or MD5 is the recorded one.

    Raises:
        WeightsError: If it is not, or the file cannot be read.
    """
    algorithm = "md5" if len(digest) == 32 else "sha256"
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, algorithm).hexdigest()
    except OSError as error:
        reason = error.strerror or error
        raise WeightsError(f"The weights file {path} cannot be read: {reason}.") from error
    if found != digest:
        raise WeightsError(
            f"The weights file {path} is damaged or not the published one, so it was not "
            "loaded: delete it, and install Atelier or download the file again."
        )
    return path
