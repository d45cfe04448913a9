"""The battery of `ReferenceStore`."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from actions.adapters.in_memory import InMemoryReferenceStore, InMemorySendStore
from actions.adapters.mongo import MongoReferenceStore, MongoSendStore
from actions.models import Accepted, Attempt, Reference, Send
from actions.ports import ReferenceStore, SendStore

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Stores(NamedTuple):
    """Sends, and the ids that lead to them."""

    sends: SendStore
    references: ReferenceStore


@pytest.fixture
def stores(backend: str, request: pytest.FixtureRequest) -> Stores:
    """Both, fresh."""
    if backend == "in memory":
        in_memory = InMemorySendStore()
        return Stores(in_memory, InMemoryReferenceStore(in_memory))
    database = request.getfixturevalue("mongo_database")
    return Stores(MongoSendStore(database, lambda *_: None), MongoReferenceStore(database))


@pytest.fixture
def references(stores: Stores) -> ReferenceStore:
    """The ids."""
    return stores.references


async def test_ids_lead_to_their_sends_newest_first(references: ReferenceStore) -> None:
    """One of its own leads to one, a shared one to all that have it, over months; an unknown one nowhere."""
    shared = [
        Reference("904", f"wf:1:a.{month}$", AT + timedelta(days=30 * month), is_shared=True) for month in range(9)
    ]
    await references.note([Reference("m-1", "wf:1:a.0$", AT), *shared[:5]])
    await references.note(shared[5:])

    assert ["wf:1:a.0$"] == list(await references.keys("m-1", NOW))
    assert [one.key for one in reversed(shared)] == list(await references.keys("904", NOW))
    assert [] == list(await references.keys("905", NOW))


async def test_a_repeat_changes_nothing(references: ReferenceStore) -> None:
    """The same reference, noted often and at once, is one."""
    known = [Reference("904", "a", AT, is_shared=True), Reference("m-1", "a", AT)]
    await asyncio.gather(*(references.note(known) for _ in range(8)))
    await references.note([])

    assert (["a"], ["a"]) == (list(await references.keys("904", NOW)), list(await references.keys("m-1", NOW)))


async def test_an_own_id_of_two_sends_leads_to_both(references: ReferenceStore) -> None:
    """What only one send has as a rule is kept for every one that has it, noted at once or later."""
    later = AT + timedelta(days=1)
    await references.note([Reference("t-1", "a", AT), Reference("t-1", "b", later), Reference("m-1", "a", AT)])
    await references.note([Reference("t-1", "c", later + timedelta(days=1)), Reference("m-2", "c", later)])

    assert ["c", "b", "a"] == list(await references.keys("t-1", NOW))
    assert ["c"] == list(await references.keys("m-2", NOW))


def traced(draft: Send, number: int) -> Send:
    """A send to the same contact, in a trace of its own."""
    at = draft.claimed_at + timedelta(minutes=number)
    begun = Attempt("begun", at, 1, f"{number:032x}")
    return replace(draft, key=f"wf:62515:ap-{number}", claimed_at=at, attempts=(begun,), number_hash="hash of a number")


async def test_a_send_is_found_from_its_claim_on(stores: Stores, draft: Send) -> None:
    """By its callback, trace, contact and number, though nothing came of it yet; untraced work has no trace."""
    send = traced(draft, 7)
    await stores.sends.open(send)
    await stores.sends.open(traced(draft, 0))

    for known_as in ("ap-7", f"{7:032x}"):
        assert [send.key] == list(await stores.references.keys(known_as, NOW))
    for known_as in ("904", "hash of a number"):
        assert [send.key, "wf:62515:ap-0"] == list(await stores.references.keys(known_as, NOW))
    assert [] == list(await stores.references.keys("0" * 32, NOW))


async def test_an_answered_send_is_found_by_what_chert_called_it(stores: Stores, draft: Send) -> None:
    """By its message and its chat, too, as soon as its answer is kept; and by the trace that it ended in."""
    send = traced(draft, 7)
    taken = await stores.sends.open(send)
    answer = Accepted(message_id="message-1", lead_id="chat-1", lead_created=True, phone_line_id=None)
    await stores.sends.settle(taken, Attempt("sent", send.claimed_at, 1, "b" * 32), answer=answer)

    for known_as in ("ap-7", f"{7:032x}", "904", "hash of a number", "message-1", "chat-1", "b" * 32):
        assert [send.key] == list(await stores.references.keys(known_as, NOW))


async def test_what_leads_to_sends_and_what_was_noted_are_one_list(stores: Stores, draft: Send) -> None:
    """A contact's sends and its noted references come newest first, each key once."""
    for number in (1, 3):
        await stores.sends.open(traced(draft, number))
    at = draft.claimed_at
    await stores.references.note(
        [
            Reference("904", "cc:62515:904", at + timedelta(minutes=2), is_shared=True),
            Reference("904", "wf:62515:ap-3", at, is_shared=True),
        ]
    )

    known = list(await stores.references.keys("904", NOW + timedelta(hours=1)))

    assert ["wf:62515:ap-3", "cc:62515:904", "wf:62515:ap-1"] == known
