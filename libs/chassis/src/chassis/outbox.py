"""The outbox: events that were written together with the document that caused them, on their way to Kafka.

The document holds them in an array (`architecture.md`, rule 3). The relay publishes them in order and then removes
them, so a crash between the two publishes them again, with the same event ids, and never loses one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from chassis.kafka import EventPublisher
from chassis.logging import get_log
from chassis.metrics import Metrics
from contracts.envelope import Event, EventData

LOG = get_log()

RELAY_SECONDS = 5.0
"""How often the relay looks for events that nobody woke it for: those of a process that died."""

BATCH = 100
"""How many documents one round takes."""

REMOVED_TOGETHER = 32
"""From how many documents events are removed at once: less than the database's connections."""


@dataclass(frozen=True, slots=True)
class Pending:
    """The events of one document that are not published yet, in order."""

    document_id: str
    events: tuple[Event[EventData], ...]


class Outbox(Protocol):
    """Documents with pending events."""

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Some documents with pending events, longest waiting first."""
        ...

    async def remove(self, document_id: str, event_ids: Sequence[str]) -> None:
        """Forget events that were published."""
        ...


Forget = Callable[[Sequence[Pending]], Awaitable[None]]
"""Forgets all that a round published at once, where a store can do that in one go."""


class OutboxRelay:
    """Publishes what lies in an outbox; a worker's step.

    Args:
        outbox: where events wait.
        publisher: where they go.
        metrics: counts them.
        forget: used in place of removing document by document.
    """

    def __init__(
        self, outbox: Outbox, publisher: EventPublisher, metrics: Metrics, forget: Forget | None = None
    ) -> None:
        self._outbox, self._publisher, self._metrics = outbox, publisher, metrics
        self._forget = forget or self._remove_each

    async def step(self) -> bool:
        """Relay one round; true when more may wait.

        Raises:
            BrokerAwayError: nothing was removed; the next round tries again.
        """
        waiting = await self._outbox.pending(BATCH)
        for wave in _waves(waiting):
            await self._publisher.publish(wave)
        if waiting:
            await self._forget(waiting)
            self._tell([event.id for pending in waiting for event in pending.events])
        return len(waiting) == BATCH

    async def _remove_each(self, published: Sequence[Pending]) -> None:
        for start in range(0, len(published), REMOVED_TOGETHER):
            await asyncio.gather(
                *(
                    self._outbox.remove(pending.document_id, [event.id for event in pending.events])
                    for pending in published[start : start + REMOVED_TOGETHER]
                )
            )

    def _tell(self, event_ids: Sequence[str]) -> None:
        self._metrics.count("outbox_relayed", len(event_ids))
        LOG.info("outbox.relayed", events=event_ids)


def _waves(waiting: Sequence[Pending]) -> Iterator[Sequence[Event[EventData]]]:
    """The first events of all documents, then the second ones, and so on.

    Those of one wave may go out together; order within a document is the order on the topic, so waves may not.
    """
    most = max((len(pending.events) for pending in waiting), default=0)
    for number in range(most):
        yield [pending.events[number] for pending in waiting if number < len(pending.events)]
