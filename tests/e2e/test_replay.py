"""Lost replies and dead letters, and the commands that bring them back, each once."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from tests.e2e._golden import same_as_golden

from chassis.brake import MOST_PER_OWNER
from contracts.envelope import Event
from contracts.messages import MessageReceived
from contracts.topics import MESSAGE_RECEIVED, OPS_AUDITED, dead_letter_topic
from harness.event_log import EventLog, partitions_of
from harness.leads import Leads
from harness.operators import Operator
from harness.session import TestSession
from harness.system import System
from harness.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LETTERS = dead_letter_topic(MESSAGE_RECEIVED.name, "timeline")
SECONDS = 90.0
OF_TIMELINE = ("--group", "timeline")


@pytest.fixture
def replies(harness_session: TestSession) -> Iterator[System]:
    """A system that takes in replies, for one test alone."""
    with harness_session.system(services=("oauth", "timeline")) as system:
        yield system


@pytest.fixture
async def producer(replies: System) -> AsyncIterator[AIOKafkaProducer]:
    """Puts records on topics."""
    async with AIOKafkaProducer(bootstrap_servers=replies.addresses.kafka_bootstrap, acks="all") as producer:
        yield producer


@pytest.fixture
def operator(replies: System) -> Operator:
    """Somebody on call."""
    return Operator.of(replies)


async def test_an_operator_brings_back_what_was_lost(
    replies: System, producer: AIOKafkaProducer, operator: Operator
) -> None:
    """What a group never worked through is written once by a replay, and what it has is left as it is."""
    leads = Leads.of(replies, producer, seed=5)
    await leads.connect(1, leads=2)
    await leads.say([leads.leads[0], leads.leads[1], leads.leads[0]])
    await leads.all_written(seconds=SECONDS)
    await asyncio.to_thread(replies.stop, "timeline")
    await leads.say([leads.leads[0], leads.leads[1]])
    await _skip_to_the_end(replies)
    same_as_golden("topics-lag", await _ask(operator, "topics", "lag", "-g", "timeline", "--topic", "message.sent"))
    await asyncio.to_thread(replies.start, "timeline")

    whole = ("replay", "topic", "message.received", "--all")
    tried = await _ask(operator, *whole, "--dry-run")
    same_as_golden("replay-topic-dry-run", tried)
    same_as_golden("replay-topic", await _ask(operator, *whole, "--yes", "--reason", "lost on Sunday"))
    await leads.all_written(seconds=SECONDS)
    again = await _ask(operator, *whole, "--yes")
    log = await _ask(operator, "replay", "event-log", "tenant-0", "--since", "2026-01-01T00:00:00Z", "--dry-run")
    same_as_golden("replay-event-log", log)

    assert {"already": 3, "written": 2} == tried["result"]
    assert {"already": 5} == again["result"]
    verdict = await leads.judge()
    assert ([], [], 5) == (verdict.lost, verdict.doubled, verdict.written)
    told = await _ask(operator, "topics", "tail", "ops.audited")
    same_as_golden("topics-tail", told)
    assert ["began", "done"] * 2 == [record["data"]["stage"] for record in told]
    await _two_work_on_one_range(replies, leads, operator)
    await leads.hubspot.close()


async def test_an_operator_deals_with_dead_letters(
    replies: System, producer: AIOKafkaProducer, operator: Operator
) -> None:
    """A letter is found by its reason; what can be handled is, once; what cannot stays with its history."""
    leads = Leads.of(replies, producer, seed=6)
    await leads.connect(2, leads=1)
    good = leads.event(leads.leads[0], "Yes, please")
    headers = [*good.headers(), ("dlq_reason", b"handlers.py:7 wrong"), ("dlq_error_type", b"ValueError")]
    await producer.send_and_wait(LETTERS, partition=0, key=good.key(), value=good.value(), headers=headers)
    broken = [(name, b"x" if name == "ce_specversion" else value) for name, value in good.headers()]
    secret = b'{"parts": [{"value": "private words"}], "sender": "+14155550100"}'
    await producer.send_and_wait("message.received", partition=0, key=b"acme:chat", value=secret, headers=broken)

    async def both() -> list[Any]:
        letters: list[Any] = (await _ask(operator, "dlq", "list", "--group", "timeline"))["letters"]
        return letters if len(letters) == 2 else []

    found = await eventually(both, what="two dead letters", seconds=SECONDS)
    poison = next(letter["place"] for letter in found if letter["error"] == "ContractError")
    same_as_golden("dlq-list", {"letters": found, "more": 0})
    same_as_golden("dlq-reasons", await _ask(operator, "dlq", "reasons"))
    same_as_golden("dlq-redrive", await _ask(operator, "dlq", "redrive", "--group", "timeline", "--yes"))
    shown = await _ask(operator, "dlq", "show", poison)
    same_as_golden("dlq-show", shown)
    assert "failed" == shown["history"][0]["outcome"]
    assert "private" not in str(shown)
    assert "4155550100" not in str(shown)
    await leads.wait_written({good.data.message_id}, seconds=SECONDS)
    same_as_golden("dlq-discard", await _ask(operator, "dlq", "discard", poison, "--reason", "a test", "--yes"))

    assert [] == (await _ask(operator, "dlq", "list", "--group", "timeline"))["letters"]
    assert "was discarded before" in await asyncio.to_thread(operator.call, "dlq", "redrive", poison, exit_code=2)
    revealed = await _ask(operator, "topics", "show", poison, "--reveal", "--reason", "ticket 7")
    same_as_golden("topics-show", revealed)
    assert secret.decode() == revealed["content"]
    await _a_mended_tenant_is_released(leads, producer, operator, good)
    await leads.hubspot.close()


async def _two_work_on_one_range(replies: System, leads: Leads, ana: Operator) -> None:
    """While one operator is at work another is told so, does all of it, and nothing is written twice."""
    await asyncio.to_thread(replies.stop, "timeline")
    await leads.say(leads.leads)
    await _skip_to_the_end(replies)
    await asyncio.to_thread(replies.start, "timeline")
    whole = ("replay", "topic", "message.received", "--all", "--yes")
    log = EventLog(replies.addresses.kafka_bootstrap)
    with Operator.of(replies, "bob").start(*whole, "--rate", "3") as bob:
        await log.find(OPS_AUDITED, lambda told: told.operator == "bob", seconds=SECONDS)
        bob.send_signal(signal.SIGSTOP)
        with ana.start(*whole, "--json") as second:
            answer, said = await asyncio.to_thread(second.communicate)
        bob.send_signal(signal.SIGCONT)
        await asyncio.to_thread(bob.communicate)

    await leads.all_written(seconds=SECONDS)
    verdict = await leads.judge()
    assert "bob is at work on message.received for timeline" in " ".join(said.split())
    assert 0 == second.returncode
    assert 5 + len(leads.leads) == sum(json.loads(answer)["result"].values())
    assert ([], []) == (verdict.lost, verdict.doubled)


async def _a_mended_tenant_is_released(
    leads: Leads, producer: AIOKafkaProducer, operator: Operator, broken: Event[MessageReceived]
) -> None:
    """A tenant whose messages keep dying is held, others are not; mended and released, its replies come in order."""
    poisoned, other = leads.leads
    await _poison(producer, broken)

    async def dead() -> bool:
        letters = (await _ask(operator, "dlq", "list", "--tenant", poisoned.tenant))["letters"]
        return len(letters) == MOST_PER_OWNER

    await eventually(dead, what="the dead letters", seconds=SECONDS)
    first = await leads.say([poisoned, other, poisoned])

    async def held() -> list[Any]:
        lanes: list[Any] = (await _ask(operator, "held", "list", *OF_TIMELINE))["lanes"]
        return lanes if [2] == [lane["messages"] for lane in lanes] else []

    [lane] = await eventually(held, what="two held replies", seconds=SECONDS)
    await leads.wait_written({first[1].data.message_id}, seconds=SECONDS)
    assert (poisoned.tenant, 2) == (lane["owner"], len(await leads.written()))

    with operator.start("held", "release", poisoned.tenant, *OF_TIMELINE, "--reason", "mended", "--yes") as release:
        await leads.wait_written({first[2].data.message_id}, seconds=SECONDS)
        await leads.say([poisoned])
        await leads.all_written(seconds=SECONDS)
        release.terminate()  # it would look for half a minute more whether something comes
        await asyncio.to_thread(release.communicate)

    verdict = await leads.judge()
    assert [] == (await _ask(operator, "held", "list", *OF_TIMELINE))["lanes"]
    assert ([], [], []) == (verdict.lost, verdict.doubled, verdict.disordered)


async def _poison(producer: AIOKafkaProducer, good: Event[MessageReceived]) -> None:
    """As many messages in a row as a tenant may lose before it is held, none of them what it should be."""
    headers = [(name, b"x" if name == "ce_specversion" else value) for name, value in good.headers()]
    for _ in range(MOST_PER_OWNER):
        await producer.send_and_wait(MESSAGE_RECEIVED.name, key=good.key(), value=good.value(), headers=headers)


async def _ask(operator: Operator, *arguments: str) -> Any:
    return await asyncio.to_thread(operator.ask, *arguments)


async def _skip_to_the_end(replies: System) -> None:
    """Let the group, which is stopped, believe that it has handled everything."""
    bootstrap = replies.addresses.kafka_bootstrap
    partitions = await partitions_of(bootstrap, MESSAGE_RECEIVED.name)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id="timeline", enable_auto_commit=False) as consumer:
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    await EventLog(bootstrap).wait_drained("timeline", MESSAGE_RECEIVED.name, seconds=SECONDS)
