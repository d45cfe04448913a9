"""Every delivery one to ten times over 72 simulated hours, signed anew each time: the same events, the same ids.

That is what lets a consumer drop repeats. HubSpot numbers its attempts inside the events, and promises neither their
order nor that a batch comes again as the same batch; so some come again shuffled, and some in two halves. Replies are
followed further, by a system of their own: down to HubSpot's ledger, where each has one communication.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from _duplicate_replies import tell
from _ingress_deliveries import Delivery, Makers, Signer, request
from _ingress_load import OK
from _ingress_log import read
from rich.console import Console

from harness.connections import Connection
from harness.own_systems import own_system
from harness.progress import Progress
from harness.reports import Report, Scale
from harness.system import System

SEED: Final = 5_006
DELIVERIES: Final = {Scale.QUICK: 400, Scale.FULL: 4_000}
REPLIES: Final = {Scale.QUICK: 300, Scale.FULL: 3_000}
EVENTS: Final = {Scale.QUICK: 10_000, Scale.FULL: 100_000}
MOST_TIMES: Final = 10
HOURS: Final = 72
HOUR_SECONDS: Final = 3_600.0
CONNECTIONS: Final = 16
console = Console()


@dataclass(frozen=True, slots=True)
class Copy:
    """One time that a delivery comes: in which hour, and the how manieth."""

    hour: int
    attempt: int
    delivery: Delivery


def main(scale: Scale) -> Report:
    """Deliver everything again and again, hour by hour, and read which ids it was given."""
    report = Report("duplicates", scale, seed=SEED)
    with own_system("duplicates", services=("webhooks",)) as system:
        asyncio.run(_measure(system, report, scale))
    with own_system("duplicate_replies", services=("oauth", "webhooks", "timeline")) as system:
        told = asyncio.run(tell(system, REPLIES[scale], SEED))
    report.add("F6.replies", len(told.replies), "replies", f">= {REPLIES[scale]}")
    report.add("F6.reply_deliveries", told.deliveries, "deliveries", f">= {3 * REPLIES[scale]}")
    report.add("F6.replies_written", len(told.written), "replies on timelines", f"== {REPLIES[scale]}")
    report.add("F6.replies_lost", told.lost, "replies", "== 0")
    report.add("F6.replies_doubled", told.doubled, "communications beyond one for each reply", "== 0")
    return report


async def _measure(system: System, report: Report, scale: Scale) -> None:
    random = Random(SEED)  # noqa: S311 - a repeatable choice, no secret
    makers = Makers(random)
    deliveries = [makers.any() for _ in range(DELIVERIES[scale])]
    copies = sorted(_copies(deliveries, random), key=lambda copy: copy.hour)
    refused, progress = Counter[int](), Progress(console, "simulated hours of deliveries", HOURS)
    for hour, due in itertools.groupby(copies, key=lambda copy: copy.hour):
        await system.move_clock(offset_seconds=hour * HOUR_SECONDS)
        refused += await _deliver(system, list(due), hour * HOUR_SECONDS)
        progress.at(hour + 1)
    if refused:
        console.print(f"refused, by status: {dict(refused)}", highlight=False)
    told = await read(system.addresses.kafka_bootstrap)
    facts = {fact for delivery in deliveries for fact in delivery.facts}
    events = sum(len(copy.delivery.events) for copy in copies)
    report.add("F6.events", events, "events delivered", f">= {EVENTS[scale]}")
    report.add("F6.effects", len(told.records), "events told", f"== {len(facts)}")
    report.add("F6.lost", len(told.lost(facts)), "events", "== 0")
    report.add("F6.doubled", told.doubled, "ids beyond one for each event", "== 0")
    report.add("F6.shared_ids", told.shared, "events with the id of another", "== 0")
    report.add("F6.refused", refused.total(), "deliveries", "== 0")
    report.add("F6.repeats", told.repeats, "records told before, by the same id", f">= {EVENTS[scale] // 2}")


def _copies(deliveries: Iterable[Delivery], random: Random) -> Iterator[Copy]:
    for delivery in deliveries:
        hours = sorted(random.randrange(HOURS) for _ in range(random.randint(1, MOST_TIMES)))
        for attempt, hour in enumerate(hours):
            yield from (Copy(hour, attempt, part) for part in _parts(delivery, attempt, random))


def _parts(delivery: Delivery, attempt: int, random: Random) -> Sequence[Delivery]:
    """As it comes this time: whole and in order, shuffled, or in two halves."""
    form = random.randrange(3) if attempt and len(delivery.events) > 1 else 0
    if form == 0:
        return [delivery]
    shuffled = delivery.shuffled(random)
    return [shuffled] if form == 1 else shuffled.halves()


async def _deliver(system: System, copies: Sequence[Copy], offset: float) -> Counter[int]:
    """Send them over a few connections; how many were refused, by status."""
    waiting, signer = iter(copies), Signer.of(system)

    refused: Counter[int] = Counter()

    async def send_rest() -> None:
        async with await Connection.open(system.url("webhooks")) as connection:
            for copy in waiting:
                body = copy.delivery.body(copy.attempt)
                headers = signer.sign(copy.delivery, body, time.time() + offset)
                answer = await connection.exchange(request(copy.delivery, headers, body))
                if answer.status not in OK:
                    refused[answer.status] += 1

    await asyncio.gather(*(send_rest() for _ in range(CONNECTIONS)))
    return refused
