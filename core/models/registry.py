"""The networks there are: builders, registered under the names that entries and recipes use.

A classifier from outside the tree is one module that `ATELIER_EXTENSIONS` names:

    import keras
    from core import recipes
    from core.models.registry import register

    @register("identify", "mine", summary="Small, and mine.", licence="MIT")
    def mine(outputs, *, normalisation=None, dtype="float32"):
        inputs = keras.Input((None, None, 3), name="rgb")
        maps = keras.layers.Conv2D(32, 3, activation="relu", name="features")(inputs)
        pooled = keras.layers.GlobalAveragePooling2D(name="pool")(maps)
        return keras.Model(inputs, keras.layers.Dense(outputs, name="logits")(pooled))

    recipes.register(recipes.Recipe(network="mine", epochs=5), title="My network")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

from core.registry import Registry

Task = Literal["identify", "features", "paint", "stylize"]
Build = TypeVar("Build", bound=Callable[..., Any])


@dataclass(frozen=True)
class Builder:
    """How the networks of one kind are made, and what is said of them.

    Attributes:
        build: Makes a `keras.Model` from `dtype`, the Keras policy of its heavy layers, and
            the arguments of an entry or a recipe. That of a classifier takes the number of
            logits first, and `normalisation`: what makes the layer that follows a convolution
            in training, None for the form that ships. Its layer `features` is the last map.
        dtype: The fastest policy; None for that of the processor, `core.hardware`.
        base: Id of the model of the catalogue through which a classifier sees pictures: it
            takes the mean of the base's last map, `(batch, channels)`, and has no `features`.
        training: Arguments of `build` that only training uses.
        summary, source, licence: What catalogue and card say of a model that is trained of it.
    """

    build: Callable[..., Any]
    dtype: str | None = None
    base: str | None = None
    training: dict[str, Any] = field(default_factory=dict)
    summary: str = ""
    source: str = "Not stated"
    licence: str = "Not stated"


def register(
    task: Task,
    name: str,
    *,
    dtype: str | None = None,
    base: str | None = None,
    training: dict[str, Any] | None = None,
    summary: str = "",
    source: str = "Not stated",
    licence: str = "Not stated",
) -> Callable[[Build], Build]:
    """Registers the decorated function as the builder of a network, see `Builder`.

    Raises:
        ValueError: If there is another network of this name for the task.
    """

    def add(build: Build) -> Build:
        row = Builder(build, dtype, base, training or {}, summary, source, licence)
        _BUILDERS[task].add(name, row, (build.__module__, build.__qualname__))
        return build

    return add


def builders(task: Task) -> Mapping[str, Builder]:
    """The builders for a task by the name of their network, those of extensions included."""
    return _BUILDERS[task]


_BUILDERS: dict[Task, Registry[Builder]] = {
    task: Registry(f"network for the task {task!r}", "core.models.architectures")
    for task in get_args(Task)
}
