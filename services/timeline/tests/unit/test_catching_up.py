"""What Chert gave up delivering arrives all the same."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from chassis.clock import ManualClock
from chassis.metrics import Metrics
from chert_client import ChertClient
from contracts.envelope import Event, EventData
from timeline.adapters.chert import ChertEventLog
from timeline.adapters.in_memory import InMemoryChertLog, InMemoryStores
from timeline.errors import ChertAwayError
from timeline.handlers.catching_up import CatchUp
from timeline.models import Placed, Received


class Published:
    """What was told."""

    def __init__(self) -> None:
        self.events: list[Event[EventData]] = []
        self.away = False

    async def publish(self, events: Sequence[Event[EventData]]) -> None:
        """Keep events, unless Kafka is away."""
        if self.away:
            raise ConnectionError
        self.events.extend(events)

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return [event.id for event in self.events]


@pytest.fixture
def published() -> Published:
    """Kafka."""
    return Published()


@pytest.fixture
def log() -> InMemoryChertLog:
    """Chert's log."""
    return InMemoryChertLog()


@pytest.fixture
def catch_up(
    memory: InMemoryStores, log: InMemoryChertLog, published: Published, clock: ManualClock, metrics: Metrics
) -> CatchUp:
    """The use case over the stores."""
    return CatchUp(
        log=log,
        cursors=memory.stores.cursors,
        known=memory.stores.inbox,
        projects=memory.stores.tenants,
        publisher=published,
        clock=clock,
        metrics=metrics,
    )


async def test_what_was_never_delivered_is_told(
    catch_up: CatchUp, log: InMemoryChertLog, published: Published, reply: Any, memory: InMemoryStores,
    clock: ManualClock, metrics: Metrics,
) -> None:  # fmt: skip
    """Messages of the log that the inbox does not know are told once, with the id that a delivery would have had."""
    await catch_up.step()
    delivered = reply("m1")
    log.messages = [delivered.data, *(reply(f"m{n}").data for n in (2, 3, 4))]
    await memory.inbox.add([Placed(Received(delivered.data))], clock.now())
    clock.advance(61)

    await catch_up.step()
    assert [f"message.received:acme:m{n}" for n in (2, 3, 4)] == published.ids
    await memory.inbox.add([Placed(Received(message)) for message in log.messages], clock.now())
    clock.advance(61)
    await catch_up.step()

    assert 3 == len(published.ids)
    assert "timeline_caught_up_total 3.0" in metrics.render().decode()
    assert "timeline_catch_up_gap_seconds 61.0" in metrics.render().decode()


async def test_a_message_under_way_is_left_alone(
    catch_up: CatchUp, log: InMemoryChertLog, published: Published, reply: Any, clock: ManualClock
) -> None:
    """A message of the last half minute may still be delivered; it is told a minute later."""
    await catch_up.step()
    clock.advance(50)
    log.messages = [reply().data]
    clock.advance(11)
    await catch_up.step()
    assert [] == published.ids
    clock.advance(60)

    await catch_up.step()

    assert ["message.received:acme:m1"] == published.ids


async def test_an_hour_is_made_up_for(
    catch_up: CatchUp, log: InMemoryChertLog, published: Published, reply: Any, clock: ManualClock
) -> None:
    """However long nobody read, the next reading begins where the last ended, a little before."""
    await catch_up.step()
    began = clock.now()
    log.messages = [reply(f"m{n:03}", received_at=began + timedelta(seconds=36 * n)).data for n in range(100)]
    clock.advance(3_700)

    await catch_up.step()

    assert 100 == len(published.ids)
    assert ("acme", began - timedelta(minutes=5, seconds=30)) == log.reads[1]


async def test_trouble_with_one_project_is_no_others(
    catch_up: CatchUp, log: InMemoryChertLog, published: Published, reply: Any, clock: ManualClock,
    memory: InMemoryStores, tenant: Any,
) -> None:  # fmt: skip
    """A project whose log cannot be read is tried again a minute later; others are read; inactive ones are not."""
    memory.tenants.snapshots[2] = tenant.model_copy(update={"portal_id": 2, "chert_tenant": "b", "project_id": "p2"})
    memory.tenants.snapshots[3] = tenant.model_copy(update={"portal_id": 3, "chert_tenant": "c", "status": "inactive"})
    await catch_up.step()
    log.away.add("acme")
    log.messages = [reply("m1").data, reply("m2", chert_tenant="b").data, reply("m3", chert_tenant="c").data]
    clock.advance(61)
    await catch_up.step()
    assert ["message.received:b:m2"] == published.ids
    log.away.clear()
    clock.advance(60)

    await catch_up.step()

    assert {"message.received:b:m2", "message.received:acme:m1"} == set(published.ids)


async def test_nothing_is_skipped_while_kafka_is_away(
    catch_up: CatchUp, log: InMemoryChertLog, published: Published, reply: Any, clock: ManualClock
) -> None:
    """What could not be told is read again."""
    await catch_up.step()
    log.messages = [reply().data]
    clock.advance(61)
    published.away = True
    with pytest.raises(ConnectionError):
        await catch_up.step()
    published.away = False
    clock.advance(3_600)

    await catch_up.step()

    assert ["message.received:acme:m1"] == published.ids


def row(message_id: str, **changed: object) -> dict[str, object]:
    """A row of the log as Chert gives it."""
    handle = {"handle": "+14155551234", "service": "imessage", "is_me": False}
    message = {"id": message_id, "direction": "inbound", "sender_handle": handle, "parts": [{"type": "text"}]}
    envelope = {
        "event": "message.received",
        "event_id": f"chert:msg:{message_id}",
        "timestamp": "2026-11-22T12:00:00Z",
        "partner_id": "acme",
        "data": {"chat": {"id": "chat-1", "handles": [handle]}, "message": {**message, **changed}},
    }
    return {"id": message_id, "type": "message.received", "payload": envelope, "created_at": "2026-11-22T12:00:01Z"}


@pytest.fixture
async def chert(clock: ManualClock) -> AsyncIterator[Any]:
    """Makes a Chert that answers each request with the next of these."""
    clients: list[ChertClient] = []

    async def chert(*answers: httpx2.Response) -> ChertEventLog:
        steps = iter(answers)
        transport = httpx2.MockTransport(lambda _: next(steps))
        client = ChertClient("http://chert", signing_secret=lambda: b"s", now=clock.now, transport=transport)
        clients.append(await client.__aenter__())
        return ChertEventLog(client)

    yield chert
    for client in clients:
        await client.__aexit__(None, None, None)


async def test_rows_are_read_as_messages(chert: Any, clock: ManualClock) -> None:
    """Inbound messages are read; what is outbound, or of a form that nobody knows, is left out and is no obstacle."""
    rows = [row("m1"), row("m2", direction="outbound"), row("m3", sender_handle=None), {"id": "m4", "payload": {}}]
    log = await chert(httpx2.Response(200, json={"events": rows, "next_cursor": "c1", "count": 4}))

    page = await log.page("acme", clock.now(), None)

    assert (["m1"], "c1") == ([message.message_id for message in page.messages], page.next_cursor)
    assert "2026-11-22T12:00:01+00:00" == page.last_at.isoformat()


async def test_a_message_of_another_project_is_not_taken(chert: Any, clock: ManualClock) -> None:
    """A row that names another tenant than the one asked for is not published for it."""
    log = await chert(httpx2.Response(200, json={"events": [row("m1")], "next_cursor": None, "count": 1}))

    assert [] == list((await log.page("other", clock.now(), None)).messages)


async def test_a_log_that_cannot_be_read_says_so(chert: Any, clock: ManualClock) -> None:
    """Any refusal or outage of Chert's is one kind of error."""
    log = await chert(*[httpx2.Response(403, json={"code": 2005, "error": "no"})] * 3)

    with pytest.raises(ChertAwayError):
        await log.page("acme", clock.now(), None)


async def test_a_project_that_was_connected_unseen_misses_nothing(
    catch_up: CatchUp, log: InMemoryChertLog, published: Published, reply: Any, clock: ManualClock
) -> None:
    """The first reading of a project goes back an hour: it may have been connected while no process was up."""
    log.messages = [reply().data]
    clock.advance(50 * 60)

    await catch_up.step()

    assert ["message.received:acme:m1"] == published.ids
