"""The database killed (-9), away for half a minute and slow, while workflows send and leads answer.

The ingress has no database and must not notice: every delivery is taken at the first attempt. Everything else waits,
and goes on when the database is back. Both simulators' ledgers are the judge.
"""

import asyncio
import math
import time
from typing import Final

from _broker_faults import Outage, crash, freeze, slow_disk
from _sends_and_replies import Load
from _workflow_world import World, http_client

from harness.control import ChertControl, Communication, HubSpotControl
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import elapse, pace

KILLS: Final = {Scale.QUICK: 4, Scale.FULL: 20}
AWAY_SECONDS: Final = 30.0
"""How long one of the kills and one freeze last; the other kills are short."""
SHORT_SECONDS: Final = 1.0
SLOW_SECONDS: Final = 15.0
BETWEEN_SECONDS: Final = 6.0
PACE_SECONDS: Final = 0.25
STALL_SECONDS: Final = 30.0
"""By when the first reply after a return is to be on its timeline; leases of 15 s lie between."""
TAKEN: Final = 200


def main(scale: Scale) -> Report:
    """Take the database away, and count."""
    report = Report("database_away", scale)
    with own_system("database_away") as system:
        asyncio.run(_measure(system, report, KILLS[scale]))
    return report


async def _measure(system: System, report: Report, kills: int) -> None:
    hubspot, chert = HubSpotControl(system.url("hubspot")), ChertControl(system.url("chert"))
    async with http_client() as http:
        world = await World.open(system, http, 1)
        load = Load(world, chert, await world.enrolments(kills * 300), pace_seconds=PACE_SECONDS)
        skew = time.time() - time.monotonic()
        async with load.under_way():
            outages = await _harm(system, kills)
        await load.drain(system, hubspot)
        judged = await load.judge(hubspot)
        deliveries = [await chert.deliveries(event_id) for event_id in load.said]
        written = await hubspot.logged()
    await hubspot.close()
    await chert.close()
    judged.add_to(report, "F12", kills * 100)
    report.add("F12.kills", kills, "of the database", f">= {kills}")
    late = sum(attempts[:1] != [TAKEN] for attempts in deliveries)
    report.add("F12.ingress_refused", late, "deliveries that were not taken at once", "== 0")
    stall = max(_stall(outage, written, skew) for outage in outages)
    report.add("F12.stall_max_s", stall, "s from the return to the next reply", f"<= {STALL_SECONDS:g}")


async def _harm(system: System, kills: int) -> list[Outage]:
    outages = []
    for number in range(kills):
        await pace(BETWEEN_SECONDS)
        outages.append(await crash(system.database, SHORT_SECONDS if number else AWAY_SECONDS))
    await pace(BETWEEN_SECONDS)
    outages.append(await freeze(system.database, AWAY_SECONDS))
    await pace(BETWEEN_SECONDS)
    began = time.monotonic()
    async with slow_disk(system.database):
        await elapse(SLOW_SECONDS)
    outages.append(Outage(began, time.monotonic()))
    await pace(BETWEEN_SECONDS)
    return outages


def _stall(outage: Outage, written: list[Communication], skew: float) -> float:
    """How long after a return the next reply was written, in seconds; Unix time is the monotonic clock's and this."""
    back = outage.ended + skew
    return min((one.created_at - back for one in written if one.created_at >= back), default=math.inf)
