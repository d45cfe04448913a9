"""Messages that could not go to lanes at once, over both implementations: order, and each once, whatever crosses."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from chassis.clock import ManualClock
from chassis.fault_points import NoFaultPoints
from chassis.metrics import Metrics
from chassis.randomness import SeededRandomness
from contracts.envelope import Event
from contracts.messages import MessagePart, MessageReceived
from contracts.tenants import TenantSnapshot
from contracts.topics import MESSAGE_RECEIVED
from timeline.adapters.in_memory import Crash, InMemoryHubSpot
from timeline.consumers import arrival
from timeline.handlers.assembly import Handlers, Process
from timeline.handlers.budget import Budget
from timeline.handlers.draining import BITE, ROOM
from timeline.handlers.intake import Arrival
from timeline.handlers.noise import BURST
from timeline.models import Candidate, Placed, Received, Sealed
from timeline.ports import Outside, Stores

PORTAL: Final = 62515
PHONES: Final = [f"+1415555{1000 + number}" for number in range(8)]
LOUD: Final = BURST + 20

Hook = Callable[[str], Awaitable[None]]


class Watched:
    """A store that says before and after each call that it is made."""

    def __init__(self, name: str, store: Any, hook: Hook) -> None:
        self._name, self._store, self._hook = name, store, hook

    def __getattr__(self, method: str) -> Any:
        """The store's method."""

        async def call(*what: Any, **more: Any) -> Any:
            await self._hook(f"before {self._name}.{method}")
            result = await getattr(self._store, method)(*what, **more)
            await self._hook(f"after {self._name}.{method}")
            return result

        return call


class At:
    """Does something once, when a point is reached while it is armed."""

    def __init__(self, point: str, what: Callable[[], Awaitable[None]], *, armed: bool = True) -> None:
        self._point, self._what = point, what
        self.armed, self.reached = armed, False

    async def __call__(self, point: str) -> None:
        """Do it if this is the point."""
        if self.armed and point == self._point:
            self.armed, self.reached = False, True
            await self._what()


async def go_on(_: str) -> None:
    """Nothing happens anywhere."""


@pytest.fixture
def hubspot(clock: ManualClock) -> InMemoryHubSpot:
    """HubSpot, where a contact has each number."""
    contacts = [Candidate(f"90{number}", (phone,)) for number, phone in enumerate(PHONES)]
    return InMemoryHubSpot(clock, contacts={PORTAL: contacts})


@pytest.fixture
def start(memory: Any, clock: ManualClock, hubspot: InMemoryHubSpot) -> Callable[..., Handlers]:
    """Starts a process over the stores, which calls the hook around every call of them."""
    randomness = SeededRandomness()

    def start(hook: Hook = go_on) -> Handlers:
        stores: Stores = memory.stores
        names = ("inbox", "queues", "entries", "lanes", "tenants")
        watched = {name: Watched(name, getattr(stores, name), hook) for name in names}
        return Handlers(
            replace(stores, **watched),
            Outside(hubspot, hubspot, NoFaultPoints()),
            Process(randomness.uuid(), lambda: False, "https://console.example.test"),
            hash_number=lambda number: number[::-1],
            budget=Budget(clock),
            clock=clock,
            randomness=randomness,
            metrics=Metrics(),
        )

    return start


def said(clock: ManualClock, number: int, conversation: int = 0) -> Event[MessageReceived]:
    """A message of a conversation, later than those with lower numbers."""
    at = clock.now() + timedelta(milliseconds=number)
    data = MessageReceived(
        chert_tenant="acme",
        chat_id=f"chat-{conversation}",
        message_id=f"m{number:04}",
        event_id=f"chert:msg:{number}",
        sender=PHONES[conversation],
        parts=(MessagePart(type="text", value="Yes"),),
        received_at=at,
    )
    return Event(MESSAGE_RECEIVED, f"message.received:{number}", "/webhooks", at, data)


def burst(clock: ManualClock) -> Sequence[Arrival]:
    """More than a project may send at once, as the consumer has it: not read."""
    told = [said(clock, number, number % len(PHONES)) for number in range(LOUD)]
    return [arrival(MESSAGE_RECEIVED, one.headers(), one.value() or b"") for one in told]


async def work_off(process: Handlers, clock: ManualClock) -> None:
    """Drain and write until nothing is left to do, and for as long as others could hold anything."""
    for _ in range(30):
        clock.advance(1)
        process.drain.look_soon()
        while (await process.drain.turn()).more:
            pass
        for portal_id in await process.finder.find(()):
            await process.lanes.turn(portal_id)


def written(hubspot: InMemoryHubSpot) -> list[str]:
    """Which messages are on timelines, conversation by conversation, in the order in which they came there."""
    records = sorted(hubspot.records, key=lambda record: record.note.contact_id)
    return [record.trace_id.rpartition(":")[2] for record in records]


def in_order(count: int) -> list[str]:
    """So many messages as they must be on timelines."""
    return [f"m{number:04}" for first in range(len(PHONES)) for number in range(first, count, len(PHONES))]


CONNECTING: Final = [
    f"{when} {call}"
    for when in ("before", "after")
    for call in (
        "tenants.apply", "inbox.call", "inbox.left_over", "queues.leave", "queues.hold", "inbox.left_of",
        "entries.add", "lanes.add", "inbox.assigned", "queues.none_left", "queues.tidy", "queues.let_go",
    )
]  # fmt: skip


@pytest.mark.parametrize("point", CONNECTING)
async def test_a_message_that_comes_while_its_account_is_connected_goes_behind_those_that_waited(
    start: Any, clock: ManualClock, hubspot: InMemoryHubSpot, tenant: TenantSnapshot, point: str
) -> None:
    """An older message of the conversation waited for the account: wherever a newer one crosses it, order holds."""
    await start().store_received([said(clock, 1)])

    async def take_in_and_write() -> None:
        await process.store_received([said(clock, 2)])
        await process.lanes.turn(PORTAL)

    hook = At(point, take_in_and_write)
    process = start(hook)
    await process.tenants.project(tenant)
    await work_off(process, clock)

    assert hook.reached
    assert ["m0001", "m0002"] == written(hubspot)


async def test_what_an_earlier_release_let_wait_is_not_overtaken(
    start: Any, memory: Any, clock: ManualClock, hubspot: InMemoryHubSpot, tenant: TenantSnapshot
) -> None:
    """Messages that wait for an account and stand in no queue are in one as soon as a process has looked around."""
    waits = Placed(Received(said(clock, 1).data), waits_for="acme")
    await memory.stores.inbox.add([waits], clock.now())
    process = start()
    await process.drain.sweep()

    await process.tenants.project(tenant)
    await process.store_received([said(clock, 2)])
    await process.lanes.turn(PORTAL)
    await work_off(process, clock)

    assert ["m0001", "m0002"] == written(hubspot)


async def test_what_waits_beside_what_waited_keeps_its_order(
    start: Any, clock: ManualClock, hubspot: InMemoryHubSpot, tenant: TenantSnapshot
) -> None:
    """Messages come while there is no account, then some while it is connected, then more when it has left again."""
    process = start()
    await process.store_received([said(clock, 0)])
    await process.tenants.project(tenant)
    await process.store_received([said(clock, 8)])
    left = tenant.model_copy(update={"status": "inactive", "revision": tenant.revision + 1})
    await process.tenants.project(left)
    await process.store_received([said(clock, 16)])
    await process.drain.sweep()
    await process.store_received([said(clock, 24)])

    await process.tenants.project(tenant.model_copy(update={"revision": tenant.revision + 2, "generation": 4}))
    await process.tenants.resume(PORTAL)
    await work_off(process, clock)

    assert ["m0000", "m0008", "m0016", "m0024"] == written(hubspot)


async def test_a_loud_project_is_set_aside_and_others_pass(
    start: Any, memory: Any, clock: ManualClock, hubspot: InMemoryHubSpot, tenant: TenantSnapshot
) -> None:
    """A burst costs its batch one document; it goes to its lane in bites, each message once, in order."""
    process = start()
    await process.tenants.project(tenant)

    assert all(isinstance(one, Sealed) for one in burst(clock))
    assert set() == set(await process.store_received(burst(clock)))
    assert {} == dict(await memory.stores.lanes.lengths([PORTAL]))
    assert not await process.store_received(burst(clock))
    await work_off(process, clock)

    assert in_order(LOUD) == written(hubspot)
    assert set() == set(await memory.stores.queues.waiting())
    assert {} == dict((await memory.stores.inbox.known(["acme:m0001"])).queues)


DRAINING: Final = [
    f"{when} {call}"
    for when in ("before", "after")
    for call in (
        "queues.enqueue", "queues.hold", "queues.portion", "inbox.known", "entries.add", "lanes.lengths",
        "lanes.add", "inbox.add", "queues.drop", "queues.tidy", "queues.let_go",
    )
]  # fmt: skip


@pytest.mark.parametrize("point", DRAINING)
async def test_a_crash_while_a_burst_is_set_aside_or_drained_loses_and_doubles_nothing(
    start: Any, clock: ManualClock, hubspot: InMemoryHubSpot, tenant: TenantSnapshot, point: str
) -> None:
    """Wherever a process dies, Kafka's redelivery and the next process bring each message to its place, once."""

    async def die() -> None:
        raise Crash(point)

    async def live() -> None:
        await process.store_received(burst(clock))
        committed.append(process)
        await work_off(process, clock)

    committed: list[Handlers] = []
    process, following = start(At(point, die)), start()
    await following.tenants.project(tenant)
    with pytest.raises(Crash):
        await live()
    if not committed:
        await following.store_received(burst(clock))
    await work_off(following, clock)

    assert in_order(LOUD) == written(hubspot)


@pytest.mark.parametrize("point", [*DRAINING, "before inbox.wait", "after queues.leave"])
async def test_a_burst_whose_account_leaves_waits_for_it_in_order(
    start: Any, memory: Any, clock: ManualClock, hubspot: InMemoryHubSpot, tenant: TenantSnapshot, point: str
) -> None:
    """What is set aside of a project without accounts goes to where such messages wait, whoever dies on the way."""

    async def die() -> None:
        raise Crash(point)

    hook = At(point, die, armed=False)
    process, following = start(hook), start()
    await following.tenants.project(tenant)
    await process.store_received(burst(clock))
    left = tenant.model_copy(update={"status": "inactive", "revision": tenant.revision + 1})
    await following.tenants.project(left)
    hook.armed = True
    with suppress(Crash):
        await work_off(process, clock)
    await work_off(following, clock)
    assert set() == set(await memory.stores.queues.waiting())
    await following.store_received([said(clock, number, number % 8) for number in range(LOUD, LOUD + 8)])

    await following.tenants.project(tenant.model_copy(update={"revision": tenant.revision + 2}))
    await work_off(following, clock)

    assert in_order(LOUD + 8) == written(hubspot)


@pytest.mark.parametrize("point", [point for point in DRAINING if not point.endswith("enqueue")])
async def test_what_crosses_a_burst_goes_behind_it(
    start: Any, clock: ManualClock, hubspot: InMemoryHubSpot, tenant: TenantSnapshot, point: str
) -> None:
    """While a burst is drained more comes, and another process drains too: every conversation keeps its order."""

    async def more_and_another() -> None:
        clock.advance(11)  # the other takes the first one for dead
        await other.store_received([said(clock, number, number % 8) for number in range(LOUD, LOUD + 8)])
        await work_off(other, clock)

    hook = At(point, more_and_another, armed=False)
    process, other = start(hook), start()
    await other.tenants.project(tenant)
    await process.store_received(burst(clock))
    hook.armed = True
    await work_off(process, clock)

    assert hook.reached
    assert in_order(LOUD + 8) == written(hubspot)


async def test_a_lane_that_has_enough_gets_no_more_unless_another_of_the_project_can_do_with_it(
    start: Any, memory: Any, clock: ManualClock, hubspot: InMemoryHubSpot, tenant: TenantSnapshot
) -> None:
    """A lane that stands still holds back its own backlog, and keeps no sister account from hers."""
    process = start()
    await process.tenants.project(tenant.model_copy(update={"paused": True}))
    for _ in range(3):
        await process.store_received(burst(clock))
        clock.advance(60)
    await process.store_received([said(clock, number) for number in range(1_000, 1_000 + 2 * ROOM)])
    while (await process.drain.turn()).more:
        pass
    assert ROOM + BITE > (await memory.stores.lanes.lengths([PORTAL]))[PORTAL]

    await process.tenants.project(tenant.model_copy(update={"portal_id": 2}))
    hubspot.contacts[2] = [Candidate("77", (PHONES[0],))]
    await work_off(process, clock)

    assert 150 < len([record for record in hubspot.records if record.portal_id == 2])
