"""The processes beside the service that work off jobs, kept alive as long as it lives."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import subprocess
import threading
from contextlib import suppress

from core import extensions, logs, processes
from core.processes import Child

log = logging.getLogger(__name__)

_PAUSE = 2.0  # seconds between looks at whether one has died
_PATIENCE = 20.0  # seconds that a worker has to write its checkpoint


class Workers:
    """So many processes; one that dies is replaced, and its job goes on from its checkpoint."""

    def __init__(self, count: int) -> None:
        """Starts none yet."""
        self._count = count
        self._children: list[Child] = []

    def __bool__(self) -> bool:
        """Whether there are to be any."""
        return self._count > 0

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes."""
        return [child.process.pid for child in self._children]

    async def keep(self) -> None:
        """Starts them, and others in place of those that die, until it is cancelled."""
        while True:
            for child in [c for c in self._children if c.process.poll() is not None]:
                log.warning("A worker has ended with status %s", child.process.returncode)
                self._children.remove(child)
                child.socket.close()
            try:
                while len(self._children) < self._count:
                    self._children.append(processes.start("serving.workers:work"))
            except OSError as error:  # perhaps there is memory again in a moment
                log.warning("A worker cannot be started: %s", error)
            await asyncio.sleep(_PAUSE)

    def close(self) -> None:
        """Has them write their checkpoints, give their jobs back, and end."""
        for child in self._children:
            child.process.terminate()
        for child in self._children:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(_PATIENCE)
            child.kill()
        self._children.clear()


def work(service: socket.socket) -> None:
    """Works off jobs until SIGTERM, or until the service has gone; where such a process begins."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    logs.configure_application()

    def listen() -> None:
        service.recv(1)  # nothing is ever sent: it returns when the other end has gone
        stop.set()

    threading.Thread(target=listen, name="service", daemon=True).start()
    from core.film import durable as film  # noqa: F401 - registers its task
    from core.jobs.durable import DatabaseEngine
    from core.jobs.durable.worker import Worker
    from core.monet import durable as monet  # noqa: F401 - likewise
    from core.stylize.session import durable  # noqa: F401 - likewise

    extensions.load()
    Worker(DatabaseEngine()).run(stop)
