"""The battery of what is kept of one account: what waits for it, and forgetting it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.in_memory import (
    InMemoryAccounts,
    InMemoryAliasStore,
    InMemoryCreationQueue,
    InMemoryCreationRecords,
    InMemoryReferenceStore,
    InMemorySendStore,
    InMemoryStepStore,
)
from actions.adapters.mongo import (
    MongoAccounts,
    MongoAliasStore,
    MongoCreationQueue,
    MongoCreationRecords,
    MongoReferenceStore,
    MongoSendStore,
    MongoStepStore,
)
from actions.models import AccountView, Creation, Reference, Send, Step, StepPlan
from chassis.mongo import Document

PORTAL, OTHER = 62515, 625150


class Kept(NamedTuple):
    """The stores, and the accounts over them."""

    sends: Any
    aliases: Any
    steps: Any
    queue: Any
    references: Any
    accounts: Any


@pytest.fixture
def kept(backend: str, request: pytest.FixtureRequest) -> Kept:
    """Each version, empty."""
    if backend == "in memory":
        sends, aliases, steps = InMemorySendStore(), InMemoryAliasStore(), InMemoryStepStore()
        queue, records = InMemoryCreationQueue(), InMemoryCreationRecords()
        references = InMemoryReferenceStore()
        accounts = InMemoryAccounts(
            sends=sends, aliases=aliases, steps=steps, queue=queue, records=records, references=references
        )
        return Kept(sends, aliases, steps, queue, references, accounts)
    database = request.getfixturevalue("mongo_database")
    MongoCreationRecords(database)
    return Kept(
        MongoSendStore(database, lambda _: None),
        MongoAliasStore(database),
        MongoStepStore(database),
        MongoCreationQueue(database),
        MongoReferenceStore(database),
        MongoAccounts(database),
    )


async def fill(kept: Kept, draft: Send, portal_id: int) -> None:
    """Give an account a send under way, a step and a created contact, both waiting."""
    at = draft.claimed_at
    send = replace(draft, key=f"wf:{portal_id}:ap-1", portal_id=portal_id)
    await kept.sends.open(send)
    await kept.aliases.bind(f"wfx:{portal_id}:1:2:0:904", send.key)
    step = Step(
        key=send.key,
        portal_id=portal_id,
        contact_id="904",
        plan=StepPlan(callback_id="ap-1"),
        state="parked",
        due_at=at,
        opened_at=at - timedelta(hours=1),
        chert_tenant="acme",
    )
    await kept.steps.open(step)
    created = Creation(portal_id=portal_id, contact_id="905", occurred_at=at, change_source=None, due_at=at)
    await kept.queue.put([created])
    own = Reference(f"ap-{portal_id}", send.key, at)
    await kept.references.note([own, Reference("hash of a number", send.key, at, is_shared=True)])


async def test_an_account_is_shown_with_what_waits(kept: Kept, draft: Send) -> None:
    """Created contacts and steps are counted, the oldest named; a send under way is work; others are not shown."""
    await fill(kept, draft, PORTAL)

    shown = await kept.accounts.look([PORTAL, OTHER])

    oldest = draft.claimed_at - timedelta(hours=1)
    assert {PORTAL: AccountView(waiting=2, oldest_at=oldest, working=True)} == shown


async def test_everything_of_an_account_goes_and_nothing_of_another(kept: Kept, draft: Send) -> None:
    """Purging removes one account's documents, bit by bit; ids that begin alike are another's."""
    for portal_id in (PORTAL, OTHER):
        await fill(kept, draft, portal_id)

    first, second = await kept.accounts.purge(PORTAL, 10), await kept.accounts.purge(PORTAL, 10)

    everything = {"refs": 2, "sends": 1, "aliases": 1, "steps": 1, "creation_queue": 1}
    assert everything == first
    assert {} == second
    assert [] == list(await kept.references.keys(f"ap-{PORTAL}", draft.claimed_at))
    assert [f"wf:{OTHER}:ap-1"] == list(await kept.references.keys("hash of a number", draft.claimed_at))
    assert everything == await kept.accounts.purge(OTHER, 10)
    assert [] == list(await kept.references.keys("hash of a number", draft.claimed_at))


@pytest.mark.integration
async def test_what_is_kept_of_an_account_is_found_by_key_or_index(
    watched: AsyncDatabase[Document], commands: Any
) -> None:
    """Forgetting an account reads no collection through but the steps that are open now, where indexes are real."""
    for indexed in (
        MongoSendStore(watched, lambda _: None),
        MongoStepStore(watched),
        MongoCreationQueue(watched),
        MongoReferenceStore(watched),
    ):
        await indexed.ensure_indexes()
    commands.clear()

    await MongoAccounts(watched).purge(PORTAL, 10)

    by_account = {name for name, by in commands.filters if by == {"portal_id"}} - {"steps"}
    assert {frozenset({"_id"}), frozenset({"portal_id"}), frozenset({f"of.a{PORTAL}"})} == {
        by for _, by in commands.filters
    }
    assert [("refs", frozenset({f"of.a{PORTAL}"}))] == [look for look in commands.filters if look[0] == "refs"]
    assert "of.$**_1" in await watched["refs"].index_information()
    for name in by_account:
        indexes = (await watched[name].index_information()).values()
        assert "portal_id" in {index["key"][0][0] for index in indexes}
