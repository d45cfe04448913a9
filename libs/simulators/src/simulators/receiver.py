"""The other end of a simulator's calls, in memory: takes whatever is posted and answers as told. For tests."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Received:
    """One call that arrived."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """An ASGI application; answers 200 and an empty object unless told otherwise."""

    calls: list[Received] = field(default_factory=list)
    _answers: deque[Response] = field(default_factory=deque)
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    def answer_next(self, status: int, body: str = "{}", headers: dict[str, str] | None = None) -> None:
        """Give the next unanswered call this answer."""
        self._answers.append(Response(body, status, headers=headers, media_type="application/json"))

    async def until_called(self, count: int) -> None:
        """Return when at least so many calls have arrived."""
        while len(self.calls) < count:
            self._called.clear()
            await self._called.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one call and answer it."""
        request = Request(scope, receive)
        body = await request.body()
        self.calls.append(Received(request.method, str(request.url), dict(request.headers), body))
        self._called.set()
        answer = self._answers.popleft() if self._answers else Response("{}", media_type="application/json")
        await answer(scope, receive, send)
