"""The application: routes, errors, and what happens from its start to its end."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import RedirectResponse

from core.errors import AtelierError
from core.settings import settings
from serving.dependencies import Service
from serving.engines.interface import Engine
from serving.engines.local import Local
from serving.messages import problems
from serving.messages.problems import Problem
from serving.routes import (
    catalogues,
    feedback,
    films,
    health,
    identifications,
    jobs,
    paintings,
    releases,
    similar,
)
from serving.telemetry import Telemetry

log = logging.getLogger(__name__)

_PATIENCE = 10.0  # seconds that what still begins may take while the service ends

_ABOUT = """Who painted this, and what would my photo look like if they had?

Pictures are sent as `multipart/form-data`, or one alone as a raw `image/…` body with the fields
as a query. Errors are problem details (RFC 9457) with a stable `code` and one sentence.
"""


def create_app(workers: int = 0, engine: Engine | None = None) -> FastAPI:
    """The service as the settings have it.

    Args:
        workers: How many processes it has work off jobs, from its start to its end.
        engine: Who does the work of requests; this process if None.

    Raises:
        SettingsError: If one makes no sense.
    """
    chosen = settings()
    # Its pages load nothing from elsewhere: the service is there without a connection.
    app = FastAPIOffline(
        title="Atelier",
        version="1",
        description=_ABOUT,
        lifespan=lifespan,
        exception_handlers={
            AtelierError: problems.of_core,
            HTTPException: problems.of_http,
            RequestValidationError: problems.of_validation,
        },
    )
    app.state.service = Service.of(chosen, workers, engine or Local())
    app.include_router(identifications.router)
    app.include_router(similar.router)
    app.include_router(paintings.router)
    app.include_router(films.router)
    for routes in (jobs, feedback, catalogues, releases, health):
        app.include_router(routes.router)
    app.add_api_route(
        "/", lambda: RedirectResponse("docs"), methods=["GET"], include_in_schema=False
    )
    origins = [each.strip() for each in chosen.service_origins.split(",") if each.strip()]
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=[
                "Atelier-Version",
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-None-Match",
                "Last-Event-ID",
                "Prefer",
                "X-Request-ID",
                "traceparent",
            ],
            expose_headers=[
                "Atelier-Arm",
                "Atelier-Model",
                "Atelier-Prediction-Id",
                "Atelier-Version",
                "ETag",
                "Location",
                "Retry-After",
                "X-Request-ID",
            ],
        )
    app.add_middleware(Telemetry)
    _describe_problems(app)
    return app


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Warms up, and starts workers, in the background; ends them, too."""
    service: Service = app.state.service
    # Of a thread that nobody need wait for: what cannot be told to end does not hold up the rest.
    warming = threading.Thread(target=_warm_up, args=(service,), name="warm-up", daemon=True)
    warming.start()
    keeping = asyncio.create_task(service.workers.keep())
    try:
        yield
    finally:
        service.draining.set()
        keeping.cancel()
        await asyncio.to_thread(service.workers.close)
        await asyncio.to_thread(service.engine.close)
        await asyncio.to_thread(warming.join, _PATIENCE)
        service.close()


def _warm_up(service: Service) -> None:
    """Has the engine begin, so that the first request is answered as quickly as any."""
    try:
        service.engine.start()
    except Exception:
        if not service.draining.is_set():  # else it was told to end before
            log.exception("The service does not get ready")
        return
    service.warm.set()
    log.info("Ready")


def _describe_problems(app: FastAPI) -> None:
    """Adds to the OpenAPI description what every route's refusals refer to."""
    described = app.openapi

    def openapi() -> dict[str, object]:
        whole = described()
        schemas = whole.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault("Problem", Problem.model_json_schema())
        return whole

    app.openapi = openapi  # type: ignore[method-assign]
