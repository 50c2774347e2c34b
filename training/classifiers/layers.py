"""The layers that only training needs."""

from __future__ import annotations

from typing import Any

import keras

from core.tensorflow_compat import fused_normalization


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation through the fused kernel of TensorFlow or PyTorch.

    Keras 3 composes it of single operations, which on a CPU takes half of the time of a
    training step of EfficientNet-Lite0. Other backends keep Keras's own.
    """

    def call(self, inputs, training=None, mask=None):
        # Frozen, its statistics stay and are used as they are.
        learning = bool(training and self.trainable)
        backend = keras.backend.backend()
        if backend == "torch":
            return _fused_by_torch(self, inputs, learning)
        if not learning or backend != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        flat = len(inputs.shape) == 2  # the kernel takes maps only
        outputs, mean, variance = _fused(self, inputs[:, None, None] if flat else inputs)
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(self.momentum * moving + (1 - self.momentum) * batch)
        return outputs[:, 0, 0] if flat else outputs


def batch_normalisation(
    name: str, epsilon: float = 1e-3, dtype: str = "float32"
) -> FusedBatchNormalization:
    """What the builders of `core.models.architectures` take as `normalisation`.

    The momentum suits fine-tuning, where an epoch has hundreds of steps, not thousands.
    """
    return FusedBatchNormalization(epsilon=epsilon, momentum=0.97, name=name, dtype=dtype)


class FusedInstanceNormalization(keras.layers.GroupNormalization):
    """Instance normalisation, one group a channel, through TensorFlow's fused batch kernel.

    The statistics of a batch of one picture are that picture's own, so the kernel for batch
    normalisation serves; a training step of the CycleGAN's generator then takes 0.038 s
    instead of 0.068. Larger batches and other backends keep Keras's own.
    """

    def call(self, inputs):
        if inputs.shape[0] != 1 or keras.backend.backend() != "tensorflow":
            return super().call(inputs)
        return _fused(self, inputs)[0]


def instance_normalisation(name: str | None = None, dtype: str = "float32") -> keras.Layer:
    """What `core.models.architectures.monet_generator` takes as `normalisation`."""
    return FusedInstanceNormalization(-1, epsilon=1e-5, name=name, dtype=dtype)


def _fused(layer: Any, maps: Any) -> tuple[Any, Any, Any]:
    """Maps normalised by TensorFlow's kernel with a layer's scale and offset, mean, variance."""
    return fused_normalization(maps, layer.gamma, layer.beta, epsilon=layer.epsilon)


def _fused_by_torch(layer: Any, maps: Any, learning: bool) -> Any:
    """Maps normalised by PyTorch's kernel, which keeps the moving statistics itself."""
    from torch.nn import functional

    flat = maps.dim() == 2
    outputs = functional.batch_norm(
        maps if flat else maps.permute(0, 3, 1, 2),
        layer.moving_mean.value,
        layer.moving_variance.value,
        layer.gamma.value.float() if layer.scale else None,
        layer.beta.value.float() if layer.center else None,
        training=learning,
        momentum=1 - layer.momentum,
        eps=layer.epsilon,
    )
    return outputs if flat else outputs.permute(0, 2, 3, 1)
