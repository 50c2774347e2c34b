"""Who works a folder off: processes of this machine, or actors of a Ray cluster."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from core.processes import crew

Engine = Literal["local", "ray"]

_RAY = "serving.cluster.crew"  # by name: core does not know what is above it

OfEngine = Annotated[
    Engine,
    typer.Option(
        "--engine",
        help="local: processes here. ray: actors of the cluster at ATELIER_RAY_ADDRESS, or of one "
        "that is started here.",
    ),
]
OfJobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        min=1,
        max=4096,
        help="Pictures at a time, each in its process.",
        show_default="1; with Ray as many as cores",
    ),
]


@dataclass(frozen=True)
class Crew:
    """Workers.

    Attributes:
        count: How many.
        work: What they do with a list, as `core.processes.crew.work`.
    """

    count: int
    work: Callable[..., Iterator[tuple[int, Callable[[], Any]]]]


def hired(engine: Engine, jobs: int | None) -> Crew:
    """Workers of an engine.

    Raises:
        core.errors.AtelierError: If there is no Ray, or no cluster at its address.
    """
    if engine == "local":
        return Crew(jobs or 1, crew.work)
    ray = importlib.import_module(_RAY)
    return Crew(jobs or ray.cores(), ray.work)
