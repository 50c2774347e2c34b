"""Routes whose bodies are a few lines of JSON.

FastAPI reads such a body whole before it asks who sends it, however long that is or takes.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from serving.messages import arriving

_MOST = 65_536  # bytes


class SmallRoute(APIRoute):
    """A route whose body is refused when it is large (413) or slow (408), before it is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI's."""
        handle = super().get_route_handler()

        async def limited(request: Request) -> Response:
            async with arriving.in_time():
                data = b"".join([chunk async for chunk in arriving.limited(request, _MOST)])

            async def again() -> Message:
                return {"type": "http.request", "body": data, "more_body": False}

            return await handle(Request(request.scope, again))

        return limited
