"""Queues: one per project, of messages that were received and are not on lanes yet."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from timeline.models import Queue, Received, Row


class QueueEnds(Protocol):
    """Where messages join the queue of their project."""

    async def enqueue(self, messages: Mapping[str, Sequence[Row]], now: datetime) -> None:
        """Set messages aside by project, behind all that is there; durable when this returns."""
        ...

    async def leave(self, chert_tenants: Collection[str]) -> None:
        """Rows of these projects were left in the inbox: what comes after them goes behind them."""
        ...


class QueueHeads(Protocol):
    """Where messages leave the queue of their project, the oldest first."""

    async def waiting(self) -> Collection[str]:
        """Projects that have messages set aside."""
        ...

    async def hold(self, chert_tenant: str, holder: str, now: datetime) -> Queue | None:
        """A project's queue, unless somebody else is at it; nobody else is for a while. Two at it do no harm."""
        ...

    async def let_go(self, chert_tenant: str, holder: str) -> None:
        """Others may be at it now."""
        ...

    async def none_left(self, queue: Queue) -> None:
        """No rows were found in the inbox; that counts unless some were left since the queue was seen."""
        ...

    async def portion(self, chert_tenant: str, number: int) -> Sequence[Received] | None:
        """The messages of a portion, in order; none if somebody else has dropped it."""
        ...

    async def drop(self, chert_tenant: str, number: int) -> None:
        """The first portion is on lanes, whole; the next is first."""
        ...

    async def tidy(self, queue: Queue) -> bool:
        """Look after what a process left that died while it set something aside, or dropped it.

        True if there is something to give to lanes after all.
        """
        ...


class QueueAges(Protocol):
    """Queues as someone sees them who asks what waits."""

    async def oldest(self) -> datetime | None:
        """When the oldest message came that is set aside."""
        ...

    async def lengths(self, chert_tenants: Collection[str]) -> Mapping[str, int]:
        """How many messages of projects are set aside, of those that have some."""
        ...


class QueueStore(QueueEnds, QueueHeads, QueueAges, Protocol):
    """The queues, whole."""
