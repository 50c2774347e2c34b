"""The following of releases: what this process answers with, never more than moments behind.

A thread looks every second whether there is a newer release. A version is loaded before it
is dealt to anybody, by another thread, so that a rollback does not wait for what it withdraws. If
the database cannot be read, what was known last goes on to serve.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from core import identify, models
from core.models import Entry, versions
from core.releases import arms
from core.releases.state import Challenger, State
from core.settings import settings

log = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds between looks: with a command before and an answer after it, 3 in all
_LONGEST = 8  # so many times as long between looks while the database cannot be read
_AGAIN = 30.0  # seconds after which a version that could not be loaded is tried once more


@dataclass(frozen=True)
class Serving:
    """What answers for one model, all of it in memory.

    Attributes:
        champion: The version that serves.
        challenger: Who is tried out, if anybody is.
    """

    champion: str
    challenger: Challenger | None = None


@dataclass(frozen=True)
class Dealt:
    """What answers one visitor.

    Attributes:
        version: Of the model.
        arm: As what, see `core.releases.arms`.
    """

    version: str
    arm: str


class Follower:
    """What this process knows of releases. May be called from any thread."""

    def __init__(
        self,
        warm: Callable[[str, str], None] = identify.warm_up,
        interval: float = INTERVAL,
    ) -> None:
        """Knows nothing yet, and looks at nothing.

        Args:
            warm: Loads a version of a model.
            interval: Seconds between looks.
        """
        self._warm, self._interval = warm, interval
        self._number = -1  # of the newest release that is known
        self._failures = 0  # looks in vain since the last that was not
        self._wanted: dict[str, State] = {}
        self._serving: dict[str, Serving] = {}
        self._broken: dict[tuple[str, str], float] = {}  # since when, monotonic
        self._loading: dict[tuple[str, str], Future[None]] = {}
        self._lock = threading.RLock()
        self._starting = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="release")

    def start(self) -> None:
        """Begins to follow, once; returns when the versions that serve now are in memory."""
        if self._thread is not None:
            return
        with self._starting:
            if self._thread is not None:
                return
            self.look(wait=True)
            thread = threading.Thread(target=self._follow, name="releases", daemon=True)
            thread.start()
            self._thread = thread

    def close(self) -> None:
        """Follows no longer."""
        self._ended.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def serving(self, model_id: str) -> Serving:
        """What answers for a model, as far as is known; without waiting for anything.

        Raises:
            UnknownName: If there is no such model.
        """
        return self._serving.get(model_id) or Serving(versions.shipped(model_id).id)

    def entry(self, model_id: str) -> Entry:
        """The entry of the version that serves, as far as is known; otherwise as `serving`."""
        return versions.find(model_id, self.serving(model_id).champion).entry

    def deal(self, model_id: str, visitor: str, forced: str | None = None) -> Dealt:
        """What is to answer a visitor; begins to follow if nobody did.

        Args:
            visitor: Tells visitors apart, and nothing else.
            forced: A version that was asked for.

        Raises:
            UnknownName: If there is no such model, or no such version of it here.
        """
        if forced is not None:
            return Dealt(versions.find(model_id, forced).id, arms.FORCED)
        self.start()
        now = self.serving(model_id)
        tried = now.challenger
        if tried and tried.share:
            experiment = arms.experiment(model_id, tried.version)
            if arms.is_challenged(experiment, visitor, tried.share):
                return Dealt(tried.version, arms.CANARY)
        return Dealt(now.champion, arms.CHAMPION)

    def look(self, *, wait: bool = False) -> None:
        """Looks for newer releases, and follows them as far as their versions are in memory.

        Args:
            wait: Until those are that are not yet.
        """
        # SQLAlchemy takes long to import, and pages that only ask who serves are there before.
        from core.database import DatabaseError
        from core.releases import rows

        try:
            number = rows.newest()
            if number != self._number:
                number, wanted = rows.states()
                with self._lock:
                    self._number, self._wanted = number, wanted
            self._failures = 0
        except DatabaseError:
            self._failures += 1
            log.warning("Releases cannot be read: what was known last goes on to serve")
        self._apply()
        while wait and (loading := list(self._loading.values())):
            for each in loading:
                each.result()

    def _follow(self) -> None:
        while not self._ended.wait(self._interval * min(2**self._failures, _LONGEST)):
            try:
                self.look()
            except Exception:  # it must go on, whatever it was
                log.exception("Releases were not followed")

    def _apply(self) -> None:
        """Puts what is wanted in place of what serves, and has loaded what is missing."""
        with self._lock:
            for model_id, state in self._wanted.items():
                if model_id not in models.catalogue():
                    continue  # of a later program
                before = self.serving(model_id)
                now = Serving(
                    self._champion(model_id, state, before), self._challenger(model_id, state)
                )
                if now == self._serving.get(model_id):
                    continue
                self._serving[model_id] = now
                log.info("%s: %s serves, %s is tried out", model_id, now.champion, now.challenger)
                kept = {before.champion, now.champion, *state.champions[-2:]}
                if state.challenger:
                    kept.add(state.challenger.version)
                models.unload(model_id, kept)

    def _champion(self, model_id: str, state: State, before: Serving) -> str:
        """The latest version that can be had here; what served before until that is loaded."""
        ships = versions.shipped(model_id).id
        for version in (*reversed(state.champions), ships):
            if self._is_there(model_id, version):
                return version
            if (model_id, version) in self._loading:
                return before.champion
        return ships  # whoever asks is told what is wrong with it

    def _challenger(self, model_id: str, state: State) -> Challenger | None:
        tried = state.challenger
        return tried if tried and self._is_there(model_id, tried.version) else None

    def _is_there(self, model_id: str, version: str) -> bool:
        """Whether a version is in memory; if not, it is loaded unless that has just failed."""
        key = model_id, version
        if key in self._loading:
            return False
        if models.is_loaded(model_id, version):
            self._broken.pop(key, None)
            return True
        failed = self._broken.get(key)
        is_due = failed is None or time.monotonic() - failed > _AGAIN
        if is_due and not self._ended.is_set():
            self._loading[key] = self._pool.submit(self._load, key)
        return False

    def _load(self, key: tuple[str, str]) -> None:
        try:
            self._warm(*key)
        except Exception:
            log.exception("The version %s of %s cannot be loaded", key[1], key[0])
            with self._lock:
                self._broken[key] = time.monotonic()
        with self._lock:
            self._loading.pop(key, None)
        self._apply()


def follower() -> Follower:
    """That of this process."""
    url = settings().journal_url
    with _making:
        if url not in _followers:
            _followers[url] = Follower()
        return _followers[url]


def close() -> None:
    """Ends the one of this process; the next call of `follower` makes another."""
    with _making:
        while _followers:
            _followers.popitem()[1].close()


_followers: dict[str, Follower] = {}  # by the database
_making = threading.Lock()
