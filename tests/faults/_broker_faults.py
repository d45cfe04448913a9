"""What may befall a broker or a database: a crash, a freeze, and a disk that is slow."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from harness.backends.servers import Server
from harness.waiting import elapse

RUNS_SECONDS: Final = 0.04
STANDS_SECONDS: Final = 0.16


@dataclass(frozen=True, slots=True)
class Outage:
    """When it was away, by the monotonic clock.

    Attributes:
        began: the moment when it was harmed.
        ended: the moment when it was seen to answer again.
    """

    began: float
    ended: float


async def crash(broker: Server, seconds: float) -> Outage:
    """Kill it (-9), and start it again after so long; its log recovery is part of the outage."""
    began = time.monotonic()
    await asyncio.to_thread(broker.kill)
    await elapse(seconds)
    await asyncio.to_thread(broker.restart)
    return Outage(began, time.monotonic())


async def freeze(broker: Server, seconds: float) -> Outage:
    """Stop it for so long: its connections stay open and nothing answers."""
    began = time.monotonic()
    await asyncio.to_thread(broker.pause)
    await elapse(seconds)
    await asyncio.to_thread(broker.resume)
    return Outage(began, time.monotonic())


@asynccontextmanager
async def slow_disk(broker: Server) -> AsyncIterator[None]:
    """Let it run for a fifth of the time only, in short turns, while the block runs.

    A device that can be slowed down needs rights that few machines give. What a producer sees of a slow disk is
    acknowledgements that are late by up to hundreds of milliseconds, and that is what it sees here; what else the
    broker does is late too, so this is harder than a slow disk and not easier.
    """
    turns = asyncio.create_task(_take_turns(broker))
    try:
        yield
    finally:
        turns.cancel()
        await asyncio.wait({turns})
        await asyncio.to_thread(broker.resume)


async def _take_turns(broker: Server) -> None:
    while True:
        await asyncio.to_thread(broker.pause)
        await elapse(STANDS_SECONDS)
        await asyncio.to_thread(broker.resume)
        await elapse(RUNS_SECONDS)
