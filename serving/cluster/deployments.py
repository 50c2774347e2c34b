"""What runs on the cluster: an application of Ray Serve for each kind of work.

A RayService names them by their paths (`serving.cluster.deployments:identify`), `start` begins them
for a service beside the cluster. Each is replaced without the others, and a new replica is there
before an old one goes.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from core import artists, extensions, logs
from core import identify as recognizer
from core.errors import AtelierError
from core.releases import following
from core.settings import settings
from serving.cluster import connection
from serving.engines.interface import Stopping, Unavailable, Work

connection.required()

from ray import serve  # noqa: E402 - after its settings
from ray.serve import Application  # noqa: E402

PREFIX = "atelier-"  # of the names of applications
ONGOING = 2  # works a replica has at a time: a picture is decoded while another is in the network
_LOGGING = {"log_level": "WARNING", "enable_access_log": False}
_LOOK = 0.25  # seconds between looks whether all run
_LONGEST = 75.0  # seconds that work may take while its replica ends


@dataclass(frozen=True)
class Outcome:
    """What came of work: a value, or an error that a person can put right."""

    value: Any = None
    error: AtelierError | None = None


class Networks:
    """A replica that does the work of requests."""

    def __init__(self, place: str, threads: int) -> None:
        """Returns when work is done at once."""
        logs.configure_application()
        extensions.load()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=place)
        if place == "identify":
            artists.catalogue()
            recognizer.warm_up()
            following.follower().start()

    async def do(self, work: Work[Any]) -> Outcome:
        """Does work in a thread; told to stop if nobody waits for it any more."""
        stop = threading.Event()

        def done() -> Outcome:
            try:
                return Outcome(work(stop.is_set))
            except AtelierError as error:
                return Outcome(error=error)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, done)
        except asyncio.CancelledError:
            stop.set()
            raise


class Refine:
    """A replica that works off jobs of the journal, one at a time, as `core work` does."""

    def __init__(self) -> None:
        """Begins."""
        from core.film import durable as film  # noqa: F401 - registers its task
        from core.jobs.durable import DatabaseEngine
        from core.jobs.durable.worker import Worker
        from core.monet import durable as monet  # noqa: F401 - likewise
        from core.stylize.session import durable  # noqa: F401 - likewise

        logs.configure_application()
        extensions.load()
        self._stop = threading.Event()
        worker = Worker(DatabaseEngine())
        self._thread = threading.Thread(target=worker.run, args=[self._stop], daemon=True)
        self._thread.start()

    def check_health(self) -> None:
        """Called by Ray now and then.

        Raises:
            RuntimeError: If it works no longer: another replica takes its place.
        """
        if not self._thread.is_alive():
            raise RuntimeError("The worker has ended")

    def __del__(self) -> None:
        """Called by Ray when the replica is to end: its job is given back with its checkpoint."""
        self._stop.set()
        self._thread.join(_LONGEST)


def usual(threads: int) -> dict[str, Any]:
    """Options that all have; of so many threads each."""
    actor: dict[str, Any] = {
        "num_cpus": threads,
        "runtime_env": {"env_vars": connection.environment(threads)},
    }
    if settings().ray_memory:
        actor["memory"] = settings().ray_memory
    return {
        "ray_actor_options": actor,
        "graceful_shutdown_timeout_s": _LONGEST,
        "graceful_shutdown_wait_loop_s": 0.5,
        "health_check_period_s": 2.0,
        "max_surge_percent": 100,
        "logging_config": _LOGGING,
    }


def _replicas(given: str) -> dict[str, Any]:
    """So many, or as many between two numbers as requests wait for."""
    fewest, most = between(given)
    if fewest == most:
        return {"num_replicas": most}
    return {
        "autoscaling_config": {
            "min_replicas": fewest,
            "max_replicas": most,
            "target_ongoing_requests": ONGOING - 0.5,
            "upscale_delay_s": 5.0,
            "downscale_delay_s": 300.0,
        }
    }


def between(given: str) -> tuple[int, int]:
    """Fewest and most replicas of a setting such as `1-4` or `2`."""
    fewest, _, most = given.partition("-")
    return int(fewest), max(int(fewest), int(most or fewest))


def identify(args: Mapping[str, Any] | None = None) -> Application:
    """The application that names artists, and explains. `args` are those of a RayService: none."""
    chosen = settings()
    kind = serve.deployment(
        name="identify",
        max_ongoing_requests=ONGOING,
        **_replicas(chosen.ray_identify_replicas),
        **usual(chosen.ray_threads),
    )(Networks)
    return kind.bind("identify", ONGOING)


def paint(args: Mapping[str, Any] | None = None) -> Application:
    """The application that paints while the caller waits, a replica one picture at a time."""
    chosen = settings()
    kind = serve.deployment(
        name="paint",
        max_ongoing_requests=1,
        **_replicas(chosen.ray_paint_replicas),
        **usual(chosen.ray_painting_threads),
    )(Networks)
    return kind.bind("paint", 1)


def refine(args: Mapping[str, Any] | None = None) -> Application:
    """The application that works off jobs; `replicas` of `args` do so, one if nothing is said."""
    workers = (args or {}).get("replicas", 1)
    options = usual(settings().ray_painting_threads) | {"max_surge_percent": 0}
    return serve.deployment(name="refine", num_replicas=workers, **options)(Refine).bind()


def connect(workers: int) -> None:
    """Connects; a cluster that is started here has room for all that the settings ask for.

    Raises:
        AtelierError: If there is no cluster.
    """
    chosen = settings()
    need = between(chosen.ray_identify_replicas)[1] * chosen.ray_threads
    need += between(chosen.ray_paint_replicas)[1] * chosen.ray_painting_threads
    need += workers * chosen.ray_painting_threads
    connection.connect(2 * need, told=True)  # twice: while replicas are replaced, there are more


def start(workers: int, stopping: Stopping) -> None:
    """Has all applications but the API run, in place of those that run already.

    Args:
        workers: How many replicas work off jobs.
        stopping: Asked whether nobody waits for them any more.

    Raises:
        Unavailable: If nobody does.
        RuntimeError: If one of them cannot run.
    """
    serve.start(proxy_location="Disabled", logging_config=_LOGGING)
    wanted = {"identify": identify(), "paint": paint()}
    if workers:
        wanted["refine"] = refine({"replicas": workers})
    else:
        serve.delete(PREFIX + "refine")
    targets = [
        serve.RunTarget(target=application, name=PREFIX + name, route_prefix=None)
        for name, application in wanted.items()
    ]
    # Ray itself would wait for ever where a cluster has no room for them.
    serve.run_many(targets, wait_for_applications_running=False)
    while not all(_is_running(target.name) for target in targets):
        if stopping():
            raise Unavailable("The service ends before it was ready.")
        time.sleep(_LOOK)


def _is_running(name: str) -> bool:
    """Whether an application runs.

    Raises:
        RuntimeError: If it never will.
    """
    found = serve.status().applications.get(name)
    if found is not None and found.status == "DEPLOY_FAILED":
        raise RuntimeError(f"{name} does not run: {found.message}")
    return found is not None and found.status == "RUNNING"
