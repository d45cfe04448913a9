"""Accounts that move while replies are on their way to them: no write goes out under the wrong install."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from chassis.clock import ManualClock
from contracts.tenants import TenantSnapshot
from timeline.adapters.in_memory import InMemoryHubSpot, InMemoryStores
from timeline.handlers.account_watch import TRUSTED_SECONDS
from timeline.models import Announced, Intention

ENTRY = "62515:acme:m1"


def changed(tenant: TenantSnapshot, **members: object) -> TenantSnapshot:
    """A later snapshot."""
    return TenantSnapshot.model_validate(tenant.model_dump() | {"revision": tenant.revision + 1} | members)


async def test_a_projection_that_lags_writes_nothing(
    start: Any, bring: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot, tenant: TenantSnapshot,
    memory: InMemoryStores,
) -> None:  # fmt: skip
    """An account that has moved, which we were not told yet, has no token for replies of its former project."""
    hubspot.installed[tenant.portal_id] = tenant.generation + 1
    process = start()
    await bring(process, reply())
    assert [] == hubspot.records
    assert 0 == memory.entries.entries[ENTRY].attempts

    moved = changed(tenant, project_id="project-2", chert_tenant="globex", generation=tenant.generation + 1)
    await process.tenants.project(moved)
    await wait(process, 2)

    assert [] == hubspot.records
    assert "superseded" == memory.entries.entries[ENTRY].state


async def test_a_reconnect_that_is_told_late_only_delays(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, tenant: TenantSnapshot
) -> None:
    """An account connected anew to the same project gets its replies as soon as that is known."""
    hubspot.installed[tenant.portal_id] = tenant.generation + 1
    process = start()
    await bring(process, reply())

    await process.tenants.project(changed(tenant, generation=tenant.generation + 1))
    await wait(process, 2)

    assert [ENTRY] == on_timeline()


@pytest.mark.parametrize(
    "members",
    [
        {"project_id": "project-2", "chert_tenant": "globex", "generation": 4},
        {"status": "inactive"},
        {"paused": True},
    ],
)
async def test_a_turn_that_takes_long_looks_at_the_account_again(
    start: Any, bring: Any, reply: Any, hubspot: InMemoryHubSpot, tenant: TenantSnapshot, clock: ManualClock,
    memory: InMemoryStores, members: Mapping[str, object],
) -> None:  # fmt: skip
    """A write that begins well after its turn did begins under the account as it is by then."""
    search = hubspot.by_phones

    async def search_slowly(*what: Any) -> Any:
        clock.advance(2 * TRUSTED_SECONDS)
        memory.tenants.snapshots[tenant.portal_id] = changed(tenant, **members)
        return await search(*what)

    hubspot.by_phones = search_slowly
    await bring(start(), reply())

    assert [] == hubspot.records
    assert () == memory.entries.entries[ENTRY].intents


async def test_an_install_between_intent_and_write_stops_the_write(
    start: Any, bring: Any, reply: Any, hubspot: InMemoryHubSpot, tenant: TenantSnapshot, memory: InMemoryStores
) -> None:
    """The token that a call goes out with is looked at last, and what never went out was no attempt."""
    intend = memory.entries.intend

    async def intend_and_move(intentions: Sequence[Intention]) -> Mapping[str, Announced]:
        hubspot.installed[tenant.portal_id] = tenant.generation + 1
        return await intend(intentions)

    memory.entries.intend = intend_and_move
    await bring(start(), reply())

    assert [] == hubspot.records
    assert (0, ()) == (memory.entries.entries[ENTRY].attempts, memory.entries.entries[ENTRY].intents)
