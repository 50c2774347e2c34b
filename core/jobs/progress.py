"""The progress of long work, in one form that every task tells and everybody can read."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field


class Point(NamedTuple):
    """The losses after a step."""

    step: int
    content: float
    style: float


class Progress(BaseModel):
    """How far a piece of work is. Serializable: `model_dump_json` has pictures as base64."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )

    phase: str = Field("working", description="What is being done, in one word of the task's own")
    step: int = Field(0, ge=0, description="Steps done")
    of: int = Field(
        0,
        ge=0,
        description="How many there will be if nobody stops; 0 if unknown. While another process "
        "has it wait (phase `waiting`): how many jobs are before it",
    )
    fraction: float = Field(0.0, ge=0, le=1, description="Share of the work that is done")
    seconds: float = Field(0.0, ge=0, description="Since the work began")
    seconds_left: float | None = Field(
        None, description="An estimate, if there is anything to go by"
    )
    losses: dict[str, float] = Field({}, description="Name to loss, after the last step")
    curve: tuple[Point, ...] = Field((), description="The losses so far, thinned")
    scale: float = Field(1.0, gt=0, description="Size of the present copy; 1 is full size")
    preview: bytes | None = Field(None, description="The latest state as a small JPEG")
    still: bytes | None = Field(
        None, description="A JPEG at full size, from when the scale last changed"
    )
    note: str = Field("", description="A sentence for the visitor, if something is not as asked")
