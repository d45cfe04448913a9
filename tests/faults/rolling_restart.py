"""Every service restarted in turn, round after round, while workflows send and leads answer.

There is one process of each service, so for as long as it is gone the gateway says so (502) or the sender finds nobody;
a roll-out with two would not even show that. Whatever else is no 2xx and no 503 is an error that a client would see. In
the middle an event of a newer version, which nobody here can read, is told: it has to wait, in no dead letter, until
the timeline is of a release that reads it. Both simulators' ledgers are the judge.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import _next_release
import httpx2
from _next_release import MEMBER
from _workflow_world import FINAL, Enrolment, World, http_client, judge
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console

from contracts.topics import CONTACT_RESTORED, dead_letter_topic
from harness.addresses import SERVICES, Environments
from harness.control import ChertControl, HubSpotControl
from harness.event_log import EventLog, partitions_of
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import eventually, pace

NEWER: Final = CONTACT_RESTORED.name
NEXT: Final = Path(_next_release.__file__)
AT: Final = "2026-11-22T12:00:00+00:00"
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
        waiting = await _behind(system)
        await asyncio.to_thread(_upgrade, system)
        await EventLog(system.addresses.kafka_bootstrap).wait_drained("timeline", NEWER, seconds=DRAIN_SECONDS)
        lost, doubled = judge(await world.sent(), load.enrolled)
        seen = await _statuses(load)
    bodies = Counter(text for one in await hubspot.logged() for text in load.said.values() if text in one.body)
    buried = await _count(system, dead_letter_topic(NEWER, "timeline"))
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
    report.add("F16.newer_waiting", waiting, "events of a newer version before the upgrade", "== 1")
    report.add("F16.newer_handled", waiting - await _behind(system), "of them after it", "== 1")
    report.add("F16.newer_dead_lettered", buried, "of them", "== 0")


async def _roll(system: System, rounds: int) -> list[float]:
    """Restart every service in turn, so many times; how long each took to end."""
    drains: list[float] = []
    began_at = time.monotonic()
    for number in range(rounds):
        _tell_progress(number, rounds, time.monotonic() - began_at)
        if number == rounds // 2:
            await _tell_newer(system)
        for service in SERVICES:
            began = time.monotonic()
            await asyncio.to_thread(system.stop, service)
            drains.append(time.monotonic() - began)
            await asyncio.to_thread(system.start, service)
            await pace(1.0)
    return drains


def _tell_progress(number: int, rounds: int, seconds: float) -> None:
    left = f", about {seconds / number * (rounds - number):.0f} s left" if number else ""
    Console().print(f"round {number + 1} of {rounds}{left}")


async def _tell_newer(system: System) -> None:
    """An event as a later release would tell it: of version 2, with a member that this one cannot know to need."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": f"{NEWER}:newer",
        "ce_type": NEWER,
        "ce_source": "/webhooks",
        "ce_time": AT,
        "ce_dataschema": f"urn:chert:events:{NEWER}:{CONTACT_RESTORED.version + 1}",
        "content-type": "application/json",
    }
    async with AIOKafkaProducer(bootstrap_servers=system.addresses.kafka_bootstrap, acks="all") as producer:
        value = {"portal_id": 1, "contact_id": "1", "occurred_at": AT, MEMBER: True}
        pairs = [(name, text.encode()) for name, text in headers.items()]
        await producer.send_and_wait(NEWER, json.dumps(value).encode(), key=b"1", headers=pairs)


def _upgrade(system: System) -> None:
    """The timeline, of a release that reads it."""
    system.stop("timeline")
    environment = Environments(system.addresses, system.credentials, system.files).of("timeline")
    url = f"{system.url('timeline')}/readyz"

    def ready() -> bool:
        try:
            return httpx2.get(url, timeout=2, trust_env=False).is_success
        except httpx2.TransportError:
            return False

    system.start_beside("timeline-next", (sys.executable, str(NEXT), json.dumps(environment)), ready=ready)


async def _behind(system: System) -> int:
    """How many events of the newer kind the timeline has not handled."""
    bootstrap = system.addresses.kafka_bootstrap
    partitions = await partitions_of(bootstrap, NEWER)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id="timeline", enable_auto_commit=False) as consumer:
        ends = await consumer.end_offsets(partitions)
        return sum([end - (await consumer.committed(one) or 0) for one, end in ends.items()])


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
