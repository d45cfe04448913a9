"""An account that is connected while a turn at its lane is about to rest for it: the lane goes on at once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
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
from timeline.adapters.in_memory import InMemoryHubSpot
from timeline.errors import AccountInactiveError, AccountUnreachableError
from timeline.handlers.assembly import Handlers, Process
from timeline.handlers.breakers import FAILURES
from timeline.handlers.budget import Budget
from timeline.models import Candidate
from timeline.ports import Outside

PORTAL: Final = 62515
PHONE: Final = "+14155551234"
AT: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)

Then = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """Nothing happens."""


class Crossed:
    """A store one of whose calls something happens before, or between its work and its answer, once."""

    def __init__(self, store: Any, method: str, when: str) -> None:
        self._store, self._method, self._when = store, method, when
        self.then: Then = nothing

    def __getattr__(self, name: str) -> Any:
        """The store's method."""

        async def call(*what: Any, **more: Any) -> Any:
            then, self.then = (self.then, nothing) if name == self._method else (nothing, self.then)
            if self._when == "before":
                await then()
            result = await getattr(self._store, name)(*what, **more)
            if self._when == "after":
                await then()
            return result

        return call


@pytest.fixture
def hubspot(clock: ManualClock) -> InMemoryHubSpot:
    """HubSpot, where a contact has the number."""
    return InMemoryHubSpot(clock, contacts={PORTAL: [Candidate("904", (PHONE,))]})


@pytest.fixture
def start(memory: Any, clock: ManualClock, hubspot: InMemoryHubSpot) -> Callable[..., Handlers]:
    """Starts a process over the stores, some of them in place of those that all processes have."""
    randomness = SeededRandomness()

    def start(**stores: Any) -> Handlers:
        return Handlers(
            replace(memory.stores, **stores),
            Outside(hubspot, hubspot, NoFaultPoints()),
            Process(randomness.uuid(), lambda: False, "https://console.example.test"),
            hash_number=lambda number: number[::-1],
            budget=Budget(clock),
            clock=clock,
            randomness=randomness,
            metrics=Metrics(),
        )

    return start


def account(**members: object) -> TenantSnapshot:
    """The account as it was installed first, but for what is given."""
    first = {
        "portal_id": PORTAL, "project_id": "project-1", "chert_tenant": "acme", "status": "active",
        "generation": 3, "revision": 1_795_348_800_000, "scopes": (),
    }  # fmt: skip
    return TenantSnapshot.model_validate(first | members)


def reply() -> Event[MessageReceived]:
    """A reply of the account's lead."""
    data = MessageReceived(
        chert_tenant="acme",
        chat_id="chat-1",
        message_id="m1",
        event_id="chert:msg:m1",
        sender=PHONE,
        parts=(MessagePart(type="text", value="Yes"),),
        received_at=AT,
    )
    return Event(MESSAGE_RECEIVED, "message.received:m1", "/webhooks", AT, data)


async def connect(process: Handlers) -> None:
    """What a process does that is told of the install."""
    snapshot = account(generation=4, revision=1_795_348_800_009)
    await process.tenants.project(snapshot)
    await process.tenants.resume(PORTAL)


CROSSINGS: Final = [
    (store, method, when)
    for store, method in (("tenants", "find"), ("lanes", "acquire"), ("lanes", "release"))
    for when in ("before", "after")
]


@pytest.mark.parametrize(("store", "method", "when"), CROSSINGS)
async def test_an_install_that_crosses_a_turn_wakes_its_lane(
    start: Any, memory: Any, clock: ManualClock, hubspot: InMemoryHubSpot, store: str, method: str, when: str
) -> None:
    """Wherever in a turn that finds its account not connected another process tells of its install: no rest follows."""
    crossed = Crossed(getattr(memory.stores, store), method, when)
    process, other = start(**{store: crossed}), start()
    await other.tenants.project(account())
    await process.store_received([reply()])
    await other.tenants.project(account(status="inactive", revision=1_795_348_800_005))
    clock.advance(1)  # what the reply's assignment read of the account is too old to be used
    crossed.then = lambda: connect(other)

    await process.lanes.turn(PORTAL)
    for portal_id in await other.finder.find(()):
        await other.lanes.turn(portal_id)

    assert ["62515:acme:m1"] == [record.trace_id for record in hubspot.records]


async def test_an_install_ends_the_rest_that_a_turn_under_way_would_begin(
    start: Any, memory: Any, hubspot: InMemoryHubSpot
) -> None:
    """Failures under the former install count no more: neither a rest nor an open breaker comes of them."""
    crossed = Crossed(memory.stores.lanes, "release", "before")
    process, other = start(lanes=crossed), start()
    await other.tenants.project(account())
    await process.store_received([reply()])
    hubspot.trouble = AccountUnreachableError("401 or away")
    crossed.then = lambda: mended(hubspot, other)

    await process.lanes.turn(PORTAL)

    assert ["62515:acme:m1"] == [record.trace_id for record in hubspot.records]
    assert 0 == (await memory.stores.lanes.acquire(PORTAL, "a", AT)).failures


async def mended(hubspot: InMemoryHubSpot, process: Handlers) -> None:
    """HubSpot answers, and the account is connected anew."""
    hubspot.trouble = None
    await connect(process)


async def test_a_breaker_that_would_open_as_its_account_is_connected_is_not_told_of(
    start: Any, memory: Any, clock: ManualClock, hubspot: InMemoryHubSpot
) -> None:
    """The failure that opens the breaker crosses the reconnect that resets it: nobody hears that it was open."""
    crossed = Crossed(memory.stores.lanes, "release", "before")
    process, other = start(lanes=crossed), start()
    await other.tenants.project(account())
    await process.store_received([reply()])
    hubspot.trouble = AccountUnreachableError("401 or away")
    for _ in range(FAILURES - 1):
        await process.lanes.turn(PORTAL)
        clock.advance(120)
    crossed.then = lambda: mended(hubspot, other)

    await process.lanes.turn(PORTAL)

    assert ["62515:acme:m1"] == [record.trace_id for record in hubspot.records]
    assert [] == list(await memory.lane_outbox.pending(10))


async def test_an_account_that_oauth_knows_to_have_left_is_looked_at_again_soon(
    start: Any, clock: ManualClock, hubspot: InMemoryHubSpot
) -> None:
    """What `oauth` says may be older or newer than the last event that came: the lane does not rest for long on it."""
    process = start()
    await process.tenants.project(account())
    await process.store_received([reply()])
    hubspot.trouble = AccountInactiveError("oauth: 2010")
    await process.lanes.turn(PORTAL)
    hubspot.trouble = None

    clock.advance(5)
    for portal_id in await process.finder.find(()):
        await process.lanes.turn(portal_id)

    assert ["62515:acme:m1"] == [record.trace_id for record in hubspot.records]
