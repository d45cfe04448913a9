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
from pathlib import Path
from typing import Final

import _next_release
from _next_release import MEMBER
from _sends_and_replies import AWAY, DRAIN_SECONDS, Load, errors
from _workflow_world import World, http_client
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console

from contracts.topics import CONTACT_RESTORED, dead_letter_topic
from harness.addresses import SERVICES, Environments
from harness.control import ChertControl, HubSpotControl
from harness.event_log import EventLog, partitions_of
from harness.own_systems import own_system
from harness.readiness import answers_ok
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import pace

NEWER: Final = CONTACT_RESTORED.name
NEXT: Final = Path(_next_release.__file__)
AT: Final = "2026-11-22T12:00:00+00:00"
ROUNDS: Final = {Scale.QUICK: 3, Scale.FULL: 20}
DRAIN_LIMIT_SECONDS: Final = 10.0


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
        async with load.under_way():
            drains = await _roll(system, rounds)
        await load.drain(system, hubspot)
        judged, seen = await load.judge(hubspot), await load.statuses()
        waiting = await _behind(system)
        await asyncio.to_thread(_upgrade, system)
        await EventLog(system.addresses.kafka_bootstrap).wait_drained("timeline", NEWER, seconds=DRAIN_SECONDS)
    buried = await _count(system, dead_letter_topic(NEWER, "timeline"))
    await hubspot.close()
    await chert.close()
    report.add("F16.rounds", rounds, "rounds", f">= {rounds}")
    judged.add_to(report, "F16", rounds * 40)
    report.add("F16.away", sum(count for status, count in seen.items() if status in AWAY), "attempts to come again")
    refused = errors(seen)
    report.add("F16.client_errors", sum(refused.values()), f"other answers {refused or ''}".strip(), "== 0")
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
            await tell_newer(system)
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


async def tell_newer(system: System) -> None:
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
    arguments = (sys.executable, str(NEXT), json.dumps(environment))
    system.start_beside("timeline-next", arguments, ready=lambda: answers_ok(url))


async def _behind(system: System) -> int:
    """How many events of the newer kind the timeline has not handled."""
    bootstrap = system.addresses.kafka_bootstrap
    partitions = await partitions_of(bootstrap, NEWER)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id="timeline", enable_auto_commit=False) as consumer:
        ends = await consumer.end_offsets(partitions)
        return sum([end - (await consumer.committed(one) or 0) for one, end in ends.items()])


async def _count(system: System, topic: str) -> int:
    bootstrap = system.addresses.kafka_bootstrap
    partitions = await partitions_of(bootstrap, topic)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        return sum((await consumer.end_offsets(partitions)).values())
