"""All settings, in one typed object, read from `ATELIER_*` environment variables."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Settings of one process. Each field `name` is read from `ATELIER_NAME`."""

    model_config = SettingsConfigDict(env_prefix="ATELIER_", frozen=True)

    max_bytes: int = Field(50_000_000, description="Largest accepted file, in bytes")
    max_pixels: int = Field(50_000_000, description="Largest accepted picture, width x height")
    max_side: int = Field(20_000, description="Longest accepted side, in pixels")

    weights: Path | None = Field(None, description="Directory searched first for weight files")
    hub_repo: str = Field("atelier-art/atelier-models", description="Hub repository of the weights")
    hub_revision: str = Field("v1", description="Pinned revision (tag or commit) in hub_repo")
    offline: bool = Field(False, description="Never try to download anything")

    journal_url: str = Field(
        f"sqlite:///{ROOT / 'data' / 'journal.db'}",
        description="Where predictions and feedback are kept: any SQLAlchemy URL",
    )
    cache: Path = Field(
        ROOT / "data", description="Directory of what can be made again: scans, downloads"
    )
    collection: Path | None = Field(None, description="Directory of paintings that Explore shows")
    choose_collection: bool = Field(
        True, description="Visitors may type another directory of this machine into Explore"
    )
    show_all: bool = Field(
        False, description="Explore also shows paintings that may still be under copyright"
    )
    precision: str = Field(
        "auto",
        description="Arithmetic: auto, float32 or mixed_bfloat16",
        pattern="auto|float32|mixed_bfloat16",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Log on stderr: text, or json for one object a line"
    )


@cache
def settings() -> Settings:
    """The settings of this process, read once. Tests call `settings.cache_clear()`."""
    return Settings()
