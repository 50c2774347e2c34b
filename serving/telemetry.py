"""What every request leaves behind: an id, a line in the log, and its time in the metrics."""

from __future__ import annotations

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import logs
from serving import metrics
from serving.messages import problems
from serving.messages.problems import Gone

log = logging.getLogger(__name__)

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_ID = re.compile(r"[\w.:-]{1,128}")
_TRACE = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C trace context
_CLOSED = 499  # as nginx writes it down: who asked did not wait for the answer


class Telemetry:
    """ASGI middleware around everything, where also the last errors end."""

    def __init__(self, app: ASGIApp) -> None:
        """Around an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        told = {"request_id": request_id}
        traceparent = headers.get("traceparent", "")
        if (trace := _TRACE.fullmatch(traceparent)) and trace[1].strip("0"):
            told |= {"trace_id": trace[1], "traceparent": traceparent}
        token = logs.context.set(told)
        status, ended = 0, 0.0

        async def sending(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                answered["X-Request-ID"] = request_id
                answered["X-Content-Type-Options"] = "nosniff"
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ended = time.perf_counter()  # what is done afterwards, nobody waits for

        started = time.perf_counter()
        metrics.in_flight.inc()
        try:
            await self._app(scope, receive, sending)
        except Gone:
            status = status or _CLOSED
        except Exception as error:
            answer = problems.of_error(error)
            if status:  # half of another answer is on its way
                status = answer.status_code
                raise
            await answer(scope, receive, sending)
        finally:
            metrics.in_flight.dec()
            self._tell(scope, status or _CLOSED, (ended or time.perf_counter()) - started)
            logs.context.reset(token)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        # The pattern, not the path: there are as many of the latter as anybody likes.
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        metrics.requests.labels(route, method, str(status)).observe(seconds)
        log.info(
            "%s %s %d in %.0f ms",
            method,
            scope["path"],
            status,
            1000 * seconds,
            extra={
                "fields": {
                    "method": method,
                    "route": route,
                    "status": status,
                    "seconds": round(seconds, 4),
                }
            },
        )
