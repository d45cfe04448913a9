"""The disk of the database full, again and again, while workflows send and leads answer.

The database ends when it cannot write any more, and comes back after room was made. What it acknowledged is there; what
it did not is asked for again. Nothing is given up meanwhile: no dead letter, and no answer but "come again". Both
simulators' ledgers are the judge.
"""

import asyncio
from typing import Final

from _sends_and_replies import Load, errors
from _workflow_world import World, http_client
from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.topics import dead_letter_topic
from harness.backends.embedded import EmbeddedDatabase
from harness.control import ChertControl, HubSpotControl
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import eventually, pace

TIMES: Final = {Scale.QUICK: 3, Scale.FULL: 12}
BETWEEN_SECONDS: Final = 6.0
FULL_SECONDS: Final = 10.0
"""How long nobody makes room."""
PACE_SECONDS: Final = 0.25
DEAD_LETTERS: Final = dead_letter_topic("", "").removeprefix(".")
"""How the names of their topics end."""
WRITE_SECONDS: Final = 60.0
"""By when somebody has written more than fits."""


def main(scale: Scale) -> Report:
    """Fill the disk, and count."""
    report = Report("full_disk", scale)
    with own_system("full_disk") as system:
        asyncio.run(_measure(system, report, TIMES[scale]))
    return report


async def _measure(system: System, report: Report, times: int) -> None:
    hubspot, chert = HubSpotControl(system.url("hubspot")), ChertControl(system.url("chert"))
    async with http_client() as http:
        world = await World.open(system, http, 1)
        load = Load(world, chert, await world.enrolments(times * 300), pace_seconds=PACE_SECONDS)
        async with load.under_way():
            for _ in range(times):
                await pace(BETWEEN_SECONDS)
                await _fill(system)
            await pace(BETWEEN_SECONDS)
        await load.drain(system, hubspot)
        judged, seen = await load.judge(hubspot), await load.statuses()
    given_up = await _dead_letters(system)
    await hubspot.close()
    await chert.close()
    report.add("D.times", times, "the disk was full", f">= {times}")
    judged.add_to(report, "D", times * 60)
    refused = errors(seen)
    report.add("D.client_errors", sum(refused.values()), f"other answers {refused or ''}".strip(), "== 0")
    report.add("D.dead_letters", given_up, "", "== 0")


async def _fill(system: System) -> None:
    """Let the disk be full until the database has ended over it and a while longer; then make room."""
    database = system.database
    assert isinstance(database, EmbeddedDatabase), "only of an own process a file can be kept from growing"
    await asyncio.to_thread(database.fill_disk)

    async def ended() -> bool:
        return database.process is not None and not database.process.running

    await eventually(ended, what="the database to end", seconds=WRITE_SECONDS)
    await pace(FULL_SECONDS)
    await asyncio.to_thread(database.restart)


async def _dead_letters(system: System) -> int:
    """How many there are of every topic and group."""
    async with AIOKafkaConsumer(bootstrap_servers=system.addresses.kafka_bootstrap) as consumer:
        topics = [topic for topic in await consumer.topics() if topic.endswith(DEAD_LETTERS)]
        partitions = [
            TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic) or ()
        ]
        return sum((await consumer.end_offsets(partitions)).values())
