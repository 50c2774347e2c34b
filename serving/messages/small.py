"""Routes whose bodies are a few lines of JSON.

FastAPI reads such a body whole before it asks who sends it, however long that is or takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Message

from core.settings import settings
from serving.messages import bodies
from serving.messages.problems import Gone

_MOST = 65_536  # bytes


class SmallRoute(APIRoute):
    """A route whose body is refused when it is large (413) or slow (408), before it is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI's."""
        handle = super().get_route_handler()

        async def limited(request: Request) -> Response:
            chunks = bodies.limited(request, _MOST)
            try:
                async with asyncio.timeout(settings().service_timeout):
                    data = b"".join([chunk async for chunk in chunks])
            except TimeoutError:
                raise bodies.too_slow() from None
            except ClientDisconnect:
                raise Gone from None

            async def again() -> Message:
                return {"type": "http.request", "body": data, "more_body": False}

            return await handle(Request(request.scope, again))

        return limited
