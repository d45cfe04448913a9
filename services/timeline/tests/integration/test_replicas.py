"""Several processes on one real database, all at once."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from chassis import mongo
from chassis.clock import SystemClock
from chassis.fault_points import NoFaultPoints
from chassis.metrics import Metrics
from chassis.randomness import SystemRandomness
from contracts.envelope import Event
from contracts.messages import MessagePart, MessageReceived
from contracts.tenants import TenantSnapshot
from contracts.topics import MESSAGE_RECEIVED
from timeline.adapters.in_memory import InMemoryHubSpot
from timeline.adapters.mongo import MongoStores
from timeline.handlers.assembly import Handlers, Process
from timeline.handlers.budget import Budget
from timeline.models import Candidate
from timeline.ports import Outside, Stores

pytestmark = pytest.mark.integration

CLOCK = SystemClock()
PORTALS, CONVERSATIONS, REPLIES, PROCESSES = 4, 5, 100, 3


@pytest.fixture
async def stores(mongo_url: str) -> AsyncIterator[Stores]:
    """The database, which knows the accounts; they all belong to one project."""
    async with mongo.connect(mongo_url, "timeline") as client:
        memory = MongoStores(client[f"timeline_{uuid.uuid4().hex}"], CLOCK)
        await memory.ensure_indexes()
        for portal_id in range(1, PORTALS + 1):
            tenant = {"project_id": "p", "chert_tenant": "acme", "status": "active", "generation": 1, "scopes": ()}
            await memory.stores.tenants.apply(TenantSnapshot(portal_id=portal_id, revision=1, **tenant))
        yield memory.stores
        await client.drop_database(memory.database.name)


@pytest.fixture
def hubspot() -> InMemoryHubSpot:
    """HubSpot, where every account has a contact with each number."""
    contacts = [Candidate(str(900 + n), (f"+1415555120{n}",)) for n in range(CONVERSATIONS)]
    return InMemoryHubSpot(CLOCK, contacts=dict.fromkeys(range(1, PORTALS + 1), contacts))


def process(stores: Stores, hubspot: InMemoryHubSpot) -> Handlers:
    """One of several."""
    return Handlers(
        stores,
        Outside(hubspot, hubspot, NoFaultPoints()),
        Process(SystemRandomness().uuid(), lambda: False, "https://console.example.test"),
        hash_number=str.swapcase,
        budget=Budget(CLOCK),
        clock=CLOCK,
        randomness=SystemRandomness(),
        metrics=Metrics(),
    )


def reply(number: int) -> Event[MessageReceived]:
    """The replies of the conversations in turn."""
    conversation = number % CONVERSATIONS
    data = MessageReceived(
        chert_tenant="acme",
        chat_id=f"chat-{conversation}",
        message_id=f"m{number:03}",
        event_id="e",
        sender=f"+1415555120{conversation}",
        parts=(MessagePart(type="text", value=f"Reply {number}"),),
        received_at=CLOCK.now() + timedelta(milliseconds=number),
    )
    return Event(MESSAGE_RECEIVED, data.message_id, "/webhooks", data.received_at, data)


async def test_replicas_share_the_lanes(stores: Stores, hubspot: InMemoryHubSpot) -> None:
    """Processes that receive, redeliver and work side by side write each reply once for each account, in order."""
    events = [reply(number) for number in range(REPLIES)]
    expected = {f"{portal_id}:acme:{event.data.message_id}" for portal_id in range(1, PORTALS + 1) for event in events}

    async def receive(handlers: Handlers, conversation: int) -> None:
        """Takes in what Kafka gives in order, and then all of it again."""
        own = events[conversation::CONVERSATIONS]
        for start in range(0, len(own), 4):
            await handlers.store_received(own[start : start + 4])
        await handlers.store_received(own)

    async def work(handlers: Handlers) -> None:
        while len(hubspot.records) < len(expected):
            for portal_id in await handlers.finder.find(()):
                await handlers.lanes.turn(portal_id)

    processes = [process(stores, hubspot) for _ in range(PROCESSES)]
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for conversation in range(CONVERSATIONS):
            group.create_task(receive(processes[conversation % PROCESSES], conversation))
        for handlers in processes:
            group.create_task(work(handlers))

    written = [record.trace_id for record in hubspot.records]
    assert expected == set(written)
    assert len(expected) == len(written)
    for portal_id in range(1, PORTALS + 1):
        for conversation in range(CONVERSATIONS):
            own = [event.data.message_id for event in events[conversation::CONVERSATIONS]]
            given = [entry_id.split(":") for entry_id in written]
            assert own == [name for portal, _, name in given if int(portal) == portal_id and name in own]
