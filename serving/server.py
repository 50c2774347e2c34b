"""The server: uvicorn, which is told to end in two steps, and the Streamlit application beside."""

from __future__ import annotations

import logging
import math
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI
from starlette.routing import Mount
from starlette.types import ASGIApp

from core.settings import ROOT, settings
from serving.app import lifespan
from serving.dependencies import Service

_LONGEST = 60  # seconds that answers may take while the service ends


class Server(uvicorn.Server):
    """A server that after SIGTERM says for a while that it is not ready, and then ends.

    Whoever distributes requests looks away meanwhile. Ctrl-C ends it at once.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        """Listens to nothing yet."""
        super().__init__(config)
        self._service = service
        self._closing = math.inf  # when the port is closed, by the clock of `time.monotonic`

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called with a signal."""
        first = not self._service.draining.is_set()
        self._service.draining.set()
        if sig == signal.SIGTERM and first:
            self._closing = time.monotonic() + settings().service_drain
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second; whether to end now."""
        if time.monotonic() >= self._closing:
            self.should_exit = True
        return await super().on_tick(counter)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serves until it was told to end."""
        with suppress(KeyboardInterrupt):  # uvicorn raises it again when all is done
            super().run(sockets)


def server(app: ASGIApp, service: Service, *, host: str, port: int) -> Server:
    """A server of an application, with our log in place of its own."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_LONGEST,
        server_header=False,
    )
    return Server(config, service)


def with_application(api: FastAPI) -> ASGIApp:
    """The Streamlit application, and the API under `/api`, on one port."""
    import streamlit as st  # not needed by the API alone

    @asynccontextmanager
    async def living(_: st.App) -> AsyncIterator[None]:
        for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
            logger = logging.getLogger(name)  # Streamlit gives them handlers of its own
            logger.handlers.clear()
            logger.propagate = name != "uvicorn.access"  # of which we have all lines
        async with lifespan(api):  # that of a mounted application is not called
            yield

    app: ASGIApp = st.App(ROOT / "Home.py", routes=[Mount("/api", app=api)], lifespan=living)
    return app
