"""Chert gives up: the ingress is away until the three attempts at each reply are spent, for an hour of simulated time.

When it is back, every reply is on its timeline within five minutes, and nobody had to do anything.
"""

import asyncio
import time
from typing import Final

from rich.console import Console

from harness.admins import Admin, client
from harness.control import ChertControl, HubSpotControl
from harness.own_systems import own_system
from harness.progress import doing
from harness.reports import Report, Scale
from harness.run_file import RunFile
from harness.seeding import console_user
from harness.system import System
from harness.waiting import eventually, pace

SEED: Final = 0
REPLIES: Final = {Scale.QUICK: 100, Scale.FULL: 1_000}
HOUR_SECONDS: Final = 3_600.0
SPEED: Final = 60.0
RETURN_SECONDS: Final = 300.0
SPENT_ATTEMPTS: Final = 3
SETTLE_SECONDS: Final = 90.0
console = Console()


def main(scale: Scale) -> Report:
    """Take the ingress away for an hour, and count."""
    report = Report("chert_gave_up", scale, seed=SEED)
    with own_system("chert_gave_up", services=("oauth", "webhooks", "timeline")) as system:
        asyncio.run(_measure(system, report, REPLIES[scale]))
    return report


async def _measure(system: System, report: Report, replies: int) -> None:
    run = system.seed("acme")
    hubspot, chert = HubSpotControl(run.hubspot_url), ChertControl(run.chert_url)
    async with client() as http:
        admin = await Admin.sign_in(http, run.chert_url, console_user("acme"))
        await admin.connect(system.url("oauth"), run.portals[0].project_id, run.portals[0].portal_id)
    phone = run.portals[0].contacts[0].phone
    await chert.reply("acme", phone, "Before")
    await eventually(lambda: _count(hubspot, run, 1), what="the first reply", seconds=SETTLE_SECONDS)
    await asyncio.to_thread(system.stop, "webhooks")
    await system.move_clock(speed=SPEED)
    fast_since = time.time()
    with doing(console, f"{replies} replies, and an hour without the ingress in {HOUR_SECONDS / SPEED:g} s"):
        said = [await chert.reply("acme", phone, f"Reply {number}") for number in range(replies)]
        await pace(HOUR_SECONDS / SPEED)
    attempts = [await chert.deliveries(one.event_id) for one in said]
    await asyncio.to_thread(system.start, "webhooks")
    back = time.monotonic()
    await system.move_clock(offset_seconds=(SPEED - 1) * (time.time() - fast_since))
    with doing(console, f"All replies on the timeline, within {RETURN_SECONDS:g} s"):
        await eventually(lambda: _count(hubspot, run, replies + 1), what="all replies", seconds=RETURN_SECONDS)
    took = time.monotonic() - back
    bodies = [one.body for one in await hubspot.timeline(run.portals[0].portal_id, run.portals[0].contacts[0].id)]
    copies = [sum(f"Reply {number}<" in body for body in bodies) for number in range(replies)]
    await hubspot.close()
    await chert.close()
    report.add("F17.events", replies, "replies", f">= {replies}")
    report.add("F17.given_up", sum(len(each) == SPENT_ATTEMPTS for each in attempts), "replies", f"== {replies}")
    report.add("F17.effects", sum(count > 0 for count in copies), "replies on the timeline", f"== {replies}")
    report.add("F17.lost", copies.count(0), "replies", "== 0")
    report.add("F17.doubled", sum(count > 1 for count in copies), "replies", "== 0")
    report.add("F17.stall_max_s", took, "s after the return", f"<= {RETURN_SECONDS:g}")


async def _count(hubspot: HubSpotControl, run: RunFile, count: int) -> bool:
    portal = run.portals[0]
    return len(await hubspot.timeline(portal.portal_id, portal.contacts[0].id)) >= count
