"""All settings, in one typed object, read from `ATELIER_*` environment variables."""

from __future__ import annotations

import difflib
import logging
import os
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import AtelierError

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent

WorkerUse = Literal["auto", "off"]

_PREFIX = "ATELIER_"
_OF_TESTS = "ATELIER_TEST_"  # what only tests read
_DIGESTS = r"^\s*([0-9a-f]{64}\s*(,\s*[0-9a-f]{64}\s*)*)?$"
_RANGE = r"^[1-9]\d{0,3}(-[1-9]\d{0,3})?$"

# See `environment`, too.
Place = Annotated[Path, AfterValidator(Path.absolute)]

Precision = Literal["auto", "float32", "mixed_bfloat16"]
Runtime = Literal["auto", "litert", "tensorflow"]
LogFormat = Literal["text", "json"]


class SettingsError(AtelierError):
    """A setting that makes no sense. Its message is one sentence that names the variable."""

    code = "settings"


class Settings(BaseSettings):
    """Settings of one process. Each field `name` is read from `ATELIER_NAME`; empty is unset."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, frozen=True)

    max_bytes: PositiveInt = Field(50_000_000, description="Largest accepted file, in bytes")
    max_pixels: PositiveInt = Field(
        50_000_000, description="Largest accepted picture, width x height"
    )
    max_side: PositiveInt = Field(20_000, description="Longest accepted side, in pixels")

    film_bytes: PositiveInt = Field(500_000_000, description="Largest accepted clip, in bytes")
    film_seconds: PositiveFloat = Field(600.0, description="Longest accepted clip, in seconds")
    film_frames: PositiveInt = Field(36_000, description="Most frames of an accepted clip")
    film_pixels: PositiveInt = Field(
        8_900_000, description="Largest accepted frame of a clip, width x height"
    )
    film_streams: PositiveInt = Field(
        16, description="Most streams of an accepted clip: pictures, sound, subtitles"
    )

    weights: Place | None = Field(None, description="Directory searched first for weight files")
    hub_repo: str = Field(
        "atelier-art/atelier-models",
        description="Hub repository of the weights",
        pattern=r"^[\w.-]+/[\w.-]+$",
    )
    hub_revision: str = Field(
        "v1", description="Pinned revision (tag or commit) in hub_repo", pattern=r"^\S+$"
    )
    versions: Place = Field(
        ROOT / "data" / "versions",
        description="Directory of the versions of models that do not ship",
    )
    offline: bool = Field(False, description="Never try to download anything")

    extensions: str = Field(
        "", description="Modules that add networks, recipes and tasks, separated by commas"
    )

    worker: WorkerUse = Field(
        "auto", description="Whether what needs TensorFlow runs in a process of its own"
    )

    journal_url: str = Field(
        f"sqlite:///{ROOT / 'data' / 'journal.db'}",
        description="Where predictions, feedback and jobs are kept: SQLite or PostgreSQL, as "
        "SQLAlchemy spells it",
        pattern=r"^\w+(\+\w+)?://",
    )
    journal_days: NonNegativeFloat = Field(
        0.0, description="For how many days predictions are kept where a watch runs; 0 for ever"
    )
    kept: Place = Field(
        ROOT / "data" / "kept",
        description="Directory of the pictures that visitors allow to be kept, to learn from them",
    )
    kept_days: NonNegativeFloat = Field(
        150.0, description="For how many days they are kept at most; 0: visitors are not asked"
    )
    job_hours: PositiveFloat = Field(
        1.0, description="For how long after its end the pictures of a job are kept"
    )
    job_lease: PositiveFloat = Field(
        10.0, description="Seconds after which a silent worker's job is taken up by another"
    )
    cache: Place = Field(
        ROOT / "data", description="Directory of what can be made again: scans, downloads"
    )
    collection: Place | None = Field(None, description="Directory of paintings that Explore shows")
    choose_collection: bool = Field(
        False, description="Visitors may type another directory of this machine into Explore"
    )
    show_all: bool = Field(
        False, description="Explore also shows paintings that may still be under copyright"
    )
    precision: Precision = Field("auto", description="Arithmetic of heavy convolutions")
    runtime: Runtime = Field(
        "auto",
        description="What runs the networks: LiteRT where it can, LiteRT only, or TensorFlow only",
    )
    threads: NonNegativeInt = Field(
        0, description="Processor cores for one picture in LiteRT; 0 for all"
    )
    log_format: LogFormat = Field(
        "text", description="Log on stderr: text, or json for one object a line"
    )

    service: str = Field(
        "",
        description="Address of a service that the application asks in place of its own process",
        pattern=r"^(https?://[^\s/?#@]+(/[^\s?#@]*)?)?$",
    )
    service_token: str = Field(
        "",
        description="The key with which it asks, where that service needs one",
        pattern=r"^[!-~]*$",
    )
    service_keys: str = Field(
        "",
        description="SHA-256 digests of the keys that callers of the service need; none: no keys",
        pattern=_DIGESTS,
    )
    service_keepers: str = Field(
        "",
        description="Likewise of keys of those who may release versions of models; none: nobody",
        pattern=_DIGESTS,
    )
    service_origins: str = Field(
        "", description="Web origins whose pages may call the service (CORS)"
    )
    service_rate: NonNegativeFloat = Field(
        0.0, description="Requests a second that one caller may make on average; 0 for any number"
    )
    service_latency: PositiveFloat = Field(
        0.5, description="Longest wait for names (p99), seconds: what would take longer is refused"
    )
    service_painting_latency: PositiveFloat = Field(
        15.0, description="Likewise for a picture that is painted while the caller waits"
    )
    service_film_bytes: PositiveInt = Field(
        50_000_000, description="Largest clip that the service takes, in bytes"
    )
    service_film_frames: PositiveInt = Field(
        1800, description="Most frames of a clip that the service paints"
    )
    service_timeout: PositiveFloat = Field(
        30.0, description="Seconds in which the body of a request must have arrived"
    )
    service_jobs: PositiveInt = Field(
        4, description="Jobs of one caller that may be unfinished at a time"
    )
    service_pixels: PositiveInt = Field(
        4_200_000, description="Largest painting that the service makes, width x height"
    )
    service_steps: PositiveInt = Field(
        1000, description="Most steps for which the service refines a painting"
    )
    service_drain: NonNegativeFloat = Field(
        3.0,
        description="Seconds for which a service that was told to end still says that it is"
        " not ready, before it closes its port",
    )

    ray_address: str = Field(
        "", description="Of the Ray cluster that --engine ray uses; none: one is started here"
    )
    ray_identify_replicas: str = Field(
        "1-2",
        description="Processes of the cluster that name artists: a number, or fewest-most",
        pattern=_RANGE,
    )
    ray_paint_replicas: str = Field(
        "1", description="Likewise processes that paint at once", pattern=_RANGE
    )
    ray_threads: PositiveInt = Field(1, description="Processor cores of one that names artists")
    ray_painting_threads: PositiveInt = Field(
        2, description="Processor cores of one that paints, or refines"
    )
    ray_memory: NonNegativeInt = Field(
        0, description="Bytes of memory that each has to itself on a node; 0: nothing is kept free"
    )
    ray_object_store: PositiveInt = Field(
        200_000_000,
        ge=80_000_000,
        description="Bytes of the object store of one that is started here; less than /dev/shm",
    )


def environment() -> dict[str, str]:
    """Our variables, for a process that works in another directory: directories are absolute."""
    ours = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX)}
    named = {f"{_PREFIX}{name.upper()}": value for name, value in settings()}
    places = {name: str(value) for name, value in named.items() if isinstance(value, Path)}
    return ours | {name: place for name, place in places.items() if ours.get(name)}


@cache
def settings() -> Settings:
    """The settings of this process, read once. Tests call `settings.cache_clear()`.

    Raises:
        SettingsError: If a variable has a value that makes no sense.
    """
    _warn_of_unknown()
    try:
        return Settings()
    except ValidationError as error:
        wrong = [str(each["loc"][0]) for each in error.errors()]
        raise SettingsError("; ".join(map(_explained, dict.fromkeys(wrong))) + ".") from None


_EXPECTED = {
    "hub_repo": "a repository of the Hub, owner/name",
    "hub_revision": "a tag or a commit",
    "worker": f"one of {', '.join(get_args(WorkerUse))}",
    "journal_url": "the address of a database, such as sqlite:////home/me/journal.db",
    "log_format": f"one of {', '.join(get_args(LogFormat))}",
    "precision": f"one of {', '.join(get_args(Precision))}",
    "runtime": f"one of {', '.join(get_args(Runtime))}",
    "threads": "a whole number, 0 for all cores",
    "service": "the address of a service, such as http://127.0.0.1:8000",
    "service_token": "a key as `python -m serving key` makes it",
}
_EXPECTED |= dict.fromkeys(
    ("service_latency", "service_painting_latency", "service_timeout"), "a number above 0"
)
_EXPECTED |= dict.fromkeys(
    ("service_rate", "service_drain", "journal_days", "kept_days"), "a number, 0 or more"
)
_EXPECTED |= dict.fromkeys(
    ("service_keys", "service_keepers"),
    "SHA-256 digests, 64 hexadecimal digits each, separated by commas",
)
_EXPECTED |= dict.fromkeys(
    (
        *("max_bytes", "max_pixels", "max_side", "service_jobs", "service_pixels", "service_steps"),
        *("film_bytes", "film_frames", "film_pixels", "film_streams"),
        *("service_film_bytes", "service_film_frames"),
    ),
    "a whole number above 0",
)
_EXPECTED |= dict.fromkeys(("ray_threads", "ray_painting_threads"), "a whole number above 0")
_EXPECTED |= dict.fromkeys(
    ("ray_identify_replicas", "ray_paint_replicas"), "a number, or two such as 1-4"
)
_EXPECTED |= {
    "ray_memory": "a number of bytes, 0 or more",
    "ray_object_store": "a number of bytes, 80 million at least",
}
_EXPECTED |= dict.fromkeys(("job_hours", "job_lease", "film_seconds"), "a number above 0")
_EXPECTED |= dict.fromkeys(("offline", "choose_collection", "show_all"), "true or false")


def _explained(field: str) -> str:
    """What is wrong with the value of a field, and what it may be."""
    name, expected = f"{_PREFIX}{field.upper()}", _EXPECTED.get(field, "something else")
    if field in ("journal_url", "service", "service_token"):  # it may hold a password
        return f"{name} must be {expected}"
    value = next(value for key, value in os.environ.items() if key.upper() == name)
    return f"{name} is {value!r}, but must be {expected}"


def _warn_of_unknown() -> None:
    """A misspelled variable would count for nothing, and nobody would know."""
    known = [field.upper() for field in Settings.model_fields]
    for name in sorted(os.environ):
        if not name.upper().startswith(_PREFIX) or name.upper().startswith(_OF_TESTS):
            continue
        field = name.upper().removeprefix(_PREFIX)
        if field not in known:
            near = difflib.get_close_matches(field, known, 1)
            hint = f": did you mean {_PREFIX}{near[0]}?" if near else "."
            log.warning("There is no setting %s%s", name, hint)
