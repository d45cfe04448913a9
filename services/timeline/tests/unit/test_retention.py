"""Content that has been kept long enough."""

from typing import Any

import pytest

from chassis.clock import ManualClock
from chassis.metrics import Metrics
from contracts.tenants import TenantSettings, TenantSnapshot
from timeline.adapters.in_memory import InMemoryHubSpot, InMemoryStores
from timeline.handlers.retention import Retention

PORTAL, DAY = 62515, 86_400


@pytest.fixture
def retention(memory: InMemoryStores, clock: ManualClock, metrics: Metrics) -> Retention:
    """What lets content grow old."""
    stores = memory.stores
    return Retention(tenants=stores.tenants, entries=stores.entries, inbox=stores.inbox, clock=clock, metrics=metrics)


async def test_each_account_keeps_content_as_long_as_it_says(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, memory: InMemoryStores, tenant: TenantSnapshot,
    clock: ManualClock, hubspot: InMemoryHubSpot, retention: Retention,
) -> None:  # fmt: skip
    """After the account's retention nothing of a message is left, one that still waits ends, and keys stay."""
    settings = TenantSettings(retention_days=7)
    memory.tenants.snapshots[PORTAL] = tenant.model_copy(update={"settings": settings})
    process = start()
    await bring(
        process, reply("m1", text="Secret"), reply("m2", text="Secret", chat_id="chat-2", sender="+12125550199")
    )
    clock.advance(7 * DAY)
    assert not await retention.step()
    assert "Secret" in str(memory.entries.entries["62515:acme:m1"].message)
    clock.advance(1)

    assert not await retention.step()
    await bring(process, reply("m1", text="Secret"), reply("m2", text="Secret", chat_id="chat-2"))
    await wait(process, 2)

    entries = memory.entries.entries
    assert ["recorded", "expired"] == [entries[f"62515:acme:m{n}"].state for n in (1, 2)]
    assert "Secret" not in str([entry.message for entry in entries.values()])
    assert 1 == len(hubspot.records)


async def test_what_waits_for_nobody_ends(
    start: Any, bring: Any, reply: Any, memory: InMemoryStores, clock: ManualClock, retention: Retention,
    metrics: Metrics,
) -> None:  # fmt: skip
    """A message of a project that no account is connected to waits as long as content is kept, and ends visibly."""
    process = start()
    await bring(process, reply("m1", text="Secret", chert_tenant="globex"))
    clock.advance(90 * DAY)
    assert not await retention.step()
    assert "Secret" in str(memory.inbox.rows)
    clock.advance(1)

    assert not await retention.step()
    await bring(process, reply("m1", text="Secret", chert_tenant="globex"))

    assert "Secret" not in str(memory.inbox.rows)
    assert [] == list(await memory.stores.inbox.awaited())
    assert 'replies_total{outcome="expired"} 1.0' in metrics.render().decode()


async def test_a_project_is_as_patient_as_its_accounts(
    start: Any, bring: Any, reply: Any, memory: InMemoryStores, clock: ManualClock, retention: Retention,
    tenant: TenantSnapshot, on_timeline: Any,
) -> None:  # fmt: skip
    """While an account that left is known, its setting holds; whoever connects in time gets what waited."""
    settings = TenantSettings(retention_days=200)
    left = tenant.model_copy(update={"status": "inactive", "settings": settings})
    memory.tenants.snapshots[PORTAL] = left
    process = start()
    await bring(process, reply())
    clock.advance(199 * DAY)
    await retention.step()

    back = left.model_copy(update={"status": "active", "revision": left.revision + 1})
    await process.tenants.project(back)
    await process.drain.sweep()
    await process.lanes.turn(PORTAL)

    assert ["62515:acme:m1"] == on_timeline()
