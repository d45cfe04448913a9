"""When the relay runs."""

import asyncio

from actions.adapters.in_memory import InMemorySendStore
from actions.handlers.sending import SendOnce
from actions.models import SendRequest
from actions.workers import relay_worker
from chassis.clock import ManualClock
from chassis.kafka import InMemoryEventPublisher
from chassis.lifespan import Plumbing
from chassis.outbox import RELAY_SECONDS, OutboxRelay


class Preparation:
    """Fails at first, as while the database is away."""

    def __init__(self, failures: int) -> None:
        self._failures = failures
        self.done = 0

    async def __call__(self) -> None:
        """Prepare, unless this time fails."""
        if self._failures:
            self._failures -= 1
            raise ConnectionError
        self.done += 1


async def test_events_follow_the_preparations(
    send_once: SendOnce, sends: InMemorySendStore, asked: SendRequest, clock: ManualClock
) -> None:
    """Each preparation is made once, tried again until it succeeds, and then events are published and removed."""
    publisher, plumbing = InMemoryEventPublisher(), Plumbing(clock=clock)
    easy, hard = Preparation(failures=0), Preparation(failures=2)
    await send_once(asked)
    relay = relay_worker(OutboxRelay(sends, publisher, plumbing.metrics), plumbing, prepare=(easy, hard))

    async with relay.running():
        for _ in range(1000):
            await asyncio.sleep(0)
            if clock.sleeping:
                clock.advance(RELAY_SECONDS)

    assert (1, 1) == (easy.done, hard.done)
    assert ["message.sent:wf:62515:ap-1"] == [event.id for event in publisher.published]
    assert {} == sends.outbox
