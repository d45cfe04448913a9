"""Every service restarted in turn, round after round, while workflows send and leads answer.

There is one process of each service, so for as long as it is gone the gateway says so (502) or the sender finds nobody;
a roll-out with two would not even show that. Whatever else is no 2xx and no 503 is an error that a client would see. In
the middle an event of a newer version, which nobody here can read, is told: it has to wait, in no dead letter.
Both simulators' ledgers are the judge.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from _workflow_world import FINAL, Enrolment, World, http_client, judge
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.topics import CONTACT_RESTORED, dead_letter_topic
from harness.addresses import SERVICES
from harness.control import ChertControl, HubSpotControl
from harness.event_log import partitions_of
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import eventually, pace

ROUNDS: Final = {Scale.QUICK: 3, Scale.FULL: 20}
PACE_SECONDS: Final = 0.2
"""Between two enrolments, each with an answer by an earlier contact."""
SPEED: Final = 20.0
"""How fast the wall clock runs while HubSpot's retries, a minute and more apart, are waited for."""
DRAIN_SECONDS: Final = 300.0
DRAIN_LIMIT_SECONDS: Final = 10.0
AWAY: Final = frozenset({502, 503, None})
SUCCESS: Final = range(200, 300)


@dataclass
class Load:
    """Sends and replies that never stop."""

    world: World
    chert: ChertControl
    contacts: Sequence[Enrolment]
    enrolled: list[Enrolment] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    """Texts of replies by the id of their delivery."""

    async def go_on(self) -> None:
        """Enrol one contact after the other; each answers once."""
        for contact in self.contacts:
            self.enrolled.append(contact)
            await self.world.enrol([contact])
            reply = await self.chert.reply(self.world.slug, contact.phone, f"Answer of {contact.text}.")
            self.said[reply.event_id] = reply.text
            await pace(PACE_SECONDS)


def main(scale: Scale) -> Report:
    """Restart everything, and count."""
    report = Report("rolling_restart", scale)
    with own_system("rolling_restart") as system:
        asyncio.run(_measure(system, report, ROUNDS[scale]))
    return report


async def _measure(system: System, report: Report, rounds: int) -> None:
    hubspot, chert = HubSpotControl(system.url("hubspot")), ChertControl(system.url("chert"))
    async with http_client() as http:
        world = await World.open(system, http, 1)
        load = Load(world, chert, await world.enrolments(rounds * 400))
        working = asyncio.create_task(load.go_on())
        drains = await _roll(system, rounds)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await system.move_clock(speed=SPEED)
        await eventually(lambda: _settled(world), what="every call to end", seconds=DRAIN_SECONDS)
        await eventually(lambda: _written(hubspot, load), what="every reply", seconds=DRAIN_SECONDS)
        lost, doubled = judge(await world.sent(), load.enrolled)
        seen = await _statuses(load)
    bodies = Counter(text for one in await hubspot.logged() for text in load.said.values() if text in one.body)
    buried = await _count(system, dead_letter_topic(CONTACT_RESTORED.name, "timeline"))
    await hubspot.close()
    await chert.close()
    replies = len(load.said)
    report.add("F16.rounds", rounds, "rounds", f">= {rounds}")
    report.add("F16.events", len(load.enrolled) + replies, "sends and replies", f">= {rounds * 40}")
    report.add("F16.effects", len(load.enrolled) - lost + len(bodies), "of them done", f">= {rounds * 40}")
    report.add("F16.lost", lost + replies - len(bodies), "", "== 0")
    report.add("F16.doubled", doubled + sum(bodies.values()) - len(bodies), "", "== 0")
    report.add("F16.away", sum(count for status, count in seen.items() if status in AWAY), "attempts to come again")
    errors = {status: count for status, count in seen.items() if status not in AWAY and status not in SUCCESS}
    report.add("F16.client_errors", sum(errors.values()), f"other answers {errors or ''}".strip(), "== 0")
    report.add("F16.drain_max_s", max(drains), "s", f"<= {DRAIN_LIMIT_SECONDS:g}")
    report.add("F16.newer_dead_lettered", buried, "events of a newer version", "== 0")


async def _roll(system: System, rounds: int) -> list[float]:
    """Restart every service in turn, so many times; how long each took to end."""
    drains = []
    for number in range(rounds):
        if number == rounds // 2:
            await tell_newer(system)
        for service in SERVICES:
            began = time.monotonic()
            await asyncio.to_thread(system.stop, service)
            drains.append(time.monotonic() - began)
            await asyncio.to_thread(system.start, service)
            await pace(1.0)
    return drains


async def tell_newer(system: System) -> None:
    """An event as a later release would tell it: of version 2, with a member that this one cannot know to need."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": "contact.restored:newer",
        "ce_type": CONTACT_RESTORED.name,
        "ce_source": "/webhooks",
        "ce_time": "2026-11-22T12:00:00+00:00",
        "ce_dataschema": f"urn:chert:events:{CONTACT_RESTORED.name}:2",
        "content-type": "application/json",
    }
    async with AIOKafkaProducer(bootstrap_servers=system.addresses.kafka_bootstrap, acks="all") as producer:
        value = json.dumps({"required_from_now_on": True}).encode()
        pairs = [(name, text.encode()) for name, text in headers.items()]
        await producer.send_and_wait(CONTACT_RESTORED.name, value, key=b"1", headers=pairs)


async def _settled(world: World) -> bool:
    return all(one.outcome in FINAL for one in await world.executions())


async def _written(hubspot: HubSpotControl, load: Load) -> bool:
    bodies = [one.body for one in await hubspot.logged()]
    return all(any(text in body for body in bodies) for text in load.said.values())


async def _statuses(load: Load) -> Counter[int | None]:
    """What every attempt of HubSpot and Chert was answered with."""
    seen = Counter(attempt.status for one in await load.world.executions() for attempt in one.attempts)
    for event_id in load.said:
        seen.update(await load.chert.deliveries(event_id))
    return seen


async def _count(system: System, topic: str) -> int:
    bootstrap = system.addresses.kafka_bootstrap
    partitions = await partitions_of(bootstrap, topic)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        return sum((await consumer.end_offsets(partitions)).values())
