"""The battery of `ReferenceStore`."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from actions.adapters.in_memory import InMemoryReferenceStore
from actions.adapters.mongo import MongoReferenceStore
from actions.models import Reference
from actions.ports import ReferenceStore

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def references(backend: str, request: pytest.FixtureRequest) -> ReferenceStore:
    """A fresh store."""
    if backend == "in memory":
        return InMemoryReferenceStore()
    return MongoReferenceStore(request.getfixturevalue("mongo_database"))


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
