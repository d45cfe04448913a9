"""Answers of slow sources, remembered for a while; many who ask at once wait for one call."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

from chassis.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST: Final = 10_000
"""Answers that are remembered; the one that was asked for longest ago goes first."""


class Remembered(Generic[K, V]):
    """Asks once for each key, however many wait, and knows the answer for a while."""

    def __init__(self, ask: Callable[[K], Awaitable[V]], *, seconds: float, clock: Clock, most: int = MOST) -> None:
        self._ask, self._seconds, self._clock, self._most = ask, seconds, clock, most
        self._answers: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._asking: dict[K, asyncio.Task[V]] = {}

    async def __call__(self, key: K) -> V:
        """The answer as it was at most so long ago; what `ask` raises reaches everybody who waits for it."""
        known = self.known(key, seconds=self._seconds)
        if known is None:
            return await self.fresh(key)
        self._answers.move_to_end(key)
        return known

    async def soon(self, key: K, *, seconds: float, patience: float) -> V:
        """As a call; but past its time an answer is given all the same, up to so many seconds old.

        It is asked for anew then. What comes within the patience, in seconds, counts: an answer, or what `ask` raises.
        """
        known = self.known(key, seconds=seconds)
        if known is None or self.known(key, seconds=self._seconds) is not None:
            return await self(key)
        asking = self._ask_beside(key)
        await asyncio.wait({asking}, timeout=patience)
        return await asking if asking.done() else known

    async def fresh(self, key: K) -> V:
        """The answer to a call that ends from now on."""
        return await asyncio.shield(self._ask_beside(key))

    def known(self, key: K, *, seconds: float) -> V | None:
        """What was answered at most so long ago, without asking."""
        known = self._answers.get(key)
        return None if known is None or self._clock.monotonic() - known[1] >= seconds else known[0]

    def forget(self, key: K) -> None:
        """Ask anew next time, also where a call is under way that began before."""
        self._answers.pop(key, None)
        self._asking.pop(key, None)

    def _ask_beside(self, key: K) -> "asyncio.Task[V]":
        """The call that asks, which may be under way."""
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.create_task(self._asked(key))
            self._asking[key] = asking
            asking.add_done_callback(lambda task: self._ended(key, task))
        return asking

    async def _asked(self, key: K) -> V:
        asked_at, me = self._clock.monotonic(), asyncio.current_task()
        answer = await self._ask(key)
        if self._asking.get(key) is me:  # else it was forgotten meanwhile
            self._answers[key] = answer, asked_at
            self._answers.move_to_end(key)
            if len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return answer

    def _ended(self, key: K, task: "asyncio.Task[V]") -> None:
        if self._asking.get(key) is task:
            del self._asking[key]
        if not task.cancelled():
            task.exception()  # it reached whoever waited; when nobody does any more, nobody has to hear of it


class Latest(Generic[K, V]):
    """Values by key, so many at most; the one that was set longest ago goes first."""

    def __init__(self, most: int = MOST) -> None:
        self._values: OrderedDict[K, V] = OrderedDict()
        self._most = most

    def get(self, key: K) -> V | None:
        """The value, if it is still there."""
        return self._values.get(key)

    def set(self, key: K, value: V) -> None:
        """Keep a value."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def forget(self, key: K) -> None:
        """Keep none."""
        self._values.pop(key, None)
