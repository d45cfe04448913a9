"""The broker dies, freezes and comes back while a consumer runs."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from chassis import kafka as chassis_kafka
from chassis.clock import SystemClock
from chassis.health import Health
from chassis.kafka import BrokerAwayError, KafkaEventPublisher
from chassis.metrics import Metrics
from contracts.envelope import Event
from harness.backends import Broker
from harness.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

SECONDS = 60.0


async def until_kafka_is(*, missing: bool, health: Health) -> None:
    """Wait until `/readyz` misses Kafka, or no longer does; `/livez` never fails meanwhile."""

    async def met() -> bool:
        assert {} == health.trouble()
        return ("kafka" in await health.missing()) is missing

    await eventually(met, what=f"kafka missing: {missing}", seconds=SECONDS)


async def until_alive_and(condition: Callable[[], bool], health: Health) -> None:
    """Wait for a condition; `/livez` never fails meanwhile."""

    async def met() -> bool:
        assert {} == health.trouble()
        return condition()

    await eventually(met, what="everything handled", seconds=SECONDS)


@pytest.fixture
async def mended(kafka: Broker) -> AsyncIterator[Broker]:
    """The broker, whole again after the test whatever happened."""
    yield kafka
    kafka.resume()
    await asyncio.to_thread(kafka.restart)


class Handler:
    """Notes what it handled, once its gate is open."""

    def __init__(self) -> None:
        self.handled: list[str] = []
        self.entered, self.gate = asyncio.Event(), asyncio.Event()

    async def __call__(self, events: Sequence[Event]) -> None:
        """Handle all."""
        self.entered.set()
        await self.gate.wait()
        self.handled.extend(event.data.text for event in events)


async def test_a_broker_that_was_killed_costs_nothing_but_time(new_desk: Any, batch: bool, mended: Broker) -> None:
    """Across a broker's death and return everything is handled; `/livez` never fails, `/readyz` does."""
    desk, handler = await new_desk(3), Handler()
    handler.gate.set()
    async with desk.member(handler, batch=batch) as member:
        await desk.tell("a", "b", "c")
        await until_alive_and(lambda: set("abc") == set(handler.handled), member.health)
        mended.kill()
        await until_kafka_is(missing=True, health=member.health)
        await asyncio.to_thread(mended.restart)
        began = time.monotonic()
        await desk.tell("d", "e")
        await until_alive_and(lambda: set("abcde") == set(handler.handled), member.health)
        assert time.monotonic() - began < 5
        await until_kafka_is(missing=False, health=member.health)


async def test_a_frozen_broker_is_waited_for(new_desk: Any, batch: bool, mended: Broker) -> None:
    """A broker that freezes before a commit makes `/readyz` fail, never `/livez`, and loses nothing."""
    desk, handler = await new_desk(), Handler()
    await desk.tell("a")
    async with desk.member(handler, batch=batch) as member:
        await handler.entered.wait()
        mended.pause()
        handler.gate.set()
        await until_kafka_is(missing=True, health=member.health)
        mended.resume()
        await desk.tell("b")
        await until_alive_and(lambda: set("ab") == set(handler.handled), member.health)
        await desk.until_committed({0: 2})


async def test_a_process_starts_without_kafka_and_connects_later(new_desk: Any, mended: Broker) -> None:
    """While Kafka is away a process is live, not ready, refuses to publish at once, and connects when it can."""
    desk = await new_desk()
    await asyncio.to_thread(mended.stop)
    clock, metrics = SystemClock(), Metrics()
    health, broker = Health(clock, metrics), chassis_kafka.broker(mended.bootstrap, "tests")
    publisher = KafkaEventPublisher(broker, metrics)
    async with chassis_kafka.running(broker, health=health, clock=clock):
        assert {"kafka": "BrokerAwayError"} == await health.missing()
        with pytest.raises(BrokerAwayError):
            await publisher.publish([desk.event("a")])
        await asyncio.to_thread(mended.restart)
        await until_kafka_is(missing=False, health=health)
        await publisher.publish([desk.event("a")])


async def test_stopping_does_not_wait_for_a_broker_that_is_away(new_desk: Any, batch: bool, mended: Broker) -> None:
    """With work in hand, a record unsent and no broker, a process still stops within seconds."""
    desk, handler = await new_desk(), Handler()
    await desk.tell("a")
    async with desk.member(handler, batch=batch) as member:
        await handler.entered.wait()
        await asyncio.to_thread(mended.stop)
        with pytest.raises(BrokerAwayError):
            await KafkaEventPublisher(member.broker, member.metrics, seconds=0.2).publish([desk.event("b")])
        began = time.monotonic()
    assert time.monotonic() - began < 5
