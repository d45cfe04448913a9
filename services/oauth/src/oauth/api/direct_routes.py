"""Routes that read their request themselves, and stand in the OpenAPI document as any other.

FastAPI declares such a route from its endpoint's signature, but leaves finding and checking the parameters to us; for a
route on which time is counted, and whose parameters are a few texts.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from chassis.failures import Refusal
from contracts.failures import Code

Answer = Callable[[Request], Awaitable[Response]]


def answered_by(answer: Answer) -> type[APIRoute]:
    """A class of routes that are declared as usual, and answered by this."""

    class DirectRoute(APIRoute):
        """Declared by its endpoint, answered without it."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """What answers."""

            async def handle(request: Request) -> Response:
                return await answer(request)

            return handle

    return DirectRoute


def one_of_each(request: Request) -> Mapping[str, str]:
    """The query, in which no parameter comes twice (RFC 6749, section 3.1).

    Raises:
        Refusal: one does.
    """
    given = request.query_params.multi_items()
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
