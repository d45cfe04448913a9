"""Poison on the topic: what no consumer can read, mixed among replies, and one project that sends nothing else.

Each is dead-lettered with a reason, or held with its owner's; good replies go on at once. What poison costs is seen
beside a time without any: how long a partition stands still, and how long replies take.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from _stalls import watching
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console

from contracts.envelope import Headers
from contracts.topics import MESSAGE_RECEIVED, dead_letter_topic
from harness.event_log import EventLog, partitions_of
from harness.leads import Leads
from harness.own_systems import own_system
from harness.progress import Progress
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import eventually, pace

SEED: Final = 7_008
REPLIES: Final = {Scale.QUICK: 3_000, Scale.FULL: 30_000}
ACCOUNTS: Final = 50
LEADS: Final = 10
CHUNK: Final = 20
CHUNK_SECONDS: Final = 0.4
"""50 replies a second, which one process follows; how much it can do is for the benchmarks to say."""
CLEAN: Final = 5
"""What part of the replies comes before any poison."""
ALL_POISON: Final = 60
"""How many the one project sends, all of them poison."""
DRAIN_SECONDS: Final = 120.0
console = Console()
_MEGABYTE: Final = 1024 * 1024
_ROOM: Final = 8 * 1024
"""What a record takes beside its value."""

Poison = tuple[bytes | None, Headers]


def _headers(**changed: str) -> Headers:
    told = {
        "ce_specversion": "1.0",
        "ce_id": "poison",
        "ce_type": MESSAGE_RECEIVED.name,
        "ce_source": "/webhooks",
        "ce_time": "2026-11-22T12:00:00+00:00",
        "ce_dataschema": MESSAGE_RECEIVED.schema,
        "content-type": "application/json",
    }
    return [(name, text.encode()) for name, text in {**told, **changed}.items()]


POISONS: Final[tuple[Callable[[], Poison], ...]] = (
    lambda: (b"\xff\xfe\xfd", _headers()),
    lambda: (b"[" * 10_000 + b"]" * 10_000, _headers()),
    lambda: (b"{", _headers()),
    lambda: (b"", _headers()),
    lambda: (None, _headers()),
    lambda: (json.dumps({"chert_tenant": 7, "parts": "none"}).encode(), _headers()),
    lambda: (b"{}", _headers(ce_type="message.unknown")),
    lambda: (b"{}", _headers(ce_specversion="9.9")),
    lambda: (b"{}", _headers(ce_dataschema="urn:other:1")),
    lambda: (b"{}", [("ce_id", b"\xff\xff")]),
    lambda: (b'"' + b"x" * (_MEGABYTE - _ROOM) + b'"', _headers()),
)


def main(scale: Scale) -> Report:
    """Poison, and look at what becomes of it and of the rest."""
    report = Report("poison", scale, seed=SEED)
    with own_system("poison", services=("oauth", "timeline")) as system:
        asyncio.run(_measure(system, report, REPLIES[scale]))
    return report


async def _measure(system: System, report: Report, replies: int) -> None:
    kafka = system.addresses.kafka_bootstrap
    options = {"acks": "all", "linger_ms": 5, "max_request_size": 2 * _MEGABYTE}
    async with AIOKafkaProducer(bootstrap_servers=kafka, **options) as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        await leads.greet()
        async with watching(kafka, "timeline", MESSAGE_RECEIVED.name) as clean:
            await _say_poisoned(leads, producer, replies // CLEAN, poisons=())
            await leads.all_written(seconds=DRAIN_SECONDS)
        unharmed = await _slowest(leads)
        async with watching(kafka, "timeline", MESSAGE_RECEIVED.name) as stalls:
            poisoned = await _say_poisoned(leads, producer, replies, poisons=POISONS)
            for number in range(ALL_POISON):
                value, headers = POISONS[number % len(POISONS)]()
                await producer.send(MESSAGE_RECEIVED.name, value=value, key=b"all-poison:chat", headers=headers)
            await producer.flush()
            await leads.say(leads.random.choices(leads.leads, k=CHUNK))
            await leads.all_written(seconds=DRAIN_SECONDS)
        await EventLog(kafka).wait_drained("timeline", MESSAGE_RECEIVED.name, seconds=DRAIN_SECONDS)
        reasons = await _dead_letters(kafka)
        verdict = await leads.judge()
        slowest = await _slowest(leads)
        await leads.hubspot.close()
    buried = sum(count for (owner, _), count in reasons.items() if owner != "all-poison")
    report.add("F8.events", poisoned + ALL_POISON, "poisons", f">= {replies // 100}")
    report.add("F8.effects", verdict.written, "replies on timelines", f">= {replies}")
    report.add("F8.lost", len(verdict.lost), "replies", "== 0")
    report.add("F8.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("F8.disordered", len(verdict.disordered), "conversations", "== 0")
    report.add("F8.dead_lettered", buried, "poisons", f"== {poisoned}")
    report.add("F8.without_reason", sum(count for (_, reason), count in reasons.items() if not reason), "", "== 0")
    held = ALL_POISON - sum(count for (owner, _), count in reasons.items() if owner == "all-poison")
    report.add("F8.held", held, "poisons of the one project", ">= 1")
    report.add("F8.alive", float(system.processes["timeline"].running), "process", "== 1")
    report.add("F8.stall_max_s", stalls.longest, "s that a partition stood still", "<= 1")
    report.add("F8.clean_stall_max_s", clean.longest, "s that one did without poison")
    report.add("F8.looks_apart_s", stalls.rarest, "s between two looks at the partitions, at most")
    report.add("F8.slowest_s", slowest, "s from Kafka to the timeline")
    report.add("F8.clean_slowest_s", unharmed, "s the same without poison")


async def _say_poisoned(
    leads: Leads, producer: AIOKafkaProducer, replies: int, *, poisons: Sequence[Callable[[], Poison]]
) -> int:
    """Replies with one poison among a hundred, each in the name of some project; how many poisons."""
    poisoned = 0
    progress = Progress(console, f"replies said {'among poison' if poisons else 'without poison'}", replies)
    for said in range(0, replies, CHUNK):
        progress.at(said)
        await leads.say(leads.random.choices(leads.leads, k=CHUNK))
        if poisons and said % 100 == 0:
            value, headers = leads.random.choice(poisons)()
            key = f"{leads.random.choice(leads.leads).tenant}:chat".encode()
            await producer.send_and_wait(MESSAGE_RECEIVED.name, value=value, key=key, headers=headers)
            poisoned += 1
        await pace(CHUNK_SECONDS)
    return poisoned


async def _slowest(leads: Leads) -> float:
    """The longest that a reply took."""
    return max(one.created_at - leads.said_at[one.write_trace_id or ""] for one in await leads.written())


async def _dead_letters(kafka: str) -> Counter[tuple[str, str]]:
    """Dead letters by owner and reason."""
    topic = dead_letter_topic(MESSAGE_RECEIVED.name, "timeline")
    partitions = await partitions_of(kafka, topic)
    found: Counter[tuple[str, str]] = Counter()
    async with AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)

        async def read_all() -> bool:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    reason = dict(record.headers).get("dlq_reason", b"").decode()
                    found[(record.key or b"").decode().partition(":")[0], reason] += 1
            return all([await consumer.position(one) >= end for one, end in ends.items()])

        await eventually(read_all, what="all dead letters", seconds=DRAIN_SECONDS)
    return found
