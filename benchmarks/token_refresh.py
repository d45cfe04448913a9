"""Ten thousand waiters for one expired token, over two processes of the service: HubSpot is asked once.

Every waiter has a connection of its own, open before the first asks. They come twice: once with simulators that add
nothing, so that most find the token refreshed already; once while HubSpot takes half a second, so that all wait.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.admins import Admin, client
from harness.connections import Answer, Connection, WireError, request
from harness.control import HubSpotControl
from harness.own_systems import own_system
from harness.paired import percentile
from harness.reports import Report, Scale
from harness.run_file import RunFile
from harness.seeding import console_user
from harness.system import System

WAITERS: Final = 10_000
OPENED_AT_ONCE: Final = 200
TOKEN_SECONDS: Final = 1_800
"""How long HubSpot's access tokens live (hubspot-contract.md, section 1.2)."""
SLOW_MILLISECONDS: Final = 500
OK: Final = 200


@dataclass(frozen=True)
class Rush:
    """What became of all waiters who came at once."""

    seconds: Sequence[float]
    answers: Sequence[Answer]
    refreshes: int

    @property
    def failed(self) -> int:
        """How many got no token."""
        return sum(answer.status != OK for answer in self.answers)

    @property
    def tokens(self) -> int:
        """How many different tokens were given."""
        return len({json.loads(answer.body)["access_token"] for answer in self.answers if answer.status == OK})


def main(scale: Scale) -> Report:
    """Connect an account, let its token expire, and let everybody ask; twice."""
    report = Report("token_refresh", scale)
    with own_system("token_refresh", services=("oauth",)) as system:
        asyncio.run(_measure(system, report))
    return report


async def _measure(system: System, report: Report) -> None:
    run = system.seed("acme")
    urls = [system.url("oauth"), system.url(system.start_copy("oauth"))]
    await _connect(run, urls[0])
    hubspot = HubSpotControl(run.hubspot_url)
    system.set_clock(offset_seconds=TOKEN_SECONDS)
    quick = await _rush(system, run, urls, hubspot)
    await hubspot.slow_down("/oauth/", SLOW_MILLISECONDS)
    system.set_clock(offset_seconds=2 * TOKEN_SECONDS)
    slow = await _rush(system, run, urls, hubspot)
    await hubspot.close()
    report.add("S10.events", len(quick.answers), "waiters", f">= {WAITERS}")
    report.add("S10.effects", len(quick.answers) - quick.failed, "tokens given", f">= {WAITERS}")
    for name, rush, milliseconds in (("S10", quick, 0), ("S10.slow", slow, SLOW_MILLISECONDS)):
        report.add(f"{name}.simulator_ms", milliseconds, "ms")
        report.add(f"{name}.refresh_calls", rush.refreshes, "calls", "== 1")
        report.add(f"{name}.failed", rush.failed, "waiters", "== 0")
        report.add(f"{name}.tokens", rush.tokens, "tokens", "== 1")
        report.add(f"{name}.p50_ms", percentile(rush.seconds, 0.5) * 1000, "ms")
        report.add(f"{name}.p99_ms", percentile(rush.seconds, 0.99) * 1000, "ms")


async def _connect(run: RunFile, oauth_url: str) -> None:
    async with client() as http:
        admin = await Admin.sign_in(http, run.chert_url, console_user(run.chert.tenant_slug))
        portal = run.portals[0]
        await admin.connect(oauth_url, portal.project_id, portal.portal_id)


async def _rush(system: System, run: RunFile, urls: Sequence[str], hubspot: HubSpotControl) -> Rush:
    """Open every connection, then let all ask at once."""
    credential = system.credentials.service_credentials["timeline"]
    target = f"/internal/tenants/{run.portals[0].portal_id}/access-token"
    wire = request("POST", target, {"Authorization": f"Bearer {credential}"})
    connections = await _open(urls)
    before = await hubspot.last_request()
    done = await asyncio.gather(*(_ask(connection, wire) for connection in connections))
    for connection in connections:
        connection.close()
    refreshes = [one for one in await hubspot.requests("/oauth/", since=before) if one.path.endswith("/token")]
    return Rush([taken for taken, _ in done], [answer for _, answer in done], len(refreshes))


async def _open(urls: Sequence[str]) -> list[Connection]:
    gate = asyncio.Semaphore(OPENED_AT_ONCE)

    async def one(url: str) -> Connection:
        async with gate:
            return await Connection.open(url)

    return await asyncio.gather(*(one(urls[number % len(urls)]) for number in range(WAITERS)))


async def _ask(connection: Connection, wire: bytes) -> tuple[float, Answer]:
    """How long one waiter waited, and what came; a connection that was closed counts as an answer without a status."""
    began = time.perf_counter()
    try:
        answer = await connection.exchange(wire)
    except WireError:
        answer = Answer(0, {}, b"")
    return time.perf_counter() - began, answer
