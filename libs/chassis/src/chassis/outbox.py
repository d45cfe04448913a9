"""The outbox: events that were written together with the document that caused them, on their way to Kafka.

The document holds them in an array (`architecture.md`, rule 3). The relay publishes them in order and then removes
them, so a crash between the two publishes them again, with the same event ids, and never loses one.
"""

import asyncio
from collections.abc import Sequence
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


class OutboxRelay:
    """Publishes what lies in an outbox; a worker's step."""

    def __init__(self, outbox: Outbox, publisher: EventPublisher, metrics: Metrics, *, at_once: int = 1) -> None:
        """Relay so many documents at once; more than one where no order between documents matters."""
        self._outbox, self._publisher, self._metrics = outbox, publisher, metrics
        self._at_once = at_once

    async def step(self) -> bool:
        """Relay one round; true when more may wait.

        Raises:
            BrokerAwayError: nothing was removed; the next round tries again.
        """
        waiting = await self._outbox.pending(BATCH)
        for start in range(0, len(waiting), self._at_once):
            together = waiting[start : start + self._at_once]
            ended = await asyncio.gather(*(self._relay(pending) for pending in together), return_exceptions=True)
            for error in filter(None, ended):
                raise error
        return len(waiting) == BATCH

    async def _relay(self, pending: Pending) -> None:
        for event in pending.events:  # one by one: order within a document is the order on the topic
            await self._publisher.publish([event])
        await self._outbox.remove(pending.document_id, [event.id for event in pending.events])
        self._metrics.count("outbox_relayed", len(pending.events))
        LOG.info("outbox.relayed", events=[event.id for event in pending.events])
