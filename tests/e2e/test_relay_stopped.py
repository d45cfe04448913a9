"""`oauth` stopped (SIGSTOP) in the middle of its work, replaced by another process, and woken: order holds."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from contracts.tenants import TenantInstalled
from contracts.topics import TENANT_INSTALLED
from harness.admins import Admin, client
from harness.event_log import EventLog
from harness.run_file import SeededPortal
from harness.seeding import console_user
from harness.system import System
from harness.waiting import eventually
from harness.walk import Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECONDS = 90.0
"""Longer than a stopped process keeps the lease of the relay."""

ROUNDS = 6


@pytest.fixture
async def second(system: System) -> AsyncIterator[str]:
    """One more process of `oauth`."""
    name = await asyncio.to_thread(system.start_copy, "oauth")
    yield name
    system.resume("oauth")
    await asyncio.to_thread(system.stop, name)


async def install_again(admin: Admin, url: str, portal: SeededPortal, times: int) -> None:
    """Connect the account over and over; each time is a revision."""
    for _ in range(times):
        answer = await admin.connect(url, portal.project_id, portal.portal_id)
        assert answer.has_redirect_location


async def told_of(log: EventLog, portal_id: int, count: int) -> Sequence[TenantInstalled]:
    """Everything that was told of an account's installs, repeats included, once so many were told of."""

    async def enough() -> Sequence[TenantInstalled] | None:
        told = [one.event.data for one in await log.all(TENANT_INSTALLED) if one.event.data.portal_id == portal_id]
        return told if len({data.revision for data in told}) >= count else None

    return await eventually(enough, what=f"{count} installs to be told", seconds=SECONDS)


async def test_a_stopped_process_puts_nothing_old_behind_what_is_new(walk: Walk, system: System, second: str) -> None:
    """Every install is told, in the order of revisions, and what is told last is the newest, also after the wake-up."""
    portal, log = walk.portal, EventLog(walk.run.kafka_bootstrap)
    async with client() as http:
        admin = await Admin.sign_in(http, walk.run.chert_url, console_user(walk.run.chert.tenant_slug))
        await install_again(admin, system.url("oauth"), portal, ROUNDS)
        system.pause("oauth")
        await install_again(admin, system.url(second), portal, ROUNDS)
        await told_of(log, portal.portal_id, 2 * ROUNDS)
        system.resume("oauth")
        await install_again(admin, system.url("oauth"), portal, ROUNDS)
    told = [data.revision for data in await told_of(log, portal.portal_id, 3 * ROUNDS)]

    distinct = list(dict.fromkeys(told))
    assert 3 * ROUNDS == len(distinct)
    assert sorted(distinct) == distinct
    assert distinct[-1] == told[-1]
