"""Content that has been kept long enough."""

from typing import Any

from chassis.clock import ManualClock
from contracts.tenants import TenantSettings, TenantSnapshot
from timeline.adapters.in_memory import InMemoryHubSpot, InMemoryStores
from timeline.handlers.retention import Retention

PORTAL, DAY = 62515, 86_400


async def test_each_account_keeps_content_as_long_as_it_says(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, memory: InMemoryStores, tenant: TenantSnapshot,
    clock: ManualClock, hubspot: InMemoryHubSpot,
) -> None:  # fmt: skip
    """After the account's retention nothing of a message is left, one that still waits ends, and keys stay."""
    settings = TenantSettings(retention_days=7)
    memory.tenants.snapshots[PORTAL] = tenant.model_copy(update={"settings": settings})
    retention = Retention(tenants=memory.stores.tenants, entries=memory.stores.entries, clock=clock)
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
