"""Accounts that are not there yet, not there now, or elsewhere by now."""

from typing import Any

from contracts.tenants import TenantSnapshot
from timeline.adapters.in_memory import InMemoryHubSpot, InMemoryStores
from timeline.handlers.assembly import Handlers
from timeline.models import Candidate

PORTAL, ENTRY = 62515, "62515:acme:m1"


def changed(tenant: TenantSnapshot, **members: object) -> TenantSnapshot:
    """A later snapshot."""
    return TenantSnapshot.model_validate(tenant.model_dump() | {"revision": tenant.revision + 1} | members)


async def install(process: Handlers, snapshot: TenantSnapshot) -> None:
    """What a `tenant.installed` event does."""
    await process.tenants.project(snapshot)
    await process.tenants.resume(snapshot.portal_id)


async def test_a_reply_waits_in_the_inbox_for_its_tenant(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, tenant: TenantSnapshot, memory: InMemoryStores
) -> None:
    """A reply of a project that nobody has connected waits, visibly, and goes out when someone does."""
    memory.tenants.snapshots.clear()
    process = start()
    await bring(process, reply())
    assert "acme" == memory.inbox.rows["acme:m1"].waiting_for

    await install(process, tenant)
    await wait(process, 1)

    assert [ENTRY] == on_timeline()
    assert (PORTAL,) == memory.inbox.rows["acme:m1"].portals


async def test_a_tenant_that_comes_while_a_reply_is_put_to_wait_is_seen(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, tenant: TenantSnapshot, memory: InMemoryStores
) -> None:
    """Waiting and arriving cross: whoever comes second sees the other, so that no reply waits for ever."""
    memory.tenants.snapshots.clear()
    process = start()
    lay_down = memory.inbox.add

    async def add_and_install(*what: Any) -> None:
        memory.tenants.snapshots[PORTAL] = tenant
        await lay_down(*what)

    memory.inbox.add = add_and_install
    await bring(process, reply())
    await wait(process, 1)

    assert [ENTRY] == on_timeline()


async def test_replies_wait_for_a_reconnect_of_the_same_project(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, tenant: TenantSnapshot, memory: InMemoryStores
) -> None:
    """What was assigned before an uninstall waits, and goes out under the next install of the same project."""
    process = start()
    await process.store_received([reply()])
    await process.tenants.project(changed(tenant, status="inactive"))
    await wait(process, 300)
    assert [] == on_timeline()
    assert None is await memory.lanes.oldest()

    await install(process, changed(tenant, revision=tenant.revision + 2, generation=4))
    await wait(process, 1)

    assert [ENTRY] == on_timeline()


async def test_replies_of_another_project_are_superseded(
    start: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot, tenant: TenantSnapshot, memory: InMemoryStores
) -> None:
    """What was assigned under one project never goes out after the account moved to another."""
    process = start()
    await process.store_received([reply()])

    await install(process, changed(tenant, project_id="project-2", chert_tenant="globex", generation=4))
    await wait(process, 1)

    assert [] == hubspot.records
    assert "superseded" == memory.entries.entries[ENTRY].state


async def test_an_older_revision_changes_nothing(start: Any, tenant: TenantSnapshot, memory: InMemoryStores) -> None:
    """A late event of an account does not undo what is known; the same event again may repeat its effects."""
    process = start()

    assert not await process.tenants.project(changed(tenant, revision=tenant.revision - 1, status="inactive"))
    assert await process.tenants.project(tenant)

    assert "active" == memory.tenants.snapshots[PORTAL].status


async def test_every_account_of_a_project_that_knows_the_number_gets_the_reply(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, tenant: TenantSnapshot,
    memory: InMemoryStores,
) -> None:  # fmt: skip
    """Without a link each active account of the project searches; the one without such a contact is unmatched."""
    process = start()
    for portal_id in (2, 3, 4):
        status = "inactive" if portal_id == 4 else "active"
        await process.tenants.project(changed(tenant, portal_id=portal_id, status=status))
    hubspot.contacts[2] = [Candidate("77", ("+14155551234",))]
    await bring(process, reply())

    assert [ENTRY] == on_timeline()
    assert ["2:acme:m1"] == on_timeline("77", 2)
    assert "unmatched" == memory.entries.entries["3:acme:m1"].state
    assert (2, 3, PORTAL) == memory.inbox.rows["acme:m1"].portals


async def test_what_one_account_found_decides_nothing_for_another(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, tenant: TenantSnapshot,
) -> None:  # fmt: skip
    """A link that one account's search made leaves the others in: each of them has every reply, however they race."""
    process = start()
    await process.tenants.project(changed(tenant, portal_id=2))
    hubspot.contacts[2] = [Candidate("77", ("+14155551234",))]
    await process.store_received([reply("m1")])
    await process.lanes.turn(2)

    await bring(process, reply("m2"))

    assert [ENTRY, "62515:acme:m2"] == on_timeline()
    assert ["2:acme:m1", "2:acme:m2"] == on_timeline("77", 2)


async def test_accounts_that_sent_get_the_reply_alone(
    start: Any, bring: Any, reply: Any, sent: Any, on_timeline: Any, hubspot: InMemoryHubSpot, tenant: TenantSnapshot,
) -> None:  # fmt: skip
    """Once an account has sent something in a conversation, the others are left out, and nothing is searched."""
    process = start()
    await process.tenants.project(changed(tenant, portal_id=2))
    hubspot.contacts[2] = [Candidate("77", ("+14155551234",))]
    await process.learn_links([sent("904")])

    await bring(process, reply())

    assert [ENTRY] == on_timeline()
    assert [] == on_timeline("77", 2)
    assert [] == hubspot.searches


async def test_an_install_tries_the_unmatched_again(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, tenant: TenantSnapshot,
    memory: InMemoryStores,
) -> None:  # fmt: skip
    """An account that is connected again searches once more for the contacts that were missing."""
    contacts = hubspot.contacts.pop(PORTAL)
    process = start()
    await bring(process, reply("m1"), reply("m2"))
    assert "unmatched" == memory.entries.entries[ENTRY].state
    hubspot.contacts[PORTAL] = contacts

    await install(process, changed(tenant, generation=4))
    await wait(process, 1)

    assert [ENTRY, "62515:acme:m2"] == on_timeline()
    assert {} == memory.unmatched.works


async def test_a_full_lane_leaves_replies_in_the_inbox(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, memory: InMemoryStores
) -> None:
    """A work list has an end; what does not fit waits in the inbox until there is room."""
    memory.lanes._max_pending = 1
    process = start()
    await process.store_received([reply("m1")])
    await process.store_received([reply("m2")])
    assert None is not memory.inbox.rows["acme:m2"].since
    assert not (await process.drain.sweep()).more

    await wait(process, 2)

    assert [ENTRY, "62515:acme:m2"] == on_timeline()
