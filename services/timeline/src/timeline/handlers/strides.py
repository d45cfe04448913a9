"""What one turn at a lane does side by side, and news of more work that reach it meanwhile."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Self


class Strides:
    """Strides under way; none is left when the block ends, whose error is the first that one of them ended with.

    If the block is cancelled, they are; if one of them fails, the others end as they would have.
    """

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._news = False
        self.error: BaseException | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, asyncio.CancelledError):
            for stride in self._under_way:
                stride.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way)
        if error is None and self.error is not None:
            raise self.error

    def __len__(self) -> int:
        return len(self._under_way)

    def begin(self, stride: Coroutine[None, None, None]) -> None:
        """Let one go on beside the others."""
        task = asyncio.create_task(stride)
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def tell(self) -> None:
        """There is more work."""
        self._news = True
        self._changed.set()

    def hear(self) -> bool:
        """Whether there were news; there are none any more."""
        news, self._news = self._news, False
        return news

    async def change(self) -> None:
        """Wait until one has ended, or there are news."""
        await self._changed.wait()
        self._changed.clear()

    def _ended(self, stride: "asyncio.Task[None]") -> None:
        self._under_way.discard(stride)
        if not stride.cancelled() and self.error is None:
            self.error = stride.exception()
        self._changed.set()
