"""What goes out as JSON, and what comes in as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.models import versions
from core.releases.arms import CHAMPION
from core.releases.following import Dealt


class Guess(BaseModel):
    """An artist and the calibrated probability that the painting is by them."""

    id: str = Field(examples=["vincent-van-gogh"])
    name: str = Field(examples=["Vincent van Gogh"])
    probability: float = Field(ge=0, le=1, examples=[0.93])


class Kinds(BaseModel):
    """What a picture is, as far as this can be told: probabilities for all three equally frequent.

    They sum to 1.
    """

    known: float = Field(ge=0, le=1, description="A painting by an artist whom the model knows")
    unknown: float = Field(ge=0, le=1, description="A painting by somebody else")
    photograph: float = Field(ge=0, le=1, description="No painting at all")


class Answered(BaseModel):
    """What every answer says of who gave it."""

    model: str = Field(examples=["efficientnet_lite0"])
    version: str = Field(
        description="First 12 hexadecimal digits of a digest over its weights and its entry",
        examples=["2b95ea3b01cd"],
    )
    arm: str = Field(
        description="As what this version answered: `champion`, which serves; `canary`, which is "
        "tried out on a share of visitors; `forced`, which was asked for",
        examples=[CHAMPION],
    )


def by(model_id: str, dealt: Dealt | None = None) -> Answered:
    """Who answered: what ships, unless another version was dealt."""
    dealt = dealt or Dealt(versions.shipped(model_id).id, CHAMPION)
    return Answered(model=model_id, version=dealt.version, arm=dealt.arm)


class Identified(Answered):
    """What the network thinks of one painting."""

    artists: list[Guess] = Field(description="The most probable artists, best first")
    known: bool | None = Field(
        description="Whether the painter is likely one whom the model knows; null if it cannot "
        "tell",
        examples=[True],
    )
    known_score: float | None = Field(
        description="0 to 1: how much it looks like a painting by one of them", examples=[0.97]
    )
    kind: Literal["known", "unknown", "photograph"] | None = Field(
        description="What the picture is taken for; null if the model does not tell",
        examples=["known"],
    )
    kinds: Kinds | None = Field(description="How surely; null likewise")
    prediction_id: int | None = Field(
        description="For feedback; null if the prediction could not be kept", examples=[17]
    )
    kept_days: float = Field(
        description="For how many days a copy of the picture is kept if its owner allows it, see "
        "/v1/predictions/{prediction_id}/picture; 0 where none is",
        examples=[150],
    )
    seconds: float = Field(description="For preprocessing and network", examples=[0.02])
    explanation: str | None = Field(
        None, description="If asked for: a JPEG with what spoke for the first name lit, as base64"
    )
    corners: list[tuple[float, float]] | None = Field(
        None,
        description="If it was asked to be cut out: x and y of the painting's four corners, in "
        "shares of the picture's width and height, clockwise from the top left one; null if no "
        "painting was found in it, and the whole was looked at",
    )


class Neighbor(BaseModel):
    """A painting of the collection, and how near it is."""

    painter: str | None = Field(
        description="As the collection has it; null if unknown", examples=["Katsushika Hokusai"]
    )
    artist: str | None = Field(
        description="Id of the painter; null for one who is not in the catalogue",
        examples=["katsushika-hokusai"],
    )
    title: str = Field(description="As far as the file tells", examples=["The great wave"])
    file: str = Field(
        description="Path inside the collection", examples=["Katsushika_Hokusai/The_great_wave.jpg"]
    )
    distance: float = Field(
        ge=0,
        le=2,
        description="Cosine distance of what the network sees in both: 0 for the same picture, 1 "
        "for nothing in common",
        examples=[0.12],
    )


class Similar(Answered):
    """The paintings of the collection that are nearest to a picture."""

    paintings: list[Neighbor] = Field(description="The nearest first")
    described: int = Field(
        ge=0, description="How many paintings were looked among", examples=[12_389]
    )
    seconds: float = Field(description="For network and search", examples=[0.03])


class Progress(BaseModel):
    """How far a job is."""

    model_config = ConfigDict(extra="ignore")  # pictures are asked for apart

    phase: str = Field(description="What is being done", examples=["painting"])
    step: int = Field(examples=[40])
    of: int = Field(description="How many steps there will be", examples=[100])
    fraction: float = Field(ge=0, le=1, description="Share of the work that is done")
    seconds: float = Field(description="Since the work began")
    seconds_left: float | None = Field(None, description="An estimate")
    losses: dict[str, float] = Field({}, description="Name to loss, after the last step")
    scale: float = Field(1.0, description="Size of the present copy; 1 is full size")
    note: str = Field("", description="A sentence, if something is not as asked")


class Failure(BaseModel):
    """Why a job failed."""

    code: str = Field(description="Stable, for programs", examples=["unreadable-picture"])
    detail: str = Field(description="One sentence for who asked")


class Job(Answered):
    """A job at one moment."""

    id: str
    task: str = Field(examples=["stylize"])
    state: Literal["waiting", "running", "done", "cancelled", "failed"]
    position: int = Field(description="How many jobs are to finish before it begins")
    progress: Progress | None
    error: Failure | None
    events: int = Field(description="The number of its latest event")
    expires: float | None = Field(
        description="When its pictures are deleted, in seconds since 1970; null before its end"
    )
    prediction_id: str = Field(description="The same as the id")


class Happened(BaseModel):
    """The data of an event of a job; its kind is a state, or `progress`."""

    time: float = Field(description="Seconds since 1970")
    progress: Progress | None = None
    resumed: bool | None = Field(
        None, description="Of `running`: whether it goes on from where another worker left it"
    )
    error: Failure | None = None


MOST_ID = 2**31 - 1  # of a row, in any database


class Feedback(BaseModel):
    """What somebody says of a prediction."""

    model_config = ConfigDict(extra="forbid")

    prediction_id: int = Field(ge=1, le=MOST_ID, examples=[17])
    right: bool = Field(description="Whether the first name was right", examples=[False])
    artist: str | None = Field(
        None,
        max_length=100,
        description="Id of the right artist; null for one who is not in the catalogue, or who "
        "was not named",
        examples=["claude-monet"],
    )
    stranger: bool = Field(
        False,
        description="Whether it is a painting by one who is not in the catalogue, so that none is "
        "named; without it and without a name, nothing is said of who painted it",
    )

    @model_validator(mode="after")
    def _one_word(self) -> Feedback:
        if self.stranger and self.artist is not None:
            raise ValueError("who is in the catalogue is no stranger: leave out artist or stranger")
        return self


class Kept(BaseModel):
    """That feedback is on disk."""

    prediction_id: int
    right: bool
    artist: str | None
    stranger: bool


class Challenger(BaseModel):
    """A version that is tried out."""

    version: str = Field(examples=["08163ebb2a8b"])
    role: Literal["canary", "shadow"]
    share: float = Field(ge=0, le=1, description="Of visitors whom it answers", examples=[0.1])


class ModelVersion(BaseModel):
    """A version of a model that can be asked for."""

    version: str = Field(description="As Atelier-Version takes it", examples=["08163ebb2a8b"])
    name: str = Field(examples=["3"])
    date: str | None = Field(examples=["2026-07-01"])


class Model(BaseModel):
    """One model of the catalogue, as the version that serves."""

    id: str = Field(examples=["efficientnet_lite0"])
    title: str = Field(examples=["EfficientNet-Lite0"])
    task: str = Field(examples=["identify"])
    version: str = Field(examples=["2b95ea3b01cd"])
    arm: str = Field(examples=[CHAMPION])
    challenger: Challenger | None = Field(description="Who is tried out; null for nobody")
    versions: list[ModelVersion] = Field(description="All that are here, what ships first")
    summary: str
    licence: str
    sha256: str = Field(description="Digest of its weights")
    bytes: int = Field(description="Size on disk")
    artists: list[str] = Field(description="Ids of those it knows, in the order of its outputs")
    figures: dict[str, object] = Field(description="Measured, each with its split")


class Change(BaseModel):
    """A change of what serves."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(max_length=100, examples=["efficientnet_lite0"])
    action: Literal["release", "canary", "promote", "rollback"] = Field(
        description="`release`: the version serves everybody; `canary`: it is tried out on a share "
        "of visitors; `promote`: what is tried out serves everybody; `rollback`: what came last is "
        "withdrawn"
    )
    version: str | None = Field(
        None,
        pattern="^[0-9a-f]{12}$",
        description="For `release`, and for the `canary` of a version that is not yet tried out",
        examples=["08163ebb2a8b"],
    )
    share: float = Field(
        0.1, ge=0, le=1, description="Of visitors, for `canary`; 0 for a shadow, which nobody sees"
    )
    reason: str = Field("", max_length=1000, pattern="^[^\\x00]*$", description="Why")


class Release(BaseModel):
    """What somebody made of a version; `retired` means withdrawn."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    time: float = Field(description="Seconds since 1970")
    who: str
    model: str
    version: str
    role: str = Field(description="champion, canary, shadow or retired", examples=["champion"])
    share: float = Field(ge=0, le=1)
    reason: str
    evidence: dict[str, object] | None = Field(description="On what it rests")


class Artist(BaseModel):
    """One artist of the catalogue."""

    id: str = Field(examples=["vincent-van-gogh"])
    name: str = Field(examples=["Vincent van Gogh"])
    born: int | None = Field(examples=[1853])
    died: int | None = Field(examples=[1890])
    movements: list[str] = Field(examples=[["Post-Impressionism"]])
    nationality: str = Field(examples=["Dutch"])
    wikipedia: str
    note: str
    models: list[str] = Field(description="Ids of the models that know them")
    style: bool = Field(description="Whether pictures can be painted in their style by name")


class Style(BaseModel):
    """A style that is known by its painter's name."""

    id: str = Field(description="As the part `style` takes it", examples=["claude-monet"])
    name: str = Field(examples=["Claude Monet"])
    paintings: int = Field(description="From which it was learned", examples=[73])


class Live(BaseModel):
    """Whether the process is there (Open Inference Protocol)."""

    live: Literal[True] = True


class Ready(BaseModel):
    """Whether requests are taken (Open Inference Protocol)."""

    ready: bool
    name: str | None = None


class Tensor(BaseModel):
    """An input or an output (Open Inference Protocol)."""

    name: str
    datatype: str
    shape: list[int]


class Metadata(BaseModel):
    """A model as the Open Inference Protocol describes it."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[Tensor]
    outputs: list[Tensor]
