"""The networks of a training together: the builders' own, in half precision on a GPU."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import torch

from core.models.registry import builders
from core.recipes import Recipe
from training import runs
from training.classifiers import architecture, build, pretrained
from training.classifiers.layers import batch_normalisation

if TYPE_CHECKING:
    from training.accelerator.options import Member

HALF = "mixed_bfloat16"


def require_torch() -> None:
    """Makes sure that Keras runs on PyTorch.

    Raises:
        RuntimeError: If it runs on another backend.
    """
    if keras.backend.backend() != "torch":
        raise RuntimeError("Training together takes KERAS_BACKEND=torch in the environment.")


def device() -> str:
    """The device that Keras's PyTorch backend uses."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def fast(recipe: Recipe, outputs: int) -> keras.Model:
    """The network of a recipe as it is trained together: bfloat16, fused, without dropout.

    Views, mixed pictures and teachers regularize it; dropout would draw its numbers on the
    processor.
    """
    builder = builders("identify")[recipe.network]
    arguments = builder.training | architecture(recipe) | {"dropout": 0.0}
    arguments |= {"stochastic_depth": 0.0} if "stochastic_depth" in arguments else {}
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(HALF)
    try:
        return builder.build(outputs, normalisation=_normalisation, dtype=HALF, **arguments)
    finally:
        keras.config.set_dtype_policy(before)


def begin(
    model: keras.Model, recipe: Recipe, outputs: int, weights: Path | None, runs_before: Path | None
) -> None:
    """Fills a fast network with the weights that its recipe starts from, or those of a run.

    Raises:
        training.data.inputs.TrainingError: If the run is not finished, or of another network.
    """
    whole = build(recipe, outputs)
    if runs_before is None:
        pretrained.load(recipe.network, whole, weights)
    else:
        runs.load_weights(whole, runs_before / recipe.id / "best.weights.h5")
    copy(whole, model)


def copy(source: keras.Model, target: keras.Model) -> None:
    """Copies weights between two forms of a network, layer by layer."""
    for layer in target.layers:
        if layer.weights and not isinstance(layer, keras.layers.Dropout):
            layer.set_weights(source.get_layer(layer.name).get_weights())


def save(model: keras.Model, recipe: Recipe, outputs: int, path: Path) -> None:
    """Writes the weights of a fast network as those of the recipe's own form, float32."""
    whole = build(recipe, outputs)
    copy(model, whole)
    runs.save_weights(whole, path)


def parameters(model: keras.Model) -> tuple[list[Any], list[Any]]:
    """What learns: the tensors of all layers up to `features`, and those of the head."""
    names = [layer.name for layer in model.layers]
    at = names.index("features")

    def tensors(layers: Iterable[keras.Layer]) -> list[Any]:
        found = [v.value for layer in layers for v in layer.trainable_variables]
        return [value for value in found if value.requires_grad]

    return tensors(model.layers[: at + 1]), tensors(model.layers[at + 1 :])


def state(model: keras.Model) -> list[Any]:
    """All tensors of a network that its outputs depend on, statistics included."""
    return [variable.value for variable in model.weights if "seed" not in variable.path]


def optimizer(model: keras.Model, member: Member, head_rate: float, weight_decay: float) -> Any:
    """AdamW over four groups: body and head, with weight decay for kernels only.

    A group's `peak` is its learning rate, `body` whether it is of the body.
    """
    body, head = parameters(model)
    groups = [
        {
            "params": [p for p in some if (p.dim() > 1) == decays],
            "weight_decay": weight_decay if decays else 0.0,
            "peak": rate,
            "body": some is body,
        }
        for some, rate in ((body, member.learning_rate), (head, head_rate))
        for decays in (True, False)
    ]
    return torch.optim.AdamW(groups, lr=0.0, fused=device() == "cuda")


class Traced:
    """A network's forward pass without Python: one recording for each shape of input.

    Keras takes 40 ms to call a network layer by layer, which is more than the GPU needs. A
    recording shares its tensors with the network, so it follows what the network learns.

    Args:
        training: Whether statistics are those of the batch.
    """

    def __init__(self, model: keras.Model, *, training: bool) -> None:
        self._module = _Forward(model, training)
        self._recorded: dict[tuple[int, ...], Any] = {}

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits `(n, classes)` float32 of pictures `(n, side, side, 3)`, RGB 0..255."""
        shape = tuple(pictures.shape)
        if shape not in self._recorded:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's numbers become constants, as meant
                self._recorded[shape] = torch.jit.trace(self._module, pictures, check_trace=False)
        with torch.jit.optimized_execution(False):
            logits: torch.Tensor = self._recorded[shape](pictures)
        return logits


class _Forward(torch.nn.Module):
    def __init__(self, model: keras.Model, training: bool) -> None:
        super().__init__()
        self.model, self.learning = model, training

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.model(pictures, training=self.learning).float()


@torch.no_grad()
def predict(model: keras.Model, pictures: torch.Tensor, side: int, batch: int = 128) -> np.ndarray:
    """Logits `(n, classes)` of whole pictures `(n, height, width, 3)` uint8, enlarged to `side`."""
    found = []
    for start in range(0, len(pictures), batch):
        maps = pictures[start : start + batch].permute(0, 3, 1, 2).float()
        maps = torch.nn.functional.interpolate(
            maps, (side, side), mode="bicubic", antialias=True
        ).clamp(0, 255)
        found.append(model(maps.permute(0, 2, 3, 1).contiguous(), training=False).float())
    return torch.cat(found).cpu().numpy()


def _normalisation(name: str, epsilon: float = 1e-3, dtype: str = HALF) -> keras.Layer:
    layer = batch_normalisation(name, epsilon, dtype)
    layer.autocast = False  # the kernel takes maps in half and statistics in full precision
    return layer
