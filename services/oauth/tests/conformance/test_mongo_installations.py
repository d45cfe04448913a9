"""What the database's own store of installations meets beside what every store does."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from chassis.mongo import Document, connect
from contracts.envelope import Event
from contracts.tenants import TenantInstalled, TenantSettings, TenantSnapshot
from contracts.topics import TENANT_INSTALLED
from oauth.adapters.mongo import MongoHistoryStore, MongoInstallationStore, ensure_indexes
from oauth.models import Actor, HistoryEntry, Installation

NOW = datetime(2026, 11, 22, 12, 30, 15, 250_000, tzinfo=UTC)
FIRST = Installation(
    portal_id=62515,
    project_id="p-acme",
    chert_tenant="acme",
    status="active",
    generation=1,
    revision=1_790_000_000_000,
    scopes=("oauth",),
    settings=TenantSettings(),
    installed_at=NOW,
    token_version=1,
)
NEXT = replace(FIRST, revision=FIRST.revision + 1)

pytestmark = pytest.mark.integration


class Vanishing(AsyncCollection[Document]):
    """A collection in which whatever is looked for has just been removed."""

    async def find_one(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing."""
        await self.delete_many({})
        return await super().find_one(*args, **kwargs)


class VanishingDatabase(AsyncDatabase[Document]):
    """A database of such collections."""

    def __getitem__(self, name: str) -> Vanishing:
        """One of them."""
        return Vanishing(self, name)


@pytest.fixture
async def empty(mongo_url: str) -> AsyncIterator[AsyncDatabase[Document]]:
    """An empty database with its indexes."""
    async with connect(mongo_url, "oauth-tests") as client:
        database = client[f"oauth_{uuid.uuid4().hex}"]
        await ensure_indexes(database)
        yield database
        await client.drop_database(database.name)


def told(about: Installation) -> Event[TenantSnapshot]:
    """The event that tells of an installation."""
    return Event(
        type=TENANT_INSTALLED,
        id=f"tenant.installed:{about.portal_id}:{about.revision}",
        source="/oauth",
        time=NOW,
        data=TenantInstalled(**dict(about.snapshot())),
    )


def remembering(about: Installation) -> HistoryEntry:
    """The entry that remembers it."""
    return HistoryEntry("renewed", NOW, about.revision, about.generation, about.project_id)


async def test_an_insert_that_loses_to_what_is_removed_is_made_again(empty: AsyncDatabase[Document]) -> None:
    """An account that was there when it was inserted, and not when it was looked for, is new after all."""
    await MongoInstallationStore(empty, relay_soon=lambda: None).record_first(FIRST, told(FIRST), remembering(FIRST))
    store = MongoInstallationStore(VanishingDatabase(empty.client, empty.name), relay_soon=lambda: None)

    assert await store.record_first(NEXT, told(NEXT), remembering(NEXT)) is None
    assert 1 == await empty["installations"].count_documents({"revision": NEXT.revision})


async def test_documents_of_the_first_release_can_be_changed(empty: AsyncDatabase[Document]) -> None:
    """A document without a seal version is replaced as long as it is as it was read, and then has one."""
    store = MongoInstallationStore(empty, relay_soon=lambda: None)
    await store.record_first(FIRST, told(FIRST), remembering(FIRST))
    await empty["installations"].update_one({"_id": FIRST.portal_id}, {"$unset": {"seal_version": ""}})

    assert FIRST == await store.get(FIRST.portal_id)
    assert not await store.record(NEXT, told(NEXT), remembering(NEXT), replacing=replace(FIRST, token_version=9))
    assert await store.record(NEXT, told(NEXT), remembering(NEXT), replacing=FIRST)
    assert NEXT == await store.get(FIRST.portal_id)
    assert not await store.record(NEXT, told(NEXT), remembering(NEXT), replacing=FIRST)


async def test_histories_of_former_releases_are_read_and_filed(empty: AsyncDatabase[Document]) -> None:
    """A document that carries all of its history, as former releases left it, is made small, and nothing is missed."""
    store, histories = MongoInstallationStore(empty, relay_soon=lambda: None), MongoHistoryStore(empty)
    await store.record_first(FIRST, told(FIRST), remembering(FIRST))
    await store.record(NEXT, told(NEXT), remembering(NEXT), replacing=FIRST)
    (one,) = [document async for document in empty["installations"].find({}, {"history": 1})]
    many = [{**one["history"][0], "revision": number} for number in range(1, 13)]
    await empty["installations"].update_one({"_id": FIRST.portal_id}, {"$set": {"history": [*many, *one["history"]]}})
    before = (await histories.of([FIRST.portal_id]))[FIRST.portal_id]

    assert 14 == len(before)
    assert 1 == await histories.file(10)
    assert before == (await histories.of([FIRST.portal_id]))[FIRST.portal_id]
    (one,) = [document async for document in empty["installations"].find({}, {"history": 1})]
    assert [] == one["history"]
    assert NEXT == await store.get(FIRST.portal_id)


async def test_a_purge_that_is_filed_erases_what_was_filed(empty: AsyncDatabase[Document]) -> None:
    """Nothing from before a purge is left in the database, nor names of who did it, once the purge is filed."""
    store, histories = MongoInstallationStore(empty, relay_soon=lambda: None), MongoHistoryStore(empty)
    await store.record_first(FIRST, told(FIRST), replace(remembering(FIRST), by=Actor("ada", "Ada")))
    await histories.file_one(FIRST.portal_id)
    await store.record(NEXT, told(NEXT), replace(remembering(NEXT), kind="purged"), replacing=FIRST)
    await histories.file_one(FIRST.portal_id)

    (filed,) = [document async for document in empty["histories"].find({})]
    assert ["purged"] == [entry["kind"] for entry in filed["entries"]]
    assert "Ada" not in str(filed)
