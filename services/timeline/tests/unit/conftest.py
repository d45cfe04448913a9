"""Processes over in-memory parts that outlive them, so that a test can kill one and start the next."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import pytest

from chassis.clock import ManualClock
from chassis.fault_points import NoFaultPoints
from chassis.metrics import Metrics
from chassis.randomness import SeededRandomness
from contracts.envelope import Event
from contracts.messages import MessagePart, MessageReceived, MessageSent
from contracts.tenants import TenantSnapshot
from contracts.topics import MESSAGE_RECEIVED, MESSAGE_SENT
from timeline.adapters.in_memory import InMemoryHubSpot, InMemoryStores
from timeline.handlers.assembly import Handlers, Process
from timeline.handlers.budget import Budget
from timeline.models import MAX_BATCH, Candidate
from timeline.ports import FaultPoints, Outside

PORTAL, CONTACT, PHONE = 62515, "904", "+14155551234"

Start = Callable[..., Handlers]
Reply = Callable[..., Event[MessageReceived]]
Bring = Callable[..., Awaitable[None]]


@pytest.fixture
def metrics() -> Metrics:
    """What is counted."""
    return Metrics()


@pytest.fixture
def memory(tenant: TenantSnapshot) -> InMemoryStores:
    """The stores, which know the connected account."""
    memory = InMemoryStores()
    memory.tenants.snapshots[tenant.portal_id] = tenant
    return memory


@pytest.fixture
def budget(clock: ManualClock) -> Budget:
    """The accounts' windows, as a process that never died knows them."""
    return Budget(clock)


@pytest.fixture
def hubspot(clock: ManualClock, budget: Budget) -> InMemoryHubSpot:
    """HubSpot, where one contact has the number that replies come from."""
    contacts = {PORTAL: [Candidate(CONTACT, ("(415) 555-1234",))]}
    return InMemoryHubSpot(clock, contacts=contacts, meter=budget)


@pytest.fixture
def start(
    memory: InMemoryStores, hubspot: InMemoryHubSpot, budget: Budget, clock: ManualClock, metrics: Metrics
) -> Start:
    """Starts a process: it remembers nothing but what lies in the stores."""
    randomness = SeededRandomness()

    def start(
        faults: FaultPoints | None = None, *, stopping: Callable[[], bool] = lambda: False, batch: int = MAX_BATCH
    ) -> Handlers:
        return Handlers(
            memory.stores,
            Outside(hubspot, hubspot, faults or NoFaultPoints()),
            Process(randomness.uuid(), stopping, "https://console.example.test", batch),
            hash_number=str.swapcase,
            budget=budget,
            clock=clock,
            randomness=randomness,
            metrics=metrics,
        )

    return start


@pytest.fixture
def reply(clock: ManualClock) -> Reply:
    """Makes a reply as it is told; the arguments say what is special about it."""

    def reply(
        message_id: str = "m1",
        *,
        text: str = "Yes, please",
        chat_id: str = "chat-1",
        sender: str = PHONE,
        chert_tenant: str = "acme",
        received_at: datetime | None = None,
    ) -> Event[MessageReceived]:
        received_at = received_at or clock.now()
        data = MessageReceived(
            chert_tenant=chert_tenant,
            chat_id=chat_id,
            message_id=message_id,
            event_id=f"chert:msg:{message_id}",
            sender=sender,
            parts=(MessagePart(type="text", value=text),),
            received_at=received_at,
        )
        return Event(MESSAGE_RECEIVED, f"message.received:{message_id}", "/webhooks", received_at, data)

    return reply


@pytest.fixture
def sent(clock: ManualClock) -> Callable[..., Event[MessageSent]]:
    """Makes a send as it is told."""

    def sent(contact_id: str, *, chat_id: str = "chat-1", at: datetime | None = None) -> Event[MessageSent]:
        at = at or clock.now()
        data = MessageSent(
            portal_id=PORTAL,
            chert_tenant="acme",
            generation=3,
            contact_id=contact_id,
            source="card",
            claim=f"card:{PORTAL}:{contact_id}",
            at=at,
            phone=PHONE,
            body="Hello",
            message_id=f"out-{contact_id}",
            chat_id=chat_id,
            lead_created=False,
        )
        return Event(MESSAGE_SENT, f"message.sent:{contact_id}", "/actions", at, data)

    return sent


@pytest.fixture
def work_off() -> Bring:
    """Lets a process work on every lane it finds until nothing is due."""

    async def work_off(process: Handlers) -> None:
        await drain(process)
        while portal_ids := await process.finder.find(()):
            for portal_id in portal_ids:
                await process.lanes.turn(portal_id)
            await drain(process)

    async def drain(process: Handlers) -> None:
        process.drain.look_soon()
        while (await process.drain.step()).more:
            pass

    return work_off


@pytest.fixture
def bring(work_off: Bring) -> Bring:
    """Takes events through a process: stored, assigned, worked off."""

    async def bring(process: Handlers, *events: Event[MessageReceived]) -> None:
        await process.store_received(events)
        await work_off(process)

    return bring


@pytest.fixture
def wait(clock: ManualClock, work_off: Bring) -> Bring:
    """Lets time pass, a second at a time, while a process does what becomes due, leftovers of others included."""

    async def wait(process: Handlers, seconds: int) -> None:
        for _ in range(seconds):
            clock.advance(1)
            await process.drain.sweep()
            await work_off(process)

    return wait


@pytest.fixture
def on_timeline(hubspot: InMemoryHubSpot, clock: ManualClock) -> Callable[..., Sequence[str]]:
    """The replies on a contact's timeline by the id that their write carried; also those that will appear late."""

    def on_timeline(contact_id: str = CONTACT, portal_id: int = PORTAL) -> Sequence[str]:
        ahead = clock.now() + timedelta(days=1)
        return [
            record.trace_id
            for record in hubspot.records
            if (record.portal_id, record.note.contact_id) == (portal_id, contact_id) and record.at <= ahead
        ]

    return on_timeline
