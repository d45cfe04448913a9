"""The batteries of `CreationQueue`, `CreationRecords`, `InstallTimes` and `SendContents`."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actions.adapters.in_memory import (
    InMemoryCreationQueue,
    InMemoryCreationRecords,
    InMemoryInstallTimes,
    InMemorySendContents,
    InMemorySendStore,
)
from actions.adapters.mongo import (
    MongoCreationQueue,
    MongoCreationRecords,
    MongoInstallTimes,
    MongoSendContents,
    MongoSendStore,
)
from actions.models import ERASED, Accepted, Attempt, Creation, Erased, Send, SettledCreation
from actions.ports import CreationQueue, CreationRecords, InstallTimes, SendContents, SendStore

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
SENT = Accepted(message_id="m-1", lead_id="lead-1", lead_created=True, phone_line_id=None)


@pytest.fixture
def queue(backend: str, request: pytest.FixtureRequest) -> CreationQueue:
    """A fresh queue."""
    if backend == "in memory":
        return InMemoryCreationQueue()
    return MongoCreationQueue(request.getfixturevalue("mongo_database"))


@pytest.fixture
async def indexed(queue: CreationQueue) -> None:
    """The queue with its indexes, as a process has it."""
    if isinstance(queue, MongoCreationQueue):
        await queue.ensure_indexes()


@pytest.fixture
def records(backend: str, request: pytest.FixtureRequest) -> CreationRecords:
    """A fresh store."""
    if backend == "in memory":
        return InMemoryCreationRecords()
    return MongoCreationRecords(request.getfixturevalue("mongo_database"))


@pytest.fixture
def installs(backend: str, request: pytest.FixtureRequest) -> InstallTimes:
    """A fresh store."""
    if backend == "in memory":
        return InMemoryInstallTimes()
    return MongoInstallTimes(request.getfixturevalue("mongo_database"))


@pytest.fixture
def sends(backend: str, request: pytest.FixtureRequest) -> SendStore:
    """A fresh store of sends."""
    if backend == "in memory":
        return InMemorySendStore()
    return MongoSendStore(request.getfixturevalue("mongo_database"), lambda _, __: None)


@pytest.fixture
def contents(sends: SendStore, backend: str, request: pytest.FixtureRequest) -> SendContents:
    """The contents of that store."""
    if isinstance(sends, InMemorySendStore):
        return InMemorySendContents(sends)
    return MongoSendContents(request.getfixturevalue("mongo_database"))


def creation(contact_id: str = "904", portal_id: int = 1, seconds: int = 0) -> Creation:
    """One that is due so many seconds after noon."""
    return Creation(
        portal_id=portal_id,
        contact_id=contact_id,
        occurred_at=NOON,
        change_source=None,
        due_at=NOON + timedelta(seconds=seconds),
    )


async def test_what_waits_is_given_out_once(queue: CreationQueue) -> None:
    """Oldest first, one account's alone, and nobody else gets it meanwhile."""
    await queue.put([])
    await queue.put([creation("2", seconds=-1), creation("1", seconds=-2), creation("3", seconds=1), creation("4", 2)])
    await queue.put([creation("1", seconds=9)])

    assert [1, 2] == sorted(await queue.accounts_due(NOON, ()))
    assert [2] == list(await queue.accounts_due(NOON, {1}))
    assert [creation("1", seconds=-2)] == list(await queue.take(1, NOON, LATER, 1))
    assert ["2"] == [one.contact_id for one in await queue.take(1, NOON, LATER, 9)]
    assert [] == list(await queue.take(1, NOON, LATER, 9))
    assert ["1", "2", "3"] == sorted(one.contact_id for one in await queue.take(1, LATER, LATER, 9))


async def test_many_takers_share(queue: CreationQueue, indexed: None) -> None:
    """Eight takers at once: each contact goes to one of them at most."""
    await queue.put([creation(str(number)) for number in range(20)])

    taken = await asyncio.gather(*(queue.take(1, NOON, LATER, 20) for _ in range(8)))

    given = [one.contact_id for share in taken for one in share]
    assert sorted(set(given)) == sorted(given)


async def test_what_is_put_off_comes_again(queue: CreationQueue) -> None:
    """Alone, or with its whole account; how often it was put off is counted; another account feels nothing."""
    one, other = creation("1"), creation("2")
    await queue.put([one, other, creation("3", portal_id=2)])

    await queue.put_off(one, LATER)
    assert ["2"] == [due.contact_id for due in await queue.take(1, NOON, NOON, 9)]
    await queue.put_off_account(1, LATER)
    assert [2] == list(await queue.accounts_due(NOON, ()))

    due = sorted(await queue.take(1, LATER, LATER, 9), key=lambda found: found.contact_id)
    assert [("1", 1, LATER), ("2", 0, LATER)] == [(found.contact_id, found.attempts, found.due_at) for found in due]


async def test_an_account_is_never_hurried(queue: CreationQueue) -> None:
    """Letting an account wait does not bring forward what waits longer."""
    await queue.put([creation("1", seconds=600)])

    await queue.put_off_account(1, LATER)

    assert [] == list(await queue.accounts_due(LATER, ()))


async def test_what_is_settled_is_gone(queue: CreationQueue) -> None:
    """And putting off what is gone brings nothing back."""
    await queue.put([creation()])
    await queue.remove(creation())
    await queue.put_off(creation(), NOON)

    assert [] == list(await queue.accounts_due(LATER, ()))


async def test_the_first_record_stays(records: CreationRecords) -> None:
    """What became of a contact is said once."""
    first = SettledCreation(key="cc:1:904", portal_id=1, status="skipped", reason="off", at=NOON, trace_id="0" * 32)
    await records.record([])
    await records.record([first])
    await records.record([replace(first, status="sent", reason=None), replace(first, key="cc:1:905")])

    assert first == await records.find("cc:1:904")
    assert replace(first, key="cc:1:905") == await records.find("cc:1:905")
    assert await records.find("cc:2:904") is None


async def test_the_newest_install_counts(installs: InstallTimes) -> None:
    """A generation's begin is kept as it was told first; a later one replaces it, an earlier one does not."""
    assert await installs.since(1) is None
    for generation, at in ((2, NOON), (2, LATER), (1, LATER)):
        await installs.note(1, generation, at)
    assert NOON == await installs.since(1)

    await asyncio.gather(*(installs.note(1, 3, LATER) for _ in range(8)))

    assert LATER == await installs.since(1)
    assert await installs.since(2) is None


async def answered(sends: SendStore, draft: Send) -> Send:
    """A send that went out."""
    held = await sends.open(draft)
    return await sends.settle(held, Attempt("sent", NOON, 1, "0" * 32), answer=SENT)


async def test_a_contact_is_erased(sends: SendStore, contents: SendContents, draft: Send) -> None:
    """Every send to that contact of that account loses content and answer, finished or not, and no other."""
    await answered(sends, draft)
    await sends.open(replace(draft, key="wf:62515:ap-2"))
    other = await answered(sends, replace(draft, key="wf:62515:ap-3", contact_id="905"))
    elsewhere = await answered(sends, replace(draft, key="wf:1:ap-1", portal_id=1))

    assert 2 == await contents.erase(62515, "904")

    for key in (draft.key, "wf:62515:ap-2"):
        send = await sends.find(key)
        assert send is not None
        assert (Erased(), ERASED, "") == (send.plan, send.answer, send.fingerprint)
    assert other == await sends.find(other.key)
    assert elsewhere == await sends.find(elsewhere.key)


async def test_contents_are_purged(sends: SendStore, contents: SendContents, draft: Send) -> None:
    """Answered sends of that account that are older lose their content and keep their answer; once."""
    await answered(sends, draft)
    waiting = await sends.open(replace(draft, key="wf:62515:ap-2"))
    newer = await answered(sends, replace(draft, key="wf:62515:ap-3", claimed_at=LATER))
    elsewhere = await answered(sends, replace(draft, key="wf:1:ap-1", portal_id=1))

    assert 0 == await contents.purge(62515, draft.claimed_at)
    assert 1 == await contents.purge(62515, LATER)
    assert 0 == await contents.purge(62515, LATER)

    send = await sends.find(draft.key)
    assert send is not None
    assert (Erased(), SENT, "") == (send.plan, send.answer, send.fingerprint)
    for untouched in (waiting, newer, elsewhere):
        assert untouched == await sends.find(untouched.key)
