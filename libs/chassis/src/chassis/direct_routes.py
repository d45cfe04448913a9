"""Routes that read their request themselves, and stand in the OpenAPI document as any other.

FastAPI declares such a route from an endpoint's signature; before its routers stands one that answers. Between the two
lie three looks for a match and as many layers around an endpoint, for a route on which time is counted.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

Answer = Callable[[Request], Awaitable[Response]]


class DirectRoute(Route):
    """Answers one method on one path; every other is left to the route that is declared.

    What is raised is answered by the app's exception handlers, as everywhere. What is to be done in the background, and
    what the edge tells of a request, comes after the answer is on its way.
    """

    def __init__(self, path: str, answer: Answer, method: Literal["GET", "POST"] = "GET") -> None:
        super().__init__(path, answer, methods=[method], include_in_schema=False)
        self._answer, self._method = answer, method

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it is this very path."""
        if scope["type"] == "http" and scope["path"] == self.path and scope["method"] == self._method:
            return Match.FULL, {"route": self}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response = await self._answer(Request(scope, receive, send))
        background, response.background = response.background, None
        await response(scope, receive, send)
        await asyncio.sleep(0)  # uvloop sends what was written between two turns: not after all that follows
        if background is not None:
            await background()
