"""HubSpot wants to be left alone: 429 and 423 for a while, 477 for a day, 503 in between, each for its own accounts.

Waits are obeyed, nothing is dead-lettered, other accounts feel nothing, and in the end everything is written.
"""

import asyncio
import json
from collections import Counter
from typing import Final

from aiokafka import AIOKafkaProducer
from pydantic import JsonValue

from harness.leads import Lead, Leads
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System

SEED: Final = 7_011
REPLIES: Final = {Scale.QUICK: 1_000, Scale.FULL: 10_000}
ACCOUNTS: Final = 20
LEADS: Final = 20
TROUBLED: Final = 8
"""Accounts with trouble, two of each kind."""
DAY_SECONDS: Final = 86_400.0
OTHERS_SECONDS: Final = 30.0
DRAIN_SECONDS: Final = 300.0
OUTAGES: Final[tuple[tuple[int, float, int | None], ...]] = (
    (429, 20.0, 5),
    (423, 20.0, None),
    (477, DAY_SECONDS, int(DAY_SECONDS)),
    (503, 20.0, None),
)
"""Status, how long, and what `Retry-After` says."""


def main(scale: Scale) -> Report:
    """Be unkind to some, and look at all."""
    report = Report("throttled", scale, seed=SEED)
    with own_system("throttled", services=("oauth", "timeline")) as system:
        asyncio.run(_measure(system, report, REPLIES[scale]))
    return report


async def _measure(system: System, report: Report, replies: int) -> None:
    kafka = system.addresses.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=5) as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        portals = sorted({lead.portal_id for lead in leads.leads})
        for number, portal_id in enumerate(portals[:TROUBLED]):
            await leads.hubspot.outage(portal_id, *OUTAGES[number % len(OUTAGES)])
        troubled = [lead for lead in leads.leads if lead.portal_id in portals[:TROUBLED]]
        moving = [lead for lead in troubled if portals.index(lead.portal_id) % len(OUTAGES) == 2]
        chosen = leads.random.choices(leads.leads, k=replies)
        await leads.say(chosen)
        await leads.all_written(seconds=OTHERS_SECONDS, but=sum(lead in troubled for lead in chosen))
        await leads.all_written(seconds=DRAIN_SECONDS, but=sum(lead in moving for lead in chosen))
        asked = await _asked(leads, moving)
        await system.move_clock(offset_seconds=DAY_SECONDS)
        await leads.all_written(seconds=DRAIN_SECONDS)
        verdict = await leads.judge()
        await leads.hubspot.close()
    report.add("F11.events", verdict.said, "replies", f">= {replies}")
    report.add("F11.effects", verdict.written, "replies on timelines", f">= {replies}")
    report.add("F11.lost", len(verdict.lost), "replies", "== 0")
    report.add("F11.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("F11.disordered", len(verdict.disordered), "conversations", "== 0")
    report.add("F11.asked_while_moving_max", max(asked.values(), default=0), "calls of an account in the day", "<= 2")


async def _asked(leads: Leads, moving: list[Lead]) -> Counter[int]:
    """How often HubSpot was asked for accounts that were moving: by the contacts or numbers in refused calls."""
    owners: dict[JsonValue, int] = {lead.contact_id: lead.portal_id for lead in moving}
    owners |= {lead.phone[2:]: lead.portal_id for lead in moving}
    asked: Counter[int] = Counter()
    for request in await leads.hubspot.requests("/crm"):
        if request.status == 477:
            named = next(name for name in owners if json.dumps(name) in request.body)
            asked[owners[named]] += 1
    return asked
