"""An uninstall that nobody is told of: the journal finds it, and with the journal away too the next refresh does.

Accounts are uninstalled in HubSpot with every push dropped; others stay, and must not suffer. Times are by the clock
file: its speed is one while the journal is at work, and then it jumps past the life of the tokens.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import httpx2

from contracts.internal import TenantCheck
from contracts.tenants import TenantUninstalled
from contracts.topics import TENANT_UNINSTALLED
from harness.admins import Admin, client
from harness.control import HubSpotControl
from harness.event_log import EventLog, Position
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.seeding import console_user
from harness.system import System

LOST: Final = {Scale.QUICK: 20, Scale.FULL: 100}
"""Uninstalls in each half."""
STAYING: Final = 10
TOKEN_SECONDS: Final = 1_800.0
PATIENCE_SECONDS: Final = 900.0
FORBIDDEN: Final = 403
OK: Final = 200


def main(scale: Scale) -> Report:
    """Lose every push; first with the journal, then without."""
    report = Report("uninstall_lost", scale)
    with own_system("uninstall_lost", services=("oauth",)) as system:
        asyncio.run(_measure(system, report, LOST[scale]))
    return report


async def _measure(system: System, report: Report, lost: int) -> None:
    run = system.seed("acme")
    hubspot, log = HubSpotControl(run.hubspot_url), EventLog(run.kafka_bootstrap)
    await hubspot.switch(push_uninstall=False, journal=True)
    async with client() as http:
        admin = await Admin.sign_in(http, run.chert_url, console_user("acme"))
        first = run.portals[0].portal_id + 1
        portals = range(first, first + 2 * lost + STAYING)
        await _connect(system, http, admin, run.portals[0].project_id, portals)
        by_journal, by_refresh, staying = portals[:lost], portals[lost : 2 * lost], portals[2 * lost :]
        left_at = await _uninstall(hubspot, by_journal)
        found = await log.wait_count(TENANT_UNINSTALLED, _is_one_of(by_journal), lost, seconds=PATIENCE_SECONDS)
        took = [position.event.time.timestamp() - left_at[position.event.data.portal_id] for position in found]
        await hubspot.switch(journal=False)
        await _uninstall(hubspot, by_refresh)
        await system.move_clock(offset_seconds=TOKEN_SECONDS)
        refused = [await _ask(system, http, portal_id) for portal_id in by_refresh]
        served = [await _ask(system, http, portal_id) for portal_id in staying]
        told = await log.wait_count(TENANT_UNINSTALLED, lambda _: True, 2 * lost, seconds=PATIENCE_SECONDS)
        active = [await _status(system, http, portal_id) for portal_id in portals].count("active")
    await hubspot.close()
    report.add("F10.events", 2 * lost, "uninstalls lost", f">= {2 * lost}")
    report.add("F10.effects", len({_account(position) for position in told}), "uninstalls found", f"== {2 * lost}")
    report.add("F10.lost", active - STAYING, "accounts", "== 0")
    report.add("F10.doubled", len(told) - 2 * lost, "events", "== 0")
    report.add("F10.found_max_s", max(took), "s", f"<= {PATIENCE_SECONDS:.0f}")
    report.add("F10.refresh_found", refused.count(FORBIDDEN), "accounts", f"== {lost}")
    report.add("F10.harmed", STAYING - served.count(OK), "accounts", "== 0")


async def _connect(
    system: System, http: httpx2.AsyncClient, admin: Admin, project_id: str, portals: Iterable[int]
) -> None:
    for portal_id in portals:
        opened = {"portal_id": portal_id, "name": f"Account {portal_id}"}
        (await http.post(f"{system.url('hubspot')}/control/portals", json=opened)).raise_for_status()
        await admin.connect(system.url("oauth"), project_id, portal_id)


async def _uninstall(hubspot: HubSpotControl, portals: Iterable[int]) -> dict[int, float]:
    """Uninstall the app everywhere; when, by account, in Unix seconds."""
    left_at = {}
    for portal_id in portals:
        left_at[portal_id] = time.time()
        await hubspot.uninstall(portal_id, push=False)
    return left_at


def _is_one_of(portals: Sequence[int]) -> Callable[[TenantUninstalled], bool]:
    return lambda data: data.portal_id in portals


def _account(position: Position[TenantUninstalled]) -> int:
    return position.event.data.portal_id


async def _ask(system: System, http: httpx2.AsyncClient, portal_id: int) -> int:
    """Ask for an access token as a sister service does; the status of the answer."""
    url = f"{system.url('oauth')}/internal/tenants/{portal_id}/access-token"
    return (await http.post(url, headers=_credential(system))).status_code


async def _status(system: System, http: httpx2.AsyncClient, portal_id: int) -> str:
    answer = await http.get(f"{system.url('oauth')}/internal/tenants/{portal_id}", headers=_credential(system))
    return TenantCheck.model_validate_json(answer.content).status


def _credential(system: System) -> dict[str, str]:
    return {"Authorization": f"Bearer {system.credentials.service_credentials['timeline']}"}
