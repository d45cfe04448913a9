"""Keeping the ids of sends beside what is done anyway, so that no send waits for it on its way to an answer."""

from collections.abc import Sequence

from actions.models import references_of_event
from actions.ports import NumberHash, ReferenceStore
from chassis.kafka import EventPublisher
from contracts.envelope import Event, EventData


class ReferringPublisher:
    """Publishes events, and keeps the ids in them first: what was published is found."""

    def __init__(self, publisher: EventPublisher, references: ReferenceStore, number_hash: NumberHash) -> None:
        self._publisher, self._references, self._number_hash = publisher, references, number_hash

    async def publish(self, events: Sequence[Event[EventData]]) -> None:
        """Return once every event is durable, and found by its ids.

        Raises:
            BrokerAwayError: that could not be learned in time.
            StoreAwayError: the database does not answer; nothing was published.
        """
        found = [reference for event in events for reference in references_of_event(event, self._number_hash)]
        await self._references.note(found)
        await self._publisher.publish(events)
