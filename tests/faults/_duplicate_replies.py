"""Replies that Chert delivers again and again over 72 simulated hours, followed down to HubSpot's ledger."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass
from random import Random
from typing import Final

from aiokafka import AIOKafkaProducer
from rich.console import Console

from contracts.topics import MESSAGE_RECEIVED
from harness.control import ChertControl
from harness.event_log import EventLog
from harness.leads import Lead, Leads
from harness.progress import Progress
from harness.system import System
from harness.waiting import eventually

ACCOUNTS: Final = 10
LEADS: Final = 5
STEPS: Final = 12
STEP_SECONDS: Final = 6 * 3_600.0
MOST_TIMES: Final = 10
AT_ONCE: Final = 8
DRAIN_SECONDS: Final = 300.0
console = Console()


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the replies.

    Attributes:
        replies: how many were written by leads.
        deliveries: how often they were delivered, all together.
        written: communications on timelines, by reply.
    """

    replies: frozenset[str]
    deliveries: int
    written: Counter[str]

    @property
    def lost(self) -> int:
        """Replies on no timeline."""
        return len(self.replies - self.written.keys())

    @property
    def doubled(self) -> int:
        """Communications beyond one for each reply."""
        return self.written.total() - len(self.written)


async def tell(system: System, replies: int, seed: int) -> Told:
    """Let leads write, deliver each reply one to ten times over the hours, and read HubSpot's ledger at the end."""
    random = Random(seed)  # noqa: S311 - a repeatable choice, no secret
    kafka, chert = system.addresses.kafka_bootstrap, ChertControl(system.url("chert"))
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        leads = Leads.of(system, producer, seed)
        await leads.connect(ACCOUNTS, leads=LEADS)
        said = await _say(chert, [random.choice(leads.leads) for _ in range(replies)])
        plan = _plan(sorted(said.values()), random)
        deliveries = len(said) + sum(map(len, plan.values()))
        progress = Progress(console, "steps of six simulated hours", STEPS)
        for step in range(STEPS):
            await system.move_clock(offset_seconds=(step + 1) * STEP_SECONDS)
            await _redeliver(chert, plan[step])
            progress.at(step + 1)
        log = EventLog(kafka)
        await log.wait_drained("timeline", MESSAGE_RECEIVED.name, seconds=DRAIN_SECONDS)

        async def all_written() -> bool:
            return said.keys() <= {one.write_trace_id for one in await leads.hubspot.logged()}

        await eventually(all_written, what="every reply on its timeline", seconds=DRAIN_SECONDS)
        written = Counter(one.write_trace_id or "" for one in await leads.hubspot.logged())
        await leads.hubspot.close()
    await chert.close()
    return Told(frozenset(said), deliveries, written)


async def _say(chert: ChertControl, leads: list[Lead]) -> dict[str, str]:
    """Each of these leads writes; the events by the id that a reply's write carries."""
    alone = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, lead: Lead) -> tuple[str, str]:
        async with alone:
            reply = await chert.reply(lead.tenant, lead.phone, f"Reply {number}")
            await _delivered(chert, reply.event_id, 1)
        return f"{lead.portal_id}:{lead.tenant}:{reply.message_id}", reply.event_id

    return dict(await asyncio.gather(*(one(number, lead) for number, lead in enumerate(leads))))


def _plan(event_ids: list[str], random: Random) -> dict[int, list[str]]:
    """In which step each event comes again, up to nine times, several times in a step included."""
    plan: dict[int, list[str]] = defaultdict(list)
    for event_id in event_ids:
        for _ in range(random.randrange(MOST_TIMES)):
            plan[random.randrange(STEPS)].append(event_id)
    return plan


async def _redeliver(chert: ChertControl, event_ids: list[str]) -> None:
    """Deliver these again, freshly signed, and return when each was delivered."""
    alone = asyncio.Semaphore(AT_ONCE)

    async def one(event_id: str, times: int) -> None:
        async with alone:
            before = len(await chert.deliveries(event_id))
            for _ in range(times):
                await chert.redeliver(event_id)
            await _delivered(chert, event_id, before + times)

    await asyncio.gather(*(one(event_id, times) for event_id, times in Counter(event_ids).items()))


async def _delivered(chert: ChertControl, event_id: str, times: int) -> None:
    """Return when an event was delivered so often: what is under way when time jumps is refused as stale."""

    async def enough() -> bool:
        return len(await chert.deliveries(event_id)) >= times

    await eventually(enough, what=f"{event_id} to be delivered", seconds=DRAIN_SECONDS)
