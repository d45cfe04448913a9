"""What `/livez` and `/readyz` say of consumers, on the real Kafka."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from chassis import kafka
from chassis.clock import SystemClock
from chassis.consuming import Policy
from chassis.health import Health
from chassis.metrics import Metrics
from contracts.envelope import Event
from harness.waiting import eventually

pytestmark = pytest.mark.integration

SECONDS = 30.0


class Handler:
    """Handles once its gate is open."""

    def __init__(self) -> None:
        self.handled: list[str] = []
        self.entered, self.gate = asyncio.Event(), asyncio.Event()

    async def __call__(self, events: Sequence[Event]) -> None:
        """Handle all."""
        self.entered.set()
        await self.gate.wait()
        self.handled.extend(event.data.text for event in events)


async def until_ready(member: Any) -> None:
    """Wait until nothing is missing."""

    async def ready() -> bool:
        return {} == await member.health.missing()

    await eventually(ready, what="readiness", seconds=SECONDS)


async def test_a_projection_is_not_ready_before_it_has_caught_up(new_desk: Any, batch: bool) -> None:
    """Not ready while a record that was there at start is not handled; ready for good once all are."""
    desk, handler = await new_desk(3, compacted=True), Handler()
    await desk.tell("a", partition=0)
    await desk.tell("b", partition=2)
    async with desk.member(handler, batch=batch, projection=True) as member:
        await handler.entered.wait()
        assert {f"projection {desk.type.name}": "BehindError"} == await member.health.missing()
        handler.gate.set()
        await until_ready(member)
        assert {"a", "b"} == set(handler.handled)
        handler.gate.clear()
        await desk.tell("later", partition=0)
        assert {} == await member.health.missing()
        handler.gate.set()


async def test_an_empty_topic_is_caught_up_with(new_desk: Any, batch: bool) -> None:
    """A projection of a topic without records is ready."""
    desk = await new_desk(3)
    async with desk.member(Handler(), batch=batch, projection=True) as member:
        await until_ready(member)


async def test_a_second_replica_is_ready_when_the_group_has_caught_up(new_desk: Any, batch: bool) -> None:
    """A replica that holds no partition at all is ready once the others have done the work."""
    desk, handler = await new_desk(1), Handler()
    handler.gate.set()
    await desk.tell("a", "b")
    async with desk.member(handler, batch=batch, projection=True) as first:
        await until_ready(first)
        async with desk.member(handler, batch=batch, projection=True) as second:
            await until_ready(second)


async def test_a_loop_that_ended_is_noticed(new_desk: Any, batch: bool) -> None:
    """`/livez` fails when a consume loop was ended from within, which FastStream does not notice."""
    desk = await new_desk()
    async with desk.member(Handler(), batch=batch) as member:
        assert {} == member.health.trouble()
        (subscriber,) = member.broker.subscribers
        subscriber.tasks[0].cancel()

        async def noticed() -> bool:
            return {f"consume loop {desk.type.name}": "ended"} == member.health.trouble()

        await eventually(noticed, what="the end of the loop", seconds=SECONDS)


async def test_a_consumer_that_fell_out_of_its_group_is_noticed(new_desk: Any, batch: bool) -> None:
    """`/livez` fails when aiokafka's task that keeps the membership has died: polls stay empty for ever then."""
    desk = await new_desk()
    async with desk.member(Handler(), batch=batch) as member:
        (subscriber,) = member.broker.subscribers
        subscriber.consumer._coordinator._coordination_task.cancel()

        async def noticed() -> bool:
            return {f"consume loop {desk.type.name}": "ended"} == member.health.trouble()

        await eventually(noticed, what="the end of the membership", seconds=SECONDS)


async def test_work_that_stands_still_is_noticed(new_desk: Any, batch: bool) -> None:
    """`/livez` fails when a delivery has not moved for twice its deadline: a handler that ignores its cancellation."""
    desk, stuck = await new_desk(), asyncio.Event()

    async def ignore_cancellation(_: Sequence[Event]) -> None:
        while not stuck.is_set():
            try:
                await stuck.wait()
            except asyncio.CancelledError:
                continue

    await desk.tell("a")
    async with desk.member(ignore_cancellation, batch=batch, policy=Policy(handler_seconds=0.05)) as member:

        async def noticed() -> bool:
            return f"consumer {desk.type.name}" in member.health.trouble()

        await eventually(noticed, what="the standstill", seconds=SECONDS)
        stuck.set()


async def test_a_missing_topic_is_named(kafka_bootstrap: str) -> None:
    """A service that has to read what nobody made is not ready, and says what makes it."""
    clock, name = SystemClock(), f"missing.{uuid.uuid4().hex}"
    health, broker = Health(clock, Metrics()), kafka.broker(kafka_bootstrap, "tests")
    broker.subscriber(name, group_id=name)(_nothing)
    async with kafka.running(broker, health=health, clock=clock):

        async def told() -> bool:
            said = (await health.missing()).get("kafka", "")
            return said == f"topics are missing: {name}; `chertctl topics create` makes them"

        await eventually(told, what="the missing topic's name", seconds=SECONDS)


async def _nothing(_: object) -> None:
    """Nothing comes."""
