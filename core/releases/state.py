"""The state that releases add up to: who serves, who did before, and who is tried out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

Role = Literal["champion", "canary", "shadow", "retired"]
"""What a release makes of a version.

- `champion`: it serves from now on; whatever was tried out beside the one before is over.
- `canary`: it is tried out on a share of visitors.
- `shadow`: it is tried out, and no visitor sees it.
- `retired`: it is withdrawn. If it served, the one before serves again.
"""


class Release(Protocol):
    """What is read of a release."""

    @property
    def version(self) -> str:
        """The version that it is about."""

    @property
    def role(self) -> str:
        """See `Role`."""

    @property
    def share(self) -> float:
        """Of visitors, 0..1."""


@dataclass(frozen=True)
class Challenger:
    """A version that is tried out.

    Attributes:
        share: Of visitors who are answered by it, 0..1; 0 for a shadow.
    """

    version: str
    role: Literal["canary", "shadow"]
    share: float


@dataclass(frozen=True)
class State:
    """Who serves of one model.

    Attributes:
        champions: The versions that were released and not withdrawn, the latest last. Below them
            all is the version that ships.
        challenger: Who is tried out, if anybody is.
    """

    champions: tuple[str, ...] = ()
    challenger: Challenger | None = None

    @property
    def champion(self) -> str | None:
        """The version that serves; None for the one that ships."""
        return self.champions[-1] if self.champions else None

    @property
    def previous(self) -> str | None:
        """The version that would serve if the champion were withdrawn; None likewise."""
        return self.champions[-2] if len(self.champions) > 1 else None


def after(releases: Iterable[Release], state: State = State()) -> State:
    """The state after the releases of one model, oldest first.

    A role that is not known, of a later program, changes nothing.
    """
    for release in releases:
        state = _after_one(state, release)
    return state


def _after_one(state: State, release: Release) -> State:
    version = release.version
    if release.role == "champion":
        others = tuple(each for each in state.champions if each != version)
        return State((*others, version))
    if release.role == "canary":
        return replace(state, challenger=Challenger(version, "canary", release.share))
    if release.role == "shadow":
        return replace(state, challenger=Challenger(version, "shadow", 0.0))
    if release.role == "retired":
        tried = state.challenger
        return State(
            tuple(each for each in state.champions if each != version),
            None if tried and tried.version == version else tried,
        )
    return state
