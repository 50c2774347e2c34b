"""The engine whose work is done on a Ray cluster."""

from __future__ import annotations

import logging
import threading
from typing import Any, TypeVar

from core.releases import following
from core.settings import settings
from serving.cluster import connection
from serving.engines.interface import Place, Stopping, Unavailable, Work
from serving.messages.problems import Gone

log = logging.getLogger(__name__)

T = TypeVar("T")

_TRIES = 6
_PAUSE = 0.05  # seconds after the first try, then twice as many
_LOOK = 0.25  # seconds between looks whether anybody still waits
_ABSENT = 1.0  # seconds between looks whether an application is there
_PATIENCE = 10.0  # seconds for what `start` does at the moment when it ends


class Cluster:
    """See `serving.engines.interface`. Work whose replica dies is done by another."""

    def __init__(self, workers: int | None = None) -> None:
        """Connects.

        Args:
            workers: How many replicas are to work off jobs; None if everything runs already, as
                in a RayService.

        Raises:
            RayMissing: If there is no Ray.
            NoCluster: If there is no cluster.
        """
        connection.required()
        self._workers = workers
        self._ended, self._starting = threading.Event(), threading.Lock()
        if workers is not None:
            from serving.cluster import deployments  # which cannot be imported without Ray

            deployments.connect(workers)
        self._handles: dict[Place, Any] = {}

    @property
    def most(self) -> dict[Place, int]:
        from serving.cluster.deployments import ONGOING, between

        chosen = settings()
        return {
            "identify": ONGOING * between(chosen.ray_identify_replicas)[1],
            "paint": between(chosen.ray_paint_replicas)[1],
        }

    def start(self) -> None:
        from serving.cluster import deployments

        with self._starting:
            if self._workers is not None:
                deployments.start(self._workers, self._ended.is_set)
            for place in ("identify", "paint"):
                self._handles[place] = self._handle(deployments.PREFIX + place)
            following.follower().start()

    def do(self, place: Place, work: Work[T], stopping: Stopping) -> T:
        ray = connection.required()
        handle = self._handles.get(place)
        if handle is None:
            raise Unavailable("The service is not ready yet: try again in a moment.")
        for pause in (0.0, *(_PAUSE * 2**number for number in range(_TRIES - 1))):
            if self._ended.wait(pause):
                break
            if pause and stopping():
                raise Gone
            try:
                outcome = _waited(handle.do.remote(work), stopping)
            except (ray.exceptions.ActorDiedError, ray.exceptions.ActorUnavailableError) as error:
                log.warning("A replica that works on %s has died: %s", place, type(error).__name__)
                continue
            if outcome.error is not None:
                raise outcome.error
            value: T = outcome.value
            return value
        raise Unavailable("Nobody can do this just now: try again in a moment.")

    def close(self) -> None:
        self._ended.set()
        begun = self._starting.acquire(timeout=_PATIENCE)
        try:
            following.close()
            if self._workers is not None and not settings().ray_address:
                if self._handles:  # else Ray waits for replicas that were never there
                    from ray import serve

                    serve.shutdown()
                connection.required().shutdown()
        finally:
            if begun:
                self._starting.release()

    def _handle(self, name: str) -> Any:
        """That of an application, which in a RayService may begin after the API.

        Raises:
            Unavailable: If the service ends before.
        """
        from ray import serve
        from ray.serve.exceptions import RayServeException

        while not self._ended.is_set():
            try:
                return serve.get_app_handle(name)
            except RayServeException:
                self._ended.wait(_ABSENT)
        raise Unavailable("The service ends before it was ready.")


def _waited(answer: Any, stopping: Stopping) -> Any:
    """What a replica answers.

    Raises:
        Gone: If nobody waits for it any more; the replica is told.
    """
    while True:
        try:
            return answer.result(timeout_s=_LOOK)
        except TimeoutError:
            if stopping():
                answer.cancel()
                raise Gone from None
