"""Routes that read their request themselves, and stand in the OpenAPI document as any other.

FastAPI declares such a route from an endpoint's signature; before its routers stands one that answers. Between the two
lie three looks for a match and as many layers around an endpoint, for a route on which time is counted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from chassis.failures import Refusal
from contracts.failures import Code

Answer = Callable[[Request], Awaitable[Response]]


class DirectRoute(Route):
    """Answers `GET` on one path; every other method is left to the route that is declared.

    What is raised is answered by the app's exception handlers, as everywhere. What is to be done in the background, and
    what the edge tells of a request, comes after the answer is on its way.
    """

    def __init__(self, path: str, answer: Answer) -> None:
        super().__init__(path, answer, methods=["GET"], include_in_schema=False)
        self._answer = answer

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it is this very path."""
        if scope["type"] == "http" and scope["path"] == self.path and scope["method"] == "GET":
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


def one_of_each(request: Request) -> Mapping[str, str]:
    """The query, in which no parameter comes twice (RFC 6749, section 3.1).

    Raises:
        Refusal: one does.
    """
    given = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    texts = dict(given)
    if len(texts) != len(given):
        raise Refusal(Code.INVALID_FIELD, "a parameter is repeated")
    return texts


def text_of(query: Mapping[str, str], name: str, longest: int) -> str | None:
    """A parameter of a query, if it was given.

    Raises:
        Refusal: it is longer than that, in characters; said as FastAPI's own refusals are.
    """
    text = query.get(name)
    if text is not None and len(text) > longest:
        raise Refusal(Code.INVALID_FIELD, f"query.{name}: string_too_long")
    return text
