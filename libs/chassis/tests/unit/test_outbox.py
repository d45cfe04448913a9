"""The outbox relay: in order, at least once, never lost."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.kafka import BrokerAwayError, InMemoryEventPublisher
from chassis.metrics import Metrics
from chassis.outbox import BATCH, OutboxRelay, Pending
from contracts.envelope import Event
from contracts.messages import ContactLinked
from contracts.topics import CONTACT_LINKED


def event(id_: str) -> Event[Any]:
    """An event to relay."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    data = ContactLinked(portal_id=1, chert_tenant="acme", chat_id="1", contact_id="1", linked_at=now)
    return Event(CONTACT_LINKED, id_, "/tests", now, data)


class InMemoryOutbox:
    """Documents with pending events; `dies` makes removing fail, as a crash before it would."""

    def __init__(self, documents: dict[str, list[str]]) -> None:
        self.documents, self.dies = documents, False

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Some documents with pending events, longest waiting first."""
        waiting = [(name, ids) for name, ids in self.documents.items() if ids]
        return [Pending(name, tuple(event(id_) for id_ in ids)) for name, ids in waiting[:limit]]

    async def remove(self, document_id: str, event_ids: Sequence[str]) -> None:
        """Forget events that were published."""
        if self.dies:
            raise ConnectionError
        self.documents[document_id] = [id_ for id_ in self.documents[document_id] if id_ not in event_ids]


async def test_events_go_out_in_order_and_are_removed() -> None:
    """Every pending event is published, in order within its document, and then forgotten."""
    outbox, publisher = InMemoryOutbox({"a": ["1", "2"], "b": ["3"]}), InMemoryEventPublisher()
    relay = OutboxRelay(outbox, publisher, Metrics())
    assert not await relay.step()
    published = [event.id for event in publisher.published]
    assert ["1", "2", "3"] == sorted(published)
    assert published.index("1") < published.index("2")
    assert {"a": [], "b": []} == outbox.documents


async def test_only_events_of_different_documents_go_out_together() -> None:
    """One call publishes the next event of every document, and never two of one: order within it has to stay."""
    calls = []

    class Publisher(InMemoryEventPublisher):
        async def publish(self, events: Sequence[Event[Any]]) -> None:
            calls.append([event.id for event in events])
            await super().publish(events)

    outbox = InMemoryOutbox({"a": ["1", "2", "3"], "b": ["4"], "c": ["5", "6"]})
    await OutboxRelay(outbox, Publisher(), Metrics()).step()
    assert [["1", "4", "5"], ["2", "6"], ["3"]] == calls


async def test_a_crash_before_the_removal_publishes_again_with_the_same_ids() -> None:
    """Between publishing and removing anything may happen: the same events go out again, and none is lost."""
    outbox, publisher = InMemoryOutbox({"a": ["1", "2"]}), InMemoryEventPublisher()
    relay = OutboxRelay(outbox, publisher, Metrics())
    outbox.dies = True
    with pytest.raises(ConnectionError):
        await relay.step()
    outbox.dies = False
    await relay.step()
    assert ["1", "2", "1", "2"] == [event.id for event in publisher.published]
    assert {"a": []} == outbox.documents


async def test_nothing_is_removed_that_the_broker_does_not_have() -> None:
    """While the broker is away events stay where they are."""
    outbox, publisher = InMemoryOutbox({"a": ["1"]}), InMemoryEventPublisher()
    publisher.away = True
    with pytest.raises(BrokerAwayError):
        await OutboxRelay(outbox, publisher, Metrics()).step()
    assert {"a": ["1"]} == outbox.documents


async def test_an_event_added_while_publishing_stays() -> None:
    """Only what was published is removed: an event that came meanwhile waits for the next round."""
    outbox = InMemoryOutbox({"a": ["1"]})

    class Publisher(InMemoryEventPublisher):
        async def publish(self, events: Sequence[Event[Any]]) -> None:
            outbox.documents["a"].append("2")
            await super().publish(events)

    await OutboxRelay(outbox, Publisher(), Metrics()).step()
    assert {"a": ["2"]} == outbox.documents


async def test_a_store_may_forget_a_whole_round_at_once() -> None:
    """Where a store can do that it is told all that was published, once, and nothing is removed one by one."""
    forgotten: list[Sequence[Pending]] = []

    async def forget(published: Sequence[Pending]) -> None:
        forgotten.append(published)

    outbox = InMemoryOutbox({"a": ["1", "2"], "b": ["3"]})
    await OutboxRelay(outbox, InMemoryEventPublisher(), Metrics(), forget).step()
    assert [["a", "b"]] == [[pending.document_id for pending in published] for published in forgotten]
    assert {"a": ["1", "2"], "b": ["3"]} == outbox.documents


async def test_a_full_round_asks_for_another() -> None:
    """When a round was full more may wait, and the worker comes again at once."""
    outbox = InMemoryOutbox({str(number): [str(number)] for number in range(BATCH + 1)})
    relay = OutboxRelay(outbox, InMemoryEventPublisher(), Metrics())
    assert [True, False] == [await relay.step(), await relay.step()]
