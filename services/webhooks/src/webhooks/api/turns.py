"""Large deliveries take turns: one each time the event loop comes round.

A delivery of a hundred events takes as long as twenty of one event. When many come at once the loop would hand all of
them over before it did anything else: acknowledgements would wait, the broker would have nothing to do, and so would
small deliveries in between.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

LARGE_BYTES: Final = 8 * 1024
"""A body of some twenty events; what is smaller is not worth a turn."""

MAX_WAITING_BYTES: Final = 8 * 1024 * 1024
"""Of bodies that wait for their turn. One beyond that is taken at once: it holds others up, and takes no memory."""


class Turns:
    """Those that wait for theirs."""

    def __init__(self, most: int = MAX_WAITING_BYTES) -> None:
        self._most, self._held = most, 0
        self._waiting: deque[tuple[Callable[[bytes], None], bytes]] = deque()

    def any_waits(self) -> bool:
        """Whether anybody waits for a turn."""
        return bool(self._waiting)

    def give(self, take: Callable[[bytes], None], body: bytes) -> None:
        """Have a body taken: now if it is small, else when it is its turn."""
        size = len(body)
        if size < LARGE_BYTES or self._held + size > self._most:
            take(body)
            return
        self._held += size
        self._waiting.append((take, body))
        if len(self._waiting) == 1:
            self._come_back()

    def _next(self) -> None:
        take, body = self._waiting.popleft()
        self._held -= len(body)
        if self._waiting:
            self._come_back()
        take(body)

    def _come_back(self) -> None:
        asyncio.get_running_loop().call_soon(self._next)
