"""The ingress against the least that a user could write instead (`baselines/bare_ingress.py`), on the real Kafka.

Both run all the time and are driven in turn, in paired windows, by the same requests over so many connections, each
with one request under way. Load generator and broker have one core, the two services the other. CPU is what the
process tree itself says. At the end the topic is read: every event of every 200 has to be there, by its id.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from _cores import Cores, keep
from _driving import MOST_RPS, OK, Load, Side, Window
from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.topics import CONTACT_CREATED
from harness import paths, ports
from harness.own_systems import own_system
from harness.paired import compare
from harness.processes import Process
from harness.reports import Report, Scale
from harness.system import System
from harness.topics import create_topic

ROUNDS: Final = {Scale.QUICK: 9, Scale.FULL: 21}
WINDOW_SECONDS: Final = 2.0
WARM_UP_SECONDS: Final = 2.0
OVERLOAD_SECONDS: Final = {Scale.QUICK: 10.0, Scale.FULL: 30.0}
OVERLOAD_CONNECTIONS: Final = 2048
STARTS: Final = {Scale.QUICK: 3, Scale.FULL: 9}
HUNDRED: Final = 100
PARTITIONS: Final = 12
OVERLOAD: Final = 4
"""Times its capacity."""

MIB: Final = 1024 * 1024
BASELINE: Final = Path(__file__).parent / "baselines" / "bare_ingress.py"


def main(scale: Scale) -> Report:
    """Compare at 32 and 128 connections, with 1 and 100 events; then rest, start and overload."""
    report = Report("ingress", scale)
    with own_system("ingress", services=("webhooks",)) as system, _load(system) as load:
        bare = Side("bare", *_start_baseline(system))
        ours = Side("webhooks", system.url("webhooks"), system.processes["webhooks"])
        _rest(report, bare, ours)
        _pin(system, load, bare, ours)
        rounds = ROUNDS[scale]
        _compare(report, load, bare, ours, 32, 1, rounds)
        capacity = _compare(report, load, bare, ours, 128, 1, rounds)
        _compare(report, load, bare, ours, 32, HUNDRED, rounds)
        _free(load)
        _overload(report, load, ours, capacity, OVERLOAD_SECONDS[scale])
        asyncio.run(_count(report, system, load, ours))
        _starts(report, system, STARTS[scale])
    return report


@contextmanager
def _load(system: System) -> Iterator[Load]:
    folder = paths.repository_root() / "build" / "runs" / "ingress"
    load = Load(system, folder)
    try:
        yield load
    finally:
        load.close()


def _start_baseline(system: System) -> tuple[str, Process]:
    asyncio.run(create_topic(system.addresses.kafka_bootstrap, "bare.received", PARTITIONS))
    port = ports.free_port()
    arguments = ("--kafka", system.addresses.kafka_bootstrap, "--port", str(port))
    process = system.start_beside(
        "bare_ingress", (sys.executable, str(BASELINE), *arguments), ready=lambda: ports.answers(port)
    )
    return f"http://127.0.0.1:{port}", process


def _rest(report: Report, bare: Side, ours: Side) -> None:
    """Memory of both, started and not yet used."""
    below, above = bare.process.resident_bytes(), ours.process.resident_bytes()
    report.add("S1c.rss_ratio", above / below, "", "<= 2.5")
    report.add("S1c.rss_mib", above / MIB, "MiB")
    report.add("S1c.bare_rss_mib", below / MIB, "MiB")


def _pin(system: System, load: Load, bare: Side, ours: Side) -> None:
    """The services on one core, generator and broker on another."""
    cores = Cores.share_out()
    for side in (bare, ours):
        keep(side.process.pid, {cores.server})
    for pid in (load.pid, system.processes["kafka"].pid):
        keep(pid, {cores.load})


def _free(load: Load) -> None:
    """Let the generator have any core but the services': beside the broker it could not keep to its schedule."""
    cores = Cores.share_out()
    keep(load.pid, {cores.load, *cores.rest})


def _compare(report: Report, load: Load, bare: Side, ours: Side, connections: int, events: int, rounds: int) -> float:
    """Both in turn; requests a second that ours takes."""
    for side in (bare, ours):
        load.window(side, connections, WARM_UP_SECONDS, events)
    pairs = [_round(load, bare, ours, connections, events, swap=bool(number % 2)) for number in range(rounds)]
    surface = "S1" if events == 1 else "S1b"
    suffix = f"_{connections}" if events == 1 else ""
    rps = [above.rps / below.rps for below, above in pairs]
    p99 = [above.p99 / below.p99 for below, above in pairs]
    cpu = [above.cpu / below.cpu for below, above in pairs]
    if events == 1:
        _ratio(report, f"{surface}.rps_ratio{suffix}", rps, ">= 1.2" if connections == 32 else ">= 1.5")  # noqa: PLR2004 - as targets say
        _ratio(report, f"{surface}.p99_ratio{suffix}", p99, "<= 0.5")
        _ratio(report, f"{surface}.cpu_ratio{suffix}", cpu, "<= 0.8")
    else:
        per_event = [above.cpu / events for _, above in pairs]
        _ratio(report, f"{surface}.cpu_us_per_event", per_event, "<= 8", unit="µs")
        _ratio(report, f"{surface}.p99_ratio", p99, "<= 0.3")
        _ratio(report, f"{surface}.rps_ratio", rps, None)
    for name, windows in (("bare", [below for below, _ in pairs]), ("webhooks", [above for _, above in pairs])):
        _inform(report, f"{surface}.{name}", suffix, windows)
    return statistics.median(above.rps for _, above in pairs)


def _round(load: Load, bare: Side, ours: Side, connections: int, events: int, *, swap: bool) -> tuple[Window, Window]:
    """A window of each; who goes first alternates."""
    sides = (ours, bare) if swap else (bare, ours)
    first, second = (load.window(side, connections, WINDOW_SECONDS, events) for side in sides)
    return (second, first) if swap else (first, second)


def _ratio(report: Report, name: str, ratios: list[float], reach: str | None, unit: str = "") -> None:
    found = compare(ratios)
    report.add(name, found.median, unit, reach)
    report.add(f"{name}_low", found.low, unit)
    report.add(f"{name}_high", found.high, unit)


def _inform(report: Report, name: str, suffix: str, windows: list[Window]) -> None:
    report.add(f"{name}_rps{suffix}", statistics.median(window.rps for window in windows), "requests/s")
    report.add(f"{name}_p50_ms{suffix}", statistics.median(window.p50 for window in windows) * 1000, "ms")
    report.add(f"{name}_p99_ms{suffix}", statistics.median(window.p99 for window in windows) * 1000, "ms")
    report.add(f"{name}_cpu_us{suffix}", statistics.median(window.cpu for window in windows), "µs")


def _overload(report: Report, load: Load, ours: Side, capacity: float, seconds: float) -> None:
    """Four times of what the service can do falls due by a fixed schedule, over more connections than it needs.

    An answer's time counts from when its request was written: what finds every connection busy is still with its
    sender, as HubSpot keeps it, and no service can answer it. It is told apart.
    """
    before, rate = ours.process.resident_bytes(), OVERLOAD * capacity
    outcome = load.drive(ours, OVERLOAD_CONNECTIONS, seconds, events=1, requests=int(MOST_RPS * seconds), rate=rate)
    statuses = outcome["statuses"]
    answers, accepted, refused = sum(statuses.values()), statuses.get(OK, 0), statuses.get("503", 0)
    report.add("S1c.overload_connections", OVERLOAD_CONNECTIONS, "")
    report.add("S1c.overload_capacity_rps", capacity, "requests/s")
    report.add("S1c.overload_due_ratio", (answers + outcome["not_sent"]) / seconds / capacity, "", ">= 3.9")
    report.add("S1c.overload_not_sent", outcome["not_sent"], "requests")
    report.add("S1c.overload_generator_late_s", outcome["late"], "s")
    report.add("S1c.overload_answers", answers, "answers", ">= 10000")
    report.add("S1c.overload_accepted", accepted, "answers")
    report.add("S1c.overload_accepted_rps", accepted / seconds, "requests/s")
    report.add("S1c.overload_refused", refused, "answers")
    report.add("S1c.overload_other", answers - accepted - refused, "", "== 0")
    report.add("S1c.overload_unanswered", outcome["broken"] + outcome["unanswered"], "requests", "== 0")
    report.add("S1c.overload_answer_p99_s", outcome["p99"], "s")
    report.add("S1c.overload_answer_max_s", outcome["longest"], "s", "<= 1")
    report.add("S1c.overload_more_rss_mib", (ours.process.resident_bytes() - before) / MIB, "MiB", "<= 64")


async def _count(report: Report, system: System, load: Load, ours: Side) -> None:
    """Read the topic from its beginning: every contact of every 200 has its event."""
    accepted = load.accepted(ours, 1) | load.accepted(ours, HUNDRED)
    found = await _contacts(system.addresses.kafka_bootstrap)
    report.add("S1.events", len(accepted), "events acknowledged", ">= 100000")
    report.add("S1.effects", len(accepted & found), "of them in the topic", f"== {len(accepted)}")
    report.add("S1c.overload_lost", len(accepted - found), "events", "== 0")


async def _contacts(bootstrap: str) -> set[int]:
    """The contacts of every event in the topic, by the events' ids."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, fetch_max_bytes=16 * MIB, max_partition_fetch_bytes=4 * MIB
    )
    await consumer.start()
    try:
        places = [TopicPartition(CONTACT_CREATED.name, partition) for partition in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: set[int] = set()
        while [place for place, end in ends.items() if await consumer.position(place) < end]:
            for records in (await consumer.getmany(timeout_ms=500, max_records=50_000)).values():
                found.update(int(dict(record.headers)["ce_id"].rpartition(b":")[2]) for record in records)
        return found
    finally:
        await consumer.stop()


def _starts(report: Report, system: System, times: int) -> None:
    """From the process's start to its readiness."""
    taken = []
    for _ in range(times):
        system.stop("webhooks")
        began = time.perf_counter()
        system.start("webhooks")
        taken.append(time.perf_counter() - began)
    report.add("S1c.ready_s", statistics.median(taken), "s", "<= 2")
