"""Events on their way to Kafka, in memory."""

from collections.abc import Sequence

from chassis.outbox import Pending
from contracts.envelope import Event, EventData


class InMemoryOutbox:
    """Events by document, in the order in which documents got them."""

    def __init__(self) -> None:
        self._events: dict[str, list[Event[EventData]]] = {}

    def put(self, document_id: str, events: Sequence[Event[EventData]]) -> None:
        """Events that a document's write told."""
        if events:
            self._events.setdefault(document_id, []).extend(events)

    def forget(self, document_id: str) -> None:
        """A document's events are not to be told any more."""
        self._events.pop(document_id, None)

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Some documents with pending events, longest waiting first."""
        return [Pending(key, tuple(events)) for key, events in list(self._events.items())[:limit]]

    async def published(self, told: Sequence[Pending]) -> None:
        """Forget events that were published."""
        for one in told:
            ids = {event.id for event in one.events}
            left = [event for event in self._events.get(one.document_id, ()) if event.id not in ids]
            if left:
                self._events[one.document_id] = left
            else:
                self._events.pop(one.document_id, None)
