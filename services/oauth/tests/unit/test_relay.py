"""From the document to Kafka, one process at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

import pytest
from pydantic import SecretStr

from chassis.clock import ManualClock
from chassis.kafka import BrokerAwayError, InMemoryEventPublisher
from chassis.metrics import Metrics
from chassis.outbox import OutboxRelay
from contracts.envelope import Event, EventData
from contracts.tenants import TenantInstalled, TenantUninstalled
from oauth.adapters.in_memory import (
    InMemoryFencedPublisher,
    InMemoryInstallations,
    InMemoryLeaseStore,
    InMemoryTopic,
)
from oauth.adapters.sealing import AesGcmSealer
from oauth.errors import LeaseLostError
from oauth.handlers.binding import bind, deactivate
from oauth.handlers.leases import PATIENCE_SECONDS, Leases
from oauth.handlers.relaying import LEASE, RelayTurn
from oauth.models import REQUIRED_SCOPES, AccountGrant, Installation, Project, Tokens

PORTAL = 62515

Connect = Callable[..., Awaitable[Installation]]


async def test_a_life_is_told_in_order_and_once_kafka_is_there(
    installations: InMemoryInstallations, sealer: AesGcmSealer, clock: ManualClock, acme: Project
) -> None:
    """Events wait while Kafka is away, then go out in the order of their revisions, and are not told again."""
    publisher = InMemoryEventPublisher()
    relay = OutboxRelay(installations, publisher, Metrics())
    tokens = Tokens(SecretStr("a"), SecretStr("r"), clock.now() + timedelta(seconds=1800))
    grant = AccountGrant(tokens, PORTAL, REQUIRED_SCOPES)
    for _ in range(2):
        bound = await bind(grant, acme, installations=installations, sealer=sealer, clock=clock)
        await deactivate(bound.installation, "app_uninstalled", installations=installations, clock=clock)
    publisher.away = True
    with pytest.raises(BrokerAwayError):
        await relay.step()
    publisher.away = False
    await relay.step()
    await relay.step()

    told = [event.data for event in publisher.published]

    assert [TenantInstalled, TenantUninstalled] * 2 == [type(data) for data in told]
    assert sorted(event.id.rpartition(":")[2] for event in publisher.published) == [
        event.id.rpartition(":")[2] for event in publisher.published
    ]
    assert {str(PORTAL).encode()} == {event.key() for event in publisher.published}


class Dying(InMemoryInstallations):
    """An outbox of a process that dies right before or right after it removes what it published."""

    def __init__(self, *, removes: bool) -> None:
        super().__init__()
        self.alive, self._removes = False, removes

    async def remove(self, document_id: str, event_ids: Sequence[str]) -> None:
        """Remove, or die.

        Raises:
            ProcessDiedError: the process dies here.
        """
        if self.alive or self._removes:
            await super().remove(document_id, event_ids)
        if not self.alive:
            raise ProcessDiedError


class ProcessDiedError(Exception):
    """A kill."""


@pytest.mark.parametrize("removes", [False, True])
async def test_a_death_around_the_removal_repeats_the_same_events_in_order_and_loses_none(
    sealer: AesGcmSealer, clock: ManualClock, acme: Project, removes: bool
) -> None:
    """The next process tells again what was not removed, with the same ids and in order; what was removed, never."""
    outbox, publisher = Dying(removes=removes), InMemoryEventPublisher()
    relay = OutboxRelay(outbox, publisher, Metrics())
    grant = AccountGrant(
        Tokens(SecretStr("a"), SecretStr("r"), clock.now() + timedelta(seconds=1800)), PORTAL, REQUIRED_SCOPES
    )
    for _ in range(3):
        await bind(grant, acme, installations=outbox, sealer=sealer, clock=clock)
    with pytest.raises(ProcessDiedError):
        await relay.step()
    outbox.alive = True
    await bind(grant, acme, installations=outbox, sealer=sealer, clock=clock)
    await relay.step()

    told = [event.id for event in publisher.published]
    distinct = list(dict.fromkeys(told))
    assert sorted(distinct) == distinct
    assert 4 == len(distinct)
    assert (distinct[:3] + distinct if not removes else distinct) == told


class Delayed(InMemoryFencedPublisher):
    """A publisher that waits before it publishes, as a slow broker does."""

    def __init__(self, topic: InMemoryTopic | None = None) -> None:
        super().__init__(topic)
        self.begun, self.going_on = asyncio.Event(), asyncio.Event()

    async def publish(self, events: Sequence[Event[EventData]]) -> None:
        """Publish once it may go on."""
        self.begun.set()
        await self.going_on.wait()
        await super().publish(events)


class Relayer:
    """A process that relays."""

    def __init__(
        self,
        name: str,
        installations: InMemoryInstallations,
        publisher: InMemoryFencedPublisher,
        leases: InMemoryLeaseStore,
        clock: ManualClock,
    ) -> None:
        turn = RelayTurn(publisher, Leases(leases, clock=clock, holder=name), clock)
        relay = OutboxRelay(installations, turn, Metrics())

        async def waiting() -> bool:
            return bool(await installations.pending(1))

        self.step = partial(turn.take, relay.step, waiting=waiting)


async def test_two_processes_never_relay_at_once(
    connect: Connect,
    installations: InMemoryInstallations,
    leases: InMemoryLeaseStore,
    clock: ManualClock,
    acme: Project,
) -> None:
    """While one process publishes, another waits for its turn, so that no old revision follows a newer one."""
    slow, quick = Delayed(), InMemoryFencedPublisher()
    first = Relayer("first", installations, slow, leases, clock)
    second = Relayer("second", installations, quick, leases, clock)
    await connect(acme)
    relaying = asyncio.create_task(first.step())
    await slow.begun.wait()
    await connect(acme)
    waiting = asyncio.create_task(second.step())
    while not clock.sleeping:  # noqa: ASYNC110 - until it waits for its turn
        await asyncio.sleep(0)
    assert [] == quick.published
    slow.going_on.set()
    await relaying
    clock.advance(1)
    assert await waiting
    await second.step()

    assert [1, 1] == [len(slow.published), len(quick.published)]
    assert quick.published[0].id > slow.published[0].id


async def test_a_turn_that_was_lost_publishes_nothing(
    connect: Connect,
    installations: InMemoryInstallations,
    leases: InMemoryLeaseStore,
    clock: ManualClock,
    acme: Project,
) -> None:
    """A process that was stopped in its turn, and replaced, finds out before it publishes what is old by now."""
    publisher = InMemoryFencedPublisher()
    turn = RelayTurn(publisher, Leases(leases, clock=clock, holder="stopped"), clock)
    second = Relayer("second", installations, publisher, leases, clock)
    await connect(acme)

    async def stopped() -> bool:
        """Reads, and is stopped until another has taken over."""
        pending = await installations.pending(1)
        await connect(acme)
        while len(publisher.published) < 2:
            asyncio.get_running_loop().call_soon(clock.advance, PATIENCE_SECONDS)
            await second.step()
        await turn.publish(pending[0].events)
        return False

    with pytest.raises(LeaseLostError):
        await turn.take(stopped, waiting=_never)

    assert 2 == len(publisher.published)


async def _never() -> bool:
    return False


async def test_what_a_stopped_process_still_sends_is_refused(
    connect: Connect,
    installations: InMemoryInstallations,
    leases: InMemoryLeaseStore,
    clock: ManualClock,
    acme: Project,
) -> None:
    """Stopped in a publish until another has told of more, a process is refused, and goes on in its own turn."""
    topic = InMemoryTopic()
    slow, quick = Delayed(topic), InMemoryFencedPublisher(topic)
    first = Relayer("first", installations, slow, leases, clock)
    second = Relayer("second", installations, quick, leases, clock)
    await connect(acme)
    stopped = asyncio.create_task(first.step())
    await slow.begun.wait()
    await connect(acme)
    while len(quick.published) < 2:
        asyncio.get_running_loop().call_soon(clock.advance, PATIENCE_SECONDS)
        await second.step()
    slow.going_on.set()
    with pytest.raises(LeaseLostError):
        await stopped
    await connect(acme)
    await first.step()

    revisions = [event.data.revision for event in topic.told if isinstance(event.data, TenantInstalled)]
    assert 3 == len(revisions)
    assert sorted(revisions) == revisions


async def test_a_round_that_the_broker_failed_keeps_its_turn(
    connect: Connect,
    installations: InMemoryInstallations,
    leases: InMemoryLeaseStore,
    clock: ManualClock,
    acme: Project,
) -> None:
    """What a failed round left in the producer may still arrive, so nobody else goes on before it is done."""
    away, quick = InMemoryFencedPublisher(), InMemoryFencedPublisher()
    first = Relayer("first", installations, away, leases, clock)
    second = Relayer("second", installations, quick, leases, clock)
    await connect(acme)
    away.away = True
    with pytest.raises(BrokerAwayError):
        await first.step()
    waiting = asyncio.create_task(second.step())
    while not clock.sleeping:  # noqa: ASYNC110 - until it waits for its turn
        await asyncio.sleep(0)
    away.away = False
    await first.step()
    clock.advance(1)
    await waiting

    assert (1, 0) == (len(away.published), len(quick.published))


async def test_nothing_to_relay_is_no_reason_to_wait(
    installations: InMemoryInstallations, leases: InMemoryLeaseStore, clock: ManualClock
) -> None:
    """A process that is not on turn rests when nothing waits."""
    await leases.take(LEASE, "another", replacing=None)
    second = Relayer("second", installations, InMemoryFencedPublisher(), leases, clock)

    assert not await second.step()
