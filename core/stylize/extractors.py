"""The networks whose features style transfer reads, as rows of a table.

They differ in data, not in code: layers, weights of layers, preprocessing. The shipped VGG16
is always there; the others are those of `keras.applications`, under the file names of Keras,
see `core.models.weights`. Two networks are also at hand without any file: VGG19 as VGG16, made
deeper by convolutions that change nothing, and ResNet50 as the classifier that ships, which was
tuned to paintings.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from core import models, tensorflow_compat
from core.errors import InvalidRequest, UnknownName
from core.models.entries import KERAS
from core.models.weights import File, NotHere, find

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

log = logging.getLogger(__name__)

DEFAULT = "vgg16"


@dataclass(frozen=True)
class Preprocessing:
    """From RGB 0..255 to what a network was trained on: `(x - mean) / scale`."""

    mean: tuple[float, float, float]  # in the order of the network's own channels
    scale: float
    bgr: bool = False

    def __call__(self, rgb: tf.Tensor) -> tf.Tensor:
        """Converts a batch, `(n, height, width, 3)` float32."""
        ordered = rgb[..., ::-1] if self.bgr else rgb
        return (ordered - np.array(self.mean, np.float32)) / np.float32(self.scale)


_CAFFE = Preprocessing((103.939, 116.779, 123.68), 1.0, bgr=True)
_ONE_TO_ONE = Preprocessing((127.5, 127.5, 127.5), 127.5)
_WITHIN = Preprocessing((0.0, 0.0, 0.0), 1.0)  # our own networks take RGB as it is


@dataclass(frozen=True)
class Network:
    """A perceptual network.

    Attributes:
        id: As on the command line.
        title: For people.
        architecture: Name in `keras.applications`.
        preprocessing: What comes before the first layer.
        content: Layer to weight, for what is shown.
        style: Layer to weight, for how it is painted.
        temperature: Of the softmax through which activations pass before they are compared;
            None for none. Residual and inception networks have few and high peaks, which would
            make up nearly all of a Gram matrix (Wang et al., arXiv 2104.05623).
        shortest_side: Pixels that a side must have for the deepest layer to have any.
        bytes_a_pixel: Memory that one evaluation takes with its gradient, measured in float32
            with the default layers at 512×384; VGG19 taken for VGG16.
        file: Where its weights come from; None for the shipped VGG16.
    """

    id: str
    title: str
    architecture: str
    preprocessing: Preprocessing
    content: Mapping[str, float]
    style: Mapping[str, float]
    temperature: float | None
    shortest_side: int
    bytes_a_pixel: int
    file: File | None = None


_VGG_STYLE = {f"block{block}_conv1": 1.0 for block in range(1, 6)}

TABLE = {
    network.id: network
    for network in (
        Network(
            "vgg16", "VGG16", "VGG16", _CAFFE,
            content={"block4_conv2": 1.0, "block5_conv2": 1.0},
            style=_VGG_STYLE,
            temperature=None, shortest_side=32, bytes_a_pixel=2400,
        ),
        Network(
            "vgg19", "VGG19", "VGG19", _CAFFE,
            content={"block5_conv2": 1.0, "block3_conv4": 1.0},
            style=_VGG_STYLE,
            temperature=None, shortest_side=32, bytes_a_pixel=2400,
            file=File(
                "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
                "253f8cb515780f3b799900260a226db6",
                url=f"{KERAS}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            ),
        ),
        Network(
            "resnet50", "ResNet50", "ResNet50", _CAFFE,
            content={"conv3_block4_out": 1.0},
            style={
                "conv1_relu": 1.0,
                "conv2_block3_out": 1.0,
                "conv3_block4_out": 1.0,
                "conv4_block6_out": 1.0,
            },
            temperature=10.0, shortest_side=32, bytes_a_pixel=1400,
            file=File(
                "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
                "4d473c1dd8becc155b73f8504c6f6626",
                url=f"{KERAS}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            ),
        ),
        Network(
            "inception_v3", "InceptionV3", "InceptionV3", _ONE_TO_ONE,
            content={"mixed7": 1.0},
            style={"mixed0": 1.0, "mixed1": 1.0, "mixed2": 1.0, "mixed3": 1.0},
            temperature=10.0, shortest_side=75, bytes_a_pixel=800,
            file=File(
                "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
                "bcbd6486424b2319ff4ef7d526e38f63",
                url=f"{KERAS}/inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
            ),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """A network in memory.

    Attributes:
        network: Its row of the table, with the preprocessing of what really was loaded.
        title: The row's title, or what really was loaded in its place.
        body: Batches of what `network.preprocessing` gives to the last convolutional map.
        lock: Held while the network is taken apart for new layers.
    """

    network: Network
    title: str
    body: keras.Model
    lock: threading.Lock = field(default_factory=threading.Lock)

    def layers(self, names: Iterable[str]) -> keras.Model:
        """The network up to the deepest of these layers, giving a dictionary of their maps.

        Raises:
            InvalidRequest: If there is no such layer.
        """
        import keras

        names = list(names)
        known = {layer.name for layer in self.body.layers}
        if missing := [name for name in names if name not in known]:
            raise InvalidRequest(f"{self.title} has no layer {', '.join(missing)}.")
        with self.lock:
            outputs = {name: self.body.get_layer(name).output for name in names}
            return keras.Model(self.body.input, outputs)


def get(network_id: str) -> Network:
    """The row of a network.

    Raises:
        UnknownName: If there is no such network; the message lists those there are.
    """
    try:
        return TABLE[network_id]
    except KeyError:
        raise UnknownName(f"No network {network_id!r}; there are: {', '.join(TABLE)}.") from None


def load(
    network_id: str = DEFAULT,
    *,
    dtype: str = "float32",
    progress: Callable[[str], None] = log.info,
) -> Loaded:
    """Loads a network, once a process and arithmetic however many threads ask.

    Args:
        dtype: Keras policy of its layers, see `core.hardware.compute_dtype`.
        progress: Told in words when something is downloaded.

    Raises:
        UnknownName: If there is no such network.
        NotHere: If its weights are nowhere to be had.
        WeightsError: If they are damaged or not the published ones.
        TensorFlowMissing: If TensorFlow is not installed.
    """
    network = get(network_id)
    tensorflow_compat.require(f"The feature extractor {network.title}")
    with _loading_lock(network_id, dtype):
        if (network_id, dtype) not in _loaded:
            _loaded[network_id, dtype] = _build(network, dtype, progress)
        return _loaded[network_id, dtype]


_loaded: dict[tuple[str, str], Loaded] = {}


@cache
def _loading_lock(network_id: str, dtype: str) -> threading.Lock:
    return threading.Lock()


def _build(network: Network, dtype: str, progress: Callable[[str], None]) -> Loaded:
    if network.file is None:
        return _from_vgg16(network, network.title, dtype, progress)
    try:
        path = find(network.file, progress=progress)
    except NotHere:
        if network.id == "vgg19":
            return _from_vgg16(network, "VGG19 (deepened VGG16)", dtype, progress)
        if network.id == "resnet50":
            return _from_classifier(network, "ResNet50 (tuned to paintings)", dtype, progress)
        raise
    body = _architecture(network.architecture, dtype)
    try:
        body.load_weights(path)
    except Exception as error:
        log.exception("Weights %s do not fit", path)
        raise models.WeightsError(
            f"The weights {path.name} do not fit the network {network.title}: "
            "remove the file, and download it again."
        ) from error
    body.trainable = False
    return Loaded(network, network.title, body)


def _from_vgg16(
    network: Network, title: str, dtype: str, progress: Callable[[str], None]
) -> Loaded:
    body = _architecture(network.architecture, dtype)
    deepen(models.load_keras("vgg16_base", progress).body, body)
    body.trainable = False
    return Loaded(network, title, body)


def _from_classifier(
    network: Network, title: str, dtype: str, progress: Callable[[str], None]
) -> Loaded:
    """The shipped ResNet50, whose layers have the same names."""
    entry = models.get("resnet50_improved")
    body = models.build(entry, models.resolve(entry, progress), progress, dtype=dtype).body
    body.trainable = False
    return Loaded(replace(network, preprocessing=_WITHIN), title, body)


def _architecture(name: str, dtype: str) -> keras.Model:
    import keras

    before = keras.config.dtype_policy()  # Keras keeps one a thread
    keras.config.set_dtype_policy(dtype)
    try:
        return getattr(keras.applications, name)(weights=None, include_top=False)
    finally:
        keras.config.set_dtype_policy(before)


def deepen(source: keras.Model, target: keras.Model) -> None:
    """Fills a network from a shallower one that computes the same.

    Layers of a name take their weights over; a convolution that the source lacks becomes the
    identity, which changes nothing after a ReLU (Net2DeeperNet, Chen et al., arXiv 1511.05641).

    Args:
        source: Some convolutions of VGG.
        target: The same and more of equal width, every one followed by a ReLU.
    """
    known = {layer.name: layer for layer in source.layers}
    for layer in target.layers:
        if not layer.weights:
            continue
        if layer.name in known:
            layer.set_weights(known[layer.name].get_weights())
            continue
        kernel = np.zeros(layer.kernel.shape, np.float32)
        kernel[kernel.shape[0] // 2, kernel.shape[1] // 2] = np.eye(kernel.shape[2])
        layer.set_weights([kernel, np.zeros(kernel.shape[3], np.float32)])
