"""Every service restarted in turn, round after round, while workflows send and leads answer.

There is one process of each service, so for as long as it is gone the gateway says so (502) or the sender finds nobody;
a roll-out with two would not even show that. Whatever else is no 2xx and no 503 is an error that a client would see. In
the middle an event of a newer version, which nobody here can read, is told: it has to wait, in no dead letter.
Both simulators' ledgers are the judge.
"""

import asyncio
import json
import time
from typing import Final

from _sends_and_replies import Load
from _workflow_world import World, http_client
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.topics import CONTACT_RESTORED, dead_letter_topic
from harness.addresses import SERVICES
from harness.control import ChertControl, HubSpotControl
from harness.event_log import partitions_of
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import pace

ROUNDS: Final = {Scale.QUICK: 3, Scale.FULL: 20}
SPEED: Final = 20.0
"""How fast the wall clock runs while HubSpot's retries, a minute and more apart, are waited for."""
DRAIN_SECONDS: Final = 300.0
DRAIN_LIMIT_SECONDS: Final = 10.0
AWAY: Final = frozenset({502, 503, None})
SUCCESS: Final = range(200, 300)


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
        await load.done(hubspot, seconds=DRAIN_SECONDS)
        judged, seen = await load.judge(hubspot), await load.statuses()
    buried = await _count(system, dead_letter_topic(CONTACT_RESTORED.name, "timeline"))
    await hubspot.close()
    await chert.close()
    report.add("F16.rounds", rounds, "rounds", f">= {rounds}")
    judged.add_to(report, "F16", rounds * 40)
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


async def _count(system: System, topic: str) -> int:
    bootstrap = system.addresses.kafka_bootstrap
    partitions = await partitions_of(bootstrap, topic)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        return sum((await consumer.end_offsets(partitions)).values())
