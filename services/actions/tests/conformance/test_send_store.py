"""The battery of `SendStore` and of the outbox within it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.in_memory import InMemorySendStore
from actions.adapters.mongo import MongoAliasStore, MongoSendOutbox, MongoSendStore
from actions.adapters.mongo.outbox import SWEEP_SECONDS
from actions.adapters.mongo.pieces import PIECE, RESTS_SECONDS
from actions.models import Accepted, Attempt, AttemptStatus, Lease, Outcome, Refused, Send
from actions.ports import SendStore
from chassis.clock import ManualClock
from chassis.mongo import Document
from chassis.outbox import RELAY_SECONDS, Outbox
from contracts.envelope import Event, EventData
from contracts.messages import MessageRefused, Source
from contracts.topics import MESSAGE_REFUSED

AT = datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)
ACCEPTED = Accepted(message_id="m1", lead_id="l1", lead_created=True, phone_line_id=None)
REFUSED = Refused(code=1013, error="contact has no usable phone number")


class Stores(Protocol):
    """The two sides of the same documents."""

    sends: SendStore
    outbox: Outbox


class InMemoryStores:
    """In memory, both are one."""

    def __init__(self) -> None:
        self.sends = self.outbox = InMemorySendStore()


class MongoStores:
    """In MongoDB."""

    def __init__(self, database: AsyncDatabase[Document], clock: ManualClock) -> None:
        self.outbox = MongoSendOutbox(database, clock)
        self.sends = MongoSendStore(database, self.outbox.note)


@pytest.fixture
def stores(backend: str, request: pytest.FixtureRequest, clock: ManualClock) -> Stores:
    """A fresh pair."""
    if backend == "in memory":
        return InMemoryStores()
    return MongoStores(request.getfixturevalue("mongo_database"), clock)


def attempt(status: AttemptStatus, fence: int = 1) -> Attempt:
    """A line of history."""
    return Attempt(status, AT, fence, "1" * 32)


def event(number: int) -> Event[EventData]:
    """Something to tell."""
    data = MessageRefused(
        portal_id=62515,
        chert_tenant="acme",
        generation=3,
        contact_id="904",
        source="workflow",
        claim="wf:62515:ap-1",
        at=AT,
        code=1013,
        error="no phone",
    )
    return Event(type=MESSAGE_REFUSED, id=f"event-{number}", source="/actions", time=AT, data=data)


async def test_a_new_key_is_claimed_by_its_draft(stores: Stores, draft: Send) -> None:
    """What was opened is found again exactly as it was."""
    assert draft == await stores.sends.open(draft)
    assert draft == await stores.sends.find(draft.key)
    assert await stores.sends.find("wf:62515:other") is None
    assert [draft] == list(await stores.sends.find_all([draft.key, "wf:62515:other", draft.key]))
    assert [] == list(await stores.sends.find_all([]))


@pytest.mark.integration
async def test_a_claim_and_its_second_name_are_taken_together(
    mongo_database: AsyncDatabase[Document], clock: ManualClock, draft: Send
) -> None:
    """One command takes both; whoever comes later has neither, or the claim alone, and learns whose they are."""
    sends, aliases = MongoStores(mongo_database, clock).sends, MongoAliasStore(mongo_database)
    other, late = replace(draft, key="wf:62515:ap-2"), replace(draft, lease=Lease("holder-2", 1, 1))

    assert (draft, True) == await sends.open_as(draft, "name")
    assert (draft, False) == await sends.open_as(late, "another name")
    assert (other, False) == await sends.open_as(other, "name")
    assert [draft.key] * 2 == [await aliases.bind("name", key) for key in (draft.key, other.key)]
    assert await aliases.bind("another name", other.key) == other.key
    assert {draft, other} == set(await sends.latest(62515, draft.claimed_at, 9))


@pytest.mark.integration
async def test_a_repeat_is_read_where_its_first_call_was_heard(
    watched: AsyncDatabase[Document], commands: Any, clock: ManualClock, draft: Send
) -> None:
    """One read and no insert; in another process an insert that is refused, with the same answer."""
    here, elsewhere = MongoStores(watched, clock).sends, MongoStores(watched, clock).sends
    late, other = replace(draft, lease=Lease("holder-2", 1, 1)), replace(draft, key="wf:62515:ap-2")
    await here.open_as(draft, "name")
    await here.open(other)
    commands.clear()

    assert [(draft, False), other] == [await here.open_as(late, "name"), await here.open(other)]
    assert ["find", "find"] == commands.names
    assert [(draft, False), other] == [await elsewhere.open_as(late, "name"), await elsewhere.open(other)]


@pytest.mark.integration
async def test_what_is_remembered_of_claims_is_a_hint(
    mongo_database: AsyncDatabase[Document], clock: ManualClock, draft: Send
) -> None:
    """A claim that is gone, as an account's are once it is purged, is claimed anew."""
    sends = MongoStores(mongo_database, clock).sends
    await sends.open_as(draft, "name")
    for _ in range(2):
        await mongo_database["sends"].delete_many({})

        assert (draft, True) == await sends.open_as(draft, "name")


async def test_a_claim_is_opened_whatever_becomes_of_its_name(stores: Stores, draft: Send) -> None:
    """Opened under two names, a send is found as it is, once."""
    opened, _ = await stores.sends.open_as(draft, "name")

    assert [draft, draft] == [opened, await stores.sends.find(draft.key)]
    assert [draft] == list(await stores.sends.latest(62515, draft.claimed_at, 9))


@pytest.mark.parametrize("plan", [REFUSED, None])
async def test_every_member_survives(stores: Stores, draft: Send, plan: Refused | None) -> None:
    """Whatever a send may hold comes back as it was stored."""
    full = replace(
        draft, plan=plan or draft.plan, source="card", user_id=2**40, workflow_id=None, same_as="wf:62515:ap-0"
    )
    await stores.sends.open(full)

    assert full == await stores.sends.find(full.key)


async def test_the_latest_of_an_account_come_first(stores: Stores, draft: Send) -> None:
    """Sends of one account since a moment, newest first, within the limit; a request that came twice is one send."""
    for key, minutes, changes in (
        ("a", 0, {}),
        ("b", 2, {"source": "card"}),
        ("c", 1, {}),
        ("d", 3, {"same_as": "a"}),
        ("e", 4, {"portal_id": draft.portal_id + 1}),
        ("f", -1, {}),
    ):
        await stores.sends.open(replace(draft, key=key, claimed_at=AT + timedelta(minutes=minutes), **changes))

    async def latest(limit: int, source: Source | None = None) -> list[str]:
        return [one.key for one in await stores.sends.latest(draft.portal_id, AT, limit, source=source)]

    assert ["b", "c", "a"] == await latest(10)
    assert ["b"] == await latest(1)
    assert ["c"] == await latest(1, "workflow")


async def test_a_key_is_claimed_once(stores: Stores, draft: Send) -> None:
    """A second draft with the same key gets what the first left, whatever it says itself."""
    await stores.sends.open(draft)

    again = await stores.sends.open(replace(draft, lease=Lease("holder-2", 1, 1), contact_id="905"))

    assert draft == again


async def test_an_opening_repeated_by_its_holder_is_its_own(stores: Stores, draft: Send) -> None:
    """Whoever does not know whether their claim arrived may make it again, and finds themselves the holder."""
    await stores.sends.open(draft)

    assert (await stores.sends.open(draft)).lease.holder == "holder-1"


async def test_of_many_claims_one_wins(stores: Stores, draft: Send) -> None:
    """32 claims of one key at once have one winner, and everybody sees the same."""
    drafts = [replace(draft, lease=Lease(f"holder-{number}", 1, 1)) for number in range(32)]

    opened = await asyncio.gather(*(stores.sends.open(one) for one in drafts))

    assert 1 == len({send.lease.holder for send in opened})
    assert 1 == sum(send == one for send, one in zip(opened, drafts, strict=True))


async def test_of_many_take_overs_one_wins(stores: Stores, draft: Send) -> None:
    """32 candidates for one dead claim: one becomes its holder, under the next fence."""
    seen = await stores.sends.open(draft)

    taken = await asyncio.gather(
        *(stores.sends.take(seen, f"candidate-{number}", attempt("begun", 2)) for number in range(32))
    )

    [winner] = [send for send in taken if send is not None]
    assert winner == await stores.sends.find(draft.key)
    assert (2, 2, 2) == (winner.lease.fence, winner.lease.beat, len(winner.attempts))


async def test_a_take_over_repeated_by_its_candidate_is_its_own(stores: Stores, draft: Send) -> None:
    """Whoever does not know whether their take-over arrived may make it again, without a second effect."""
    seen = await stores.sends.open(draft)
    first = await stores.sends.take(seen, "candidate", attempt("begun", 2))

    assert first == await stores.sends.take(seen, "candidate", attempt("begun", 2))


async def test_what_changed_since_it_was_seen_is_not_taken(stores: Stores, draft: Send) -> None:
    """A claim let go and taken by another meanwhile is in other hands."""
    seen = await stores.sends.open(draft)
    free = await stores.sends.settle(seen, attempt("unsent"))
    held = await stores.sends.take(free, "holder-2", attempt("begun", 2))

    assert await stores.sends.take(seen, "candidate", attempt("begun", 2)) is None
    assert await stores.sends.take(free, "candidate", attempt("begun", 2)) is None
    assert held == await stores.sends.find(draft.key)


async def test_letting_go_keeps_everything_but_the_holder(stores: Stores, draft: Send) -> None:
    """A released send has no holder, one more line of history, and neither answer nor events."""
    held = await stores.sends.open(draft)

    free = await stores.sends.settle(held, attempt("unsent"))

    assert replace(draft, lease=Lease(None, 1, 2), attempts=(*draft.attempts, attempt("unsent"))) == free
    assert free == await stores.sends.find(draft.key)
    assert [] == list(await stores.outbox.pending(10))


@pytest.mark.parametrize("answer", [ACCEPTED, REFUSED])
async def test_answer_and_events_are_stored_together(stores: Stores, draft: Send, answer: Outcome) -> None:
    """The final answer and what tells it appear in one write."""
    held = await stores.sends.open(draft)

    settled = await stores.sends.settle(held, attempt("sent"), answer=answer, events=(event(1), event(2)))

    [pending] = await stores.outbox.pending(10)
    assert (answer, None) == (settled.answer, settled.lease.holder)
    assert settled == await stores.sends.find(draft.key)
    assert (draft.key, (event(1), event(2))) == (pending.document_id, pending.events)


async def test_settling_again_changes_nothing(stores: Stores, draft: Send) -> None:
    """Whoever does not know whether their answer arrived may store it again, without a second event."""
    held = await stores.sends.open(draft)
    first = await stores.sends.settle(held, attempt("sent"), answer=ACCEPTED, events=(event(1),))

    again = await stores.sends.settle(held, attempt("sent"), answer=ACCEPTED, events=(event(1),))

    [pending] = await stores.outbox.pending(10)
    assert first == again
    assert (event(1),) == pending.events


async def test_a_holder_of_the_past_settles_nothing(stores: Stores, draft: Send) -> None:
    """A write under an earlier fence is refused; the writer sees what its successor left."""
    held = await stores.sends.open(draft)
    successor = await stores.sends.take(held, "holder-2", attempt("begun", 2))

    seen = await stores.sends.settle(held, attempt("sent"), answer=ACCEPTED, events=(event(1),))

    assert successor == seen == await stores.sends.find(draft.key)
    assert [] == list(await stores.outbox.pending(10))


async def test_an_answered_send_is_not_taken(stores: Stores, draft: Send) -> None:
    """Nobody becomes the holder of what is final."""
    settled = await stores.sends.settle(await stores.sends.open(draft), attempt("sent"), answer=ACCEPTED)

    assert await stores.sends.take(settled, "candidate", attempt("begun", 2)) is None


async def test_a_deferred_send_is_not_taken(stores: Stores, draft: Send) -> None:
    """Nobody works on what another send stands for."""
    held = await stores.sends.open(draft)

    deferred = await stores.sends.settle(held, attempt("deferred"), same_as="wf:62515:ap-0")

    assert ("wf:62515:ap-0", None) == (deferred.same_as, deferred.lease.holder)
    assert await stores.sends.take(deferred, "candidate", attempt("begun", 2)) is None


async def told(stores: Stores, draft: Send, key: str, numbers: Sequence[int]) -> None:
    """A send with events to publish."""
    held = await stores.sends.open(replace(draft, key=key))
    await stores.sends.settle(held, attempt("sent"), answer=ACCEPTED, events=[event(number) for number in numbers])


async def test_events_leave_in_order_and_once_removed_stay_away(
    stores: Stores, draft: Send, clock: ManualClock
) -> None:
    """Events of one send keep their order; a removed one never returns, and what is left still does."""
    await told(stores, draft, "a", (1, 2, 3))
    [pending] = await stores.outbox.pending(10)
    assert [event(1), event(2), event(3)] == list(pending.events)

    await stores.outbox.remove("a", ["event-1", "event-2"])
    clock.advance(RELAY_SECONDS)
    [left] = await stores.outbox.pending(10)
    assert [event(3)] == list(left.events)

    await stores.outbox.remove("a", ["event-3"])
    clock.advance(RELAY_SECONDS)
    assert [] == list(await stores.outbox.pending(10))


async def test_removing_twice_is_harmless(stores: Stores, draft: Send, clock: ManualClock) -> None:
    """A relay that does not know whether its removal arrived makes it again."""
    await told(stores, draft, "a", (1, 2))

    for _ in range(2):
        await stores.outbox.remove("a", ["event-1"])

    clock.advance(RELAY_SECONDS)
    assert [[event(2)]] == [list(pending.events) for pending in await stores.outbox.pending(10)]


async def test_events_that_nobody_removed_come_again(stores: Stores, draft: Send, clock: ManualClock) -> None:
    """What a relay took and did not publish is found by a later round."""
    await told(stores, draft, "a", (1,))
    await stores.outbox.pending(10)

    clock.advance(RELAY_SECONDS)

    assert ["a"] == [pending.document_id for pending in await stores.outbox.pending(10)]


async def test_a_round_takes_no_more_than_asked(stores: Stores, draft: Send) -> None:
    """Many sends with events are taken a few at a time, and none is left out."""
    for number in range(5):
        await told(stores, draft, f"send-{number}", (number,))

    rounds: list[set[str]] = []
    for _ in range(3):
        taken = await stores.outbox.pending(2)
        rounds.append({pending.document_id for pending in taken})
        for pending in taken:
            await stores.outbox.remove(pending.document_id, [one.id for one in pending.events])

    assert [2, 2, 1] == [len(one) for one in rounds]
    assert {f"send-{number}" for number in range(5)} == set().union(*rounds)


@pytest.mark.integration
async def test_a_new_process_finds_what_a_dead_one_left(
    mongo_database: AsyncDatabase[Document], draft: Send, clock: ManualClock
) -> None:
    """Events whose process died before publishing are in the next process's first sweep, longest waiting first."""
    await MongoSendOutbox(mongo_database, clock).ensure_indexes()
    for second, key in ((3, "later"), (1, "sooner"), (2, "between")):
        stores = MongoStores(mongo_database, clock)
        held = await stores.sends.open(replace(draft, key=key))
        ended = replace(attempt("sent"), at=AT.replace(second=second))
        told = replace(event(second), time=ended.at)
        await stores.sends.settle(held, ended, answer=ACCEPTED, events=(told,))

    outbox = MongoSendOutbox(mongo_database, clock)
    await outbox.ensure_indexes()
    waiting = await outbox.pending(10)

    assert ["sooner", "between", "later"] == [pending.document_id for pending in waiting]


@pytest.mark.integration
async def test_a_burst_of_wakes_sweeps_once(
    mongo_database: AsyncDatabase[Document], draft: Send, clock: ManualClock
) -> None:
    """Rounds without anything noted look through the collection only now and then."""
    relay, other = MongoSendOutbox(mongo_database, clock), MongoStores(mongo_database, clock)
    assert [] == list(await relay.pending(10))
    held = await other.sends.open(draft)
    await other.sends.settle(held, attempt("sent"), answer=ACCEPTED, events=(event(1),))

    assert [] == list(await relay.pending(10))
    clock.advance(SWEEP_SECONDS)
    assert 1 == len(await relay.pending(10))


@pytest.mark.integration
async def test_events_that_may_not_have_been_kept_are_read(
    mongo_database: AsyncDatabase[Document], draft: Send, clock: ManualClock
) -> None:
    """What is published is what lies in the send: nothing where a write was lost, the event where it was carried out.

    Events that were noted as certain are published without a look, and taken out of the send all the same.
    """
    stores = MongoStores(mongo_database, clock)
    outbox = stores.outbox
    await told(stores, draft, "certain", (1,))
    await told(MongoStores(mongo_database, clock), draft, "heard of", (2,))
    for key in ("heard of", "never kept"):
        outbox.note(key)

    waiting = {pending.document_id: [one.id for one in pending.events] for pending in await outbox.pending(10)}
    for key, ids in waiting.items():
        await outbox.remove(key, ids)

    assert {"certain": ["event-1"], "heard of": ["event-2"]} == waiting
    assert [] == list(await outbox.pending(10))
    assert [] == list(await MongoSendOutbox(mongo_database, clock).pending(10))


@pytest.mark.integration
async def test_a_round_takes_out_what_it_published(
    mongo_database: AsyncDatabase[Document], draft: Send, clock: ManualClock
) -> None:
    """At its end nothing of it is left for another process; an event that came meanwhile is."""
    stores = MongoStores(mongo_database, clock)
    for number, key in enumerate(("a", "b")):
        await told(stores, draft, key, (number,))
    published = await stores.outbox.pending(10)
    await told(stores, draft, "c", (2,))

    await stores.outbox.forget(published)

    assert ["a", "b"] == [pending.document_id for pending in published]
    for outbox in (stores.outbox, MongoSendOutbox(mongo_database, clock)):
        assert ["c"] == [pending.document_id for pending in await outbox.pending(10)]


@pytest.mark.integration
async def test_what_a_round_takes_out_is_spread_out(
    mongo_database: AsyncDatabase[Document], draft: Send, clock: ManualClock
) -> None:
    """After a few sends there is a rest, in which the others' events are still there."""
    stores = MongoStores(mongo_database, clock)
    for number in range(PIECE + 1):
        await told(stores, draft, f"send-{number}", (number,))
    forgetting = asyncio.create_task(stores.outbox.forget(await stores.outbox.pending(100)))
    while not clock.sleeping:  # noqa: ASYNC110 - the clock tells nobody
        await asyncio.sleep(0)
    left = await MongoSendOutbox(mongo_database, clock).pending(100)
    clock.advance(RESTS_SECONDS)
    await forgetting

    assert [1, 0] == [len(left), len(await MongoSendOutbox(mongo_database, clock).pending(100))]


@pytest.mark.integration
async def test_a_send_that_is_noted_again_is_read(
    mongo_database: AsyncDatabase[Document], draft: Send, clock: ManualClock
) -> None:
    """Of a send that is certain of one event and not of another, both are published."""
    stores = MongoStores(mongo_database, clock)
    await told(stores, draft, "both", (1, 2))
    stores.outbox.note("both")

    [pending] = await stores.outbox.pending(10)

    assert ["event-1", "event-2"] == [one.id for one in pending.events]
