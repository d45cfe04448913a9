"""Single flight: what many ask for at the same time is done once, and all get the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")


class SingleFlight(Generic[K, R]):
    """Work in progress, by key. A caller who gives up does not stop the work of the others."""

    def __init__(self) -> None:
        self._flights: dict[K, asyncio.Task[R]] = {}

    async def join(self, key: K, work: Callable[[], Awaitable[R]]) -> R:
        """The result of the work in progress for this key, begun now if there is none; raises what it raises."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._fly(work))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    async def _fly(self, work: Callable[[], Awaitable[R]]) -> R:
        return await work()

    def _landed(self, key: K, flight: "asyncio.Task[R]") -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # looked at, so that a failure that all callers gave up waiting for is no warning
