"""Access tokens that end in the middle of everything: they expire, refreshes fail, HubSpot refuses them, grants end.

Each expiry costs one refresh for each account, however many ask, in however many processes. What passes never
disconnects an account. One that left without a word (no push, no journal) is stopped within a minute, its replies
wait, and when the same account is connected to the same project again they go out.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from pydantic import JsonValue
from rich.console import Console

from contracts.topics import TENANT_UNINSTALLED
from harness.admins import Admin, client
from harness.control import Received
from harness.event_log import EventLog
from harness.leads import Lead, Leads
from harness.own_systems import own_system
from harness.progress import doing
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import pace

SEED: Final = 7_009
ACCOUNTS: Final = {Scale.QUICK: 30, Scale.FULL: 150}
LEADS: Final = 10
LEAVING: Final = 5
"""How many accounts leave without a word."""
TOKEN_SECONDS: Final = 1_800.0
"""How long HubSpot's access tokens live (hubspot-contract.md, section 1.2)."""
STOP_SECONDS: Final = 60.0
DRAIN_SECONDS: Final = 300.0
CREATES: Final = "/crm/objects/2026-09/communications"
TOKENS: Final = "/oauth/2026-09/token"
SUCCESS: Final = range(200, 300)
UNAUTHORISED: Final = 401
TROUBLES: Final[tuple[tuple[Mapping[str, JsonValue], ...], ...]] = (
    (),
    ({"kind": "status", "status": 500, "count": 20}, {"kind": "drop", "count": 20}),
    (
        {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "count": 20},
        {"kind": "status", "status": 503, "body": "<html>", "count": 20},
    ),
)
"""What refreshes meet at each expiry."""
console = Console()
REFUSALS: Final = 10
"""How many creates are refused for each kind of 401."""


def main(scale: Scale) -> Report:
    """Let tokens end in every way, and judge."""
    report = Report("tokens", scale, seed=SEED)
    with own_system("tokens", services=("oauth", "timeline")) as system:
        asyncio.run(_measure(system, report, ACCOUNTS[scale]))
    return report


async def _measure(system: System, report: Report, accounts: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=system.addresses.kafka_bootstrap, acks="all") as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.hubspot.switch(push_uninstall=False, journal=False)
        await leads.connect(accounts, leads=LEADS)
        await asyncio.to_thread(system.start_copy, "timeline")
        tokens = Tokens(system, leads)
        for number, troubles in enumerate(TROUBLES):
            with doing(console, f"Expiry {number + 1} of {len(TROUBLES)}"):
                await tokens.expire(troubles)
        with doing(console, "Good tokens refused"):
            await tokens.refuse()
        with doing(console, f"{LEAVING} accounts that leave without a word, and come back"):
            stopped, late = await tokens.leave(sorted({lead.portal_id for lead in leads.leads})[:LEAVING])
        await leads.all_written(seconds=DRAIN_SECONDS)
        gone = await EventLog(system.addresses.kafka_bootstrap).all(TENANT_UNINSTALLED)
        verdict = await leads.judge()
        await leads.hubspot.close()
    report.add("F9.events", verdict.said, "replies", f">= {len(leads.leads)}")
    report.add("F9.effects", verdict.written, "replies on timelines", f"== {verdict.said}")
    report.add("F9.lost", len(verdict.lost), "replies", "== 0")
    report.add("F9.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("F9.disordered", len(verdict.disordered), "conversations", "== 0")
    report.add("F9.failed_refreshes", tokens.failed, "refreshes that HubSpot failed", ">= 1")
    report.add("F9.refused_tokens", tokens.refused, "creates refused for their token", f">= {2 * REFUSALS}")
    refreshes = max(tokens.refreshed) / accounts
    report.add("F9.refreshes_per_expiry", refreshes, "for each account and expiry, at most", "<= 1")
    report.add("F9.refreshes", sum(tokens.refreshed), "refreshes", f"== {accounts * len(TROUBLES)}")
    report.add("F9.disconnected", len({one.event.data.portal_id for one in gone}), "accounts", f"== {LEAVING}")
    report.add("F9.stopped_max_s", stopped, "s from leaving to being stopped", f"<= {STOP_SECONDS:g}")
    report.add("F9.calls_after_stop", late, "calls for accounts that left, a minute later", "== 0")


class Tokens:
    """Everything that can happen to a token, while leads write."""

    def __init__(self, system: System, leads: Leads) -> None:
        self._system, self._leads = system, leads
        self._offset = 0.0
        self.refreshed: list[int] = []
        self.failed = self.refused = 0

    async def expire(self, troubles: Sequence[Mapping[str, JsonValue]]) -> None:
        """Let every token expire in the middle of a burst, with HubSpot's token route in trouble."""
        before = await self._leads.hubspot.last_request()
        await self._leads.say(self._leads.leads)
        for trouble in troubles:
            await self._leads.hubspot.fault(method="POST", path_prefix=TOKENS, exact=True, **trouble)
        self._offset += TOKEN_SECONDS
        await self._system.move_clock(offset_seconds=self._offset)
        await self._leads.say(self._leads.leads)
        await self._leads.all_written(seconds=DRAIN_SECONDS)
        await self._leads.hubspot.call_off_faults()
        asked = [
            request
            for request in await self._leads.hubspot.requests(TOKENS, since=before)
            if request.path == TOKENS and "refresh_token" in request.body
        ]
        given = [request for request in asked if request.status in SUCCESS]
        self.failed += len(asked) - len(given)
        self.refreshed.append(len(given))

    async def refuse(self) -> None:
        """Let HubSpot refuse good tokens, as expired and as no good."""
        for category in ("EXPIRED_AUTHENTICATION", "INVALID_AUTHENTICATION"):
            body = json.dumps({"status": "error", "message": "refused", "category": category})
            for path in (CREATES, f"{CREATES}/batch/create"):
                await self._leads.hubspot.fault(
                    method="POST",
                    path_prefix=path,
                    exact=True,
                    kind="status",
                    status=UNAUTHORISED,
                    body=body,
                    count=REFUSALS,
                )
        before = await self._leads.hubspot.last_request()
        while self.refused < 2 * REFUSALS:
            await self._leads.say(self._leads.leads)
            await self._leads.all_written(seconds=DRAIN_SECONDS)
            found = await self._leads.hubspot.requests(CREATES, since=before)
            self.refused = sum(request.status == UNAUTHORISED for request in found)
        await self._leads.hubspot.call_off_faults()

    async def leave(self, portals: Sequence[int]) -> tuple[float, int]:
        """Let accounts leave without a word, write to them all the while, and connect them again.

        How long the slowest took to be stopped, and how many calls were made for any a minute after it left.
        """
        leaving = [lead for lead in self._leads.leads if lead.portal_id in portals]
        await self._leads.say(self._leads.leads)
        left_at = time.time()
        for portal_id in portals:
            await self._leads.hubspot.uninstall(portal_id, push=False)
        await self._leads.say(self._leads.leads)
        log = EventLog(self._system.addresses.kafka_bootstrap)
        told = await log.wait_count(
            TENANT_UNINSTALLED, lambda data: data.portal_id in portals, len(portals), seconds=2 * STOP_SECONDS
        )
        stopped = max(position.event.time.timestamp() - self._offset - left_at for position in told)
        await pace(max(left_at + STOP_SECONDS - time.time(), 0.0))
        before = await self._leads.hubspot.last_request()
        await self._leads.say(leaving)
        await pace(STOP_SECONDS / 4)
        calls = _calls_for(leaving, await self._leads.hubspot.requests("/crm", since=before))
        await self._connect_again(portals)
        return stopped, calls

    async def _connect_again(self, portals: Sequence[int]) -> None:
        tenants = {lead.portal_id: lead.tenant for lead in self._leads.leads}
        async with client() as http:
            for portal_id in portals:
                tenant = tenants[portal_id]
                admin = await Admin.sign_in(http, self._system.url("chert"), f"ada@{tenant}.test")
                project_id = tenant.replace("tenant", "project")
                await admin.connect(self._system.url("oauth"), project_id, portal_id)


def _calls_for(leads: Sequence[Lead], requests: Sequence[Received]) -> int:
    """How many of these requests name one of these leads."""
    names = [json.dumps(name) for lead in leads for name in (lead.contact_id, lead.phone[2:])]
    return sum(any(name in request.body for name in names) for request in requests)
