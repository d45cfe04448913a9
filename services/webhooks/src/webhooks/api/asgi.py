"""The signed routes over ASGI, in front of the app that has everything else.

Any ASGI server can serve them so. Ours answers nearly all deliveries one layer below (`exchange`), where the same
reception costs less; it comes here for what is rare: pipelined requests, `Expect: 100-continue`, other methods.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from contracts.failures import Code
from webhooks.api.answers import Answer, failure
from webhooks.api.bodies import Body
from webhooks.api.reception import Reception, Route, Visit, once

CLIENT_GONE: Final = 499
"""What the metric says of a client that left; nginx's number, nobody receives it."""


class ClientGoneError(Exception):
    """The client left before its body was whole."""


class _Call(Visit):
    """A visit whose answer somebody waits for."""

    __slots__ = ("answered",)

    def __init__(self, reception: Reception, route: Route, target: bytes, headers: Mapping[bytes, bytes]) -> None:
        super().__init__(reception, route, target, headers)
        self.answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def give(self, answer: Answer) -> None:
        """Wake who waits."""
        self.answered.set_result(answer)


class SignedRoutes:
    """An ASGI app around an ASGI app.

    Attributes:
        app: the one behind, with health, metrics and document.
        reception: the signed routes.
    """

    def __init__(self, app: FastAPI, reception: Reception) -> None:
        self.app, self.reception = app, reception
        self.state = app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        route = self.reception.route(scope["raw_path"]) if scope["type"] == "http" else None
        if route is None:
            await self.app(scope, receive, send)
            return
        query = scope["query_string"]
        target = b"%b?%b" % (scope["raw_path"], query) if query else scope["raw_path"]
        visit = _Call(self.reception, route, target, once(scope["headers"]))
        try:
            await self._take(visit, scope["method"].encode(), receive)
            answer = await asyncio.shield(visit.answered)
        except ClientGoneError:
            visit.gone(CLIENT_GONE)
            return
        except asyncio.CancelledError:  # the process stops and waits no longer
            await failure(Code.UNAVAILABLE, "the service is not available right now", visit.trace).send(send)
            raise
        await answer.send(send)

    async def _take(self, visit: Visit, method: bytes, receive: Receive) -> None:
        body = Body(self.reception.partial, visit.headers.get(b"content-length"))
        try:
            self.reception.check(method, visit.headers)
            await _fill(body, receive)
        except ClientGoneError:
            raise
        except Exception as error:  # noqa: BLE001 - refused, or it failed; `refuse` knows which
            visit.refuse(error)
        else:
            visit.take(body.end())
        finally:
            body.end()


async def _fill(body: Body, receive: Receive) -> None:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body.add(message.get("body", b""))
        more = message.get("more_body", False)
