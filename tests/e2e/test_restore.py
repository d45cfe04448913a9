"""A day-old database is put back: what is decided after that still reaches everyone."""

import asyncio

import pytest
from rich.console import Console

from contracts.tenants import TenantUpdated
from contracts.topics import TENANT_UPDATED
from harness import backups, pages
from harness.admins import Admin, client
from harness.control import Sent
from harness.event_log import Position
from harness.journal import Journal
from harness.seeding import console_user
from harness.system import System
from harness.walk import PROJECTIONS, Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

DAY = 86_400.0
SECONDS = 60.0


async def choose_line(walk: Walk, line_id: str) -> None:
    """An admin, signed in just now, chooses which line sends."""
    run = walk.run
    async with client() as http:
        admin = await Admin.sign_in(http, run.chert_url, console_user(run.chert.tenant_slug))
        answer = await admin.change_settings(
            run.gateway_url,
            walk.portal.project_id,
            walk.portal.portal_id,
            phone_line_id=line_id,
            default_region="US",
            retention_days="90",
            auto_create_leads="on",
        )
    assert answer.has_redirect_location, pages.parse(answer.text).words


async def updated(walk: Walk, line_id: str, after: Position[TenantUpdated] | None = None) -> Position[TenantUpdated]:
    """The change of the account's line, once every projection is past it."""
    change = await walk.log.find(
        TENANT_UPDATED,
        lambda tenant: tenant.portal_id == walk.portal.portal_id and tenant.settings.phone_line_id == line_id,
        after=after,
        seconds=SECONDS,
    )
    for group in PROJECTIONS:
        await walk.log.wait_consumed(group, change, seconds=SECONDS)
    return change


async def last_sent(walk: Walk) -> Sent:
    """The message that a workflow sends now."""
    await walk.send()
    return (await walk.chert.sent(walk.run.chert.tenant_slug))[-1]


async def test_a_setting_changed_after_a_restore_reaches_every_projection(new_system: System) -> None:
    """Revisions follow the clock, so a change after the restore is newer than all that the restore forgot."""
    run = new_system.seed("restored")
    mongo_url = new_system.addresses.mongo_url
    async with Walk(run, Journal(Console(quiet=True))) as walk:
        await walk.connect()
        first, second = await walk.chert.lines("restored")
        await asyncio.to_thread(new_system.stop, "oauth")
        backup = backups.save(mongo_url, "oauth")
        await asyncio.to_thread(new_system.start, "oauth")
        new_system.set_clock(offset_seconds=DAY)
        await choose_line(walk, second)
        forgotten = await updated(walk, second)
        assert second == (await last_sent(walk)).phone_line_id

        await asyncio.to_thread(new_system.stop, "oauth")
        backups.put_back(mongo_url, backup)
        await asyncio.to_thread(new_system.start, "oauth")
        await choose_line(walk, first)
        change = await updated(walk, first)

        assert change.event.data.revision > forgotten.event.data.revision
        assert first == (await last_sent(walk)).phone_line_id
