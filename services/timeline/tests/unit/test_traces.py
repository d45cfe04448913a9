"""Traces: a reply is followed in that of the send it answers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.clock import ManualClock
from chassis.tracing import Span, recording
from timeline.adapters.in_memory import InMemoryStores

SENT = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = f"00-{SENT}-00f067aa0ba902b7-01"
DELIVERED = f"00-{'d' * 32}-{'e' * 16}-00"


class Kept(list[Span]):
    """Keeps the spans it is handed."""

    def record(self, span: Span) -> None:
        """Keep it."""
        self.append(span)


@pytest.fixture
def kept() -> Iterator[Kept]:
    """What this process hands over; every trace is sampled."""
    kept = Kept()
    recording.start(kept, 1.0)
    yield kept
    recording.stop()


async def test_a_reply_goes_on_in_the_trace_of_its_send(
    start: Any, bring: Any, reply: Any, sent: Any, memory: InMemoryStores, kept: Kept
) -> None:
    """From the send to the communication id it is one trace; the ingress's hop is linked to where it was told."""
    process = start()
    await process.learn_links([replace(sent("555"), traceparent=TRACED)])

    await bring(process, replace(reply("m1"), traceparent=DELIVERED))

    hops = [span for span in kept if SENT == span.trace_id]
    assert [
        ("webhooks", "POST chert"),
        (None, "message.received process"),
        (None, "write replies"),
        (None, "reply on the timeline"),
    ] == [(span.service, span.name) for span in sorted(hops, key=lambda span: span.began) if span.kind.name != "CLIENT"]
    assert "d" * 32 == format(hops[0].link.trace_id if hops[0].link else 0, "032x")
    assert "recorded" == memory.entries.entries["62515:acme:m1"].state


@pytest.mark.parametrize("traceparent", [None, TRACED[:-1] + "0"])
async def test_a_reply_to_a_send_that_is_not_exported_keeps_its_own_trace(
    start: Any, bring: Any, reply: Any, sent: Any, memory: InMemoryStores, traceparent: str | None
) -> None:
    """So every trace that a collector gets is whole."""
    process = start()
    await process.learn_links([replace(sent("555"), traceparent=traceparent)])

    await bring(process, replace(reply("m1"), traceparent=DELIVERED))

    assert DELIVERED == memory.entries.entries["62515:acme:m1"].traceparent


async def test_a_trace_ends_a_day_after_its_send(
    start: Any, bring: Any, reply: Any, sent: Any, memory: InMemoryStores, clock: ManualClock
) -> None:
    """A reply that comes later has a trace of its own."""
    process = start()
    await process.learn_links([replace(sent("555", at=clock.now() - timedelta(days=2)), traceparent=TRACED)])

    await bring(process, replace(reply("m1"), traceparent=DELIVERED))

    assert DELIVERED == memory.entries.entries["62515:acme:m1"].traceparent
