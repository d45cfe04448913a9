"""A consumer as a process of its own, for tests that kill it: tells each call and each outcome on its output.

Arguments: bootstrap, topic, `single` or `batch`, then failures as `text:kind:times`.
"""

import asyncio
import sys
from collections.abc import Sequence

from chassis import kafka
from chassis.clock import SystemClock
from chassis.consuming import Consumers, ErrorKinds, Policy
from chassis.health import Health
from chassis.inbox import InMemoryHeldMessages
from chassis.logging import configure
from chassis.metrics import Metrics
from chassis.randomness import SystemRandomness
from contracts.envelope import Event, EventData, EventType


class Note(EventData):
    """What the tests tell."""

    owner: str
    text: str


class AwayError(Exception):
    """A dependency that is away."""


KINDS = {"away": AwayError, "unexpected": ValueError}


def tell(*words: str) -> None:
    """One line, at once."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


class Handler:
    """Fails as told, otherwise handles."""

    def __init__(self, failures: Sequence[str]) -> None:
        parts = [failure.split(":") for failure in failures]
        self._left = {text: int(times) for text, _, times in parts}
        self._kinds = {text: KINDS[kind] for text, kind, _ in parts}

    async def __call__(self, events: Sequence[Event[Note]]) -> None:
        """Handle all or none."""
        for event in events:
            text = event.data.text
            if self._left.get(text):
                self._left[text] -= 1
                tell("failed", text)
                raise self._kinds[text]
        for event in events:
            tell("handled", event.data.text)


async def main(bootstrap: str, topic: str, mode: str, *failures: str) -> None:
    """Consume until killed."""
    configure("reader", "error", sys.stderr)
    clock, metrics = SystemClock(), Metrics()
    health, broker = Health(clock, metrics), kafka.broker(bootstrap, "reader")
    consumers = Consumers(
        broker=broker,
        group="reader",
        kinds=ErrorKinds(retryable=(AwayError,)),
        held=InMemoryHeldMessages(),
        clock=clock,
        randomness=SystemRandomness(),
        health=health,
        metrics=metrics,
        policy=Policy(retry_seconds=0.01, pause_seconds=0.01, longest_pause_seconds=0.05),
    )
    event_type, handler = EventType(topic, 1, Note, lambda note: note.owner), Handler(failures)
    if mode == "batch":
        consumers.batch_subscriber(event_type, max_records=7)(handler)
    else:

        @consumers.subscriber(event_type)
        async def one(event: Event[Note]) -> None:
            await handler([event])

    async with kafka.running(broker, health=health, clock=clock):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
