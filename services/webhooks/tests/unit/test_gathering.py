"""When a flush is worth beginning."""

import asyncio
from collections.abc import Callable

import pytest

from chassis.clock import ManualClock
from webhooks.adapters.kafka.builders import open_builder
from webhooks.adapters.kafka.flushes import MANY_RECORDS, Flush, FlushLog, Gathering
from webhooks.adapters.kafka.lanes import Batch
from webhooks.models.deliveries import Record, RecordKind

ANSWERED = 8
SECONDS = 10.0


def flushed(clock: ManualClock, seconds: float = 0.0) -> Flush:
    """A flush of eight deliveries, all answered, that took so long."""
    flush = Flush(clock, FlushLog(clock))
    batch = Batch(open_builder(1), due=1.0)
    for _ in range(ANSWERED):
        batch.builder.take([Record(RecordKind("contact.created", []), b"1", b"{}", b"id", b"now", b"trace")], now=1)
        batch.wait(lambda _: None)
    flush.sent(batch)
    clock.advance(seconds)
    flush.settled(batch, durable=True)
    return flush


def after_a_flush(more_at_hand: Callable[[], bool] = lambda: False) -> Gathering:
    """A gathering whose last flush was of eight deliveries, all answered."""
    gathering = Gathering(flushed(ManualClock()), more_at_hand)
    gathering.flushed(anything_left=False)
    return gathering


@pytest.mark.parametrize(("records", "enough"), [(1, ANSWERED), (MANY_RECORDS, ANSWERED // 2)])
async def test_few_records_wait_for_all_who_were_answered_and_many_for_half(records: int, enough: int) -> None:
    """After a flush the next one has enough when as many came as were answered; with many records, half as many."""
    gathering = after_a_flush()

    for _ in range(enough - 1):
        gathering.came(records)
        assert not gathering.is_enough
    gathering.came(records)

    assert gathering.is_enough


async def test_a_flush_waits_for_what_only_has_to_be_read() -> None:
    """While deliveries are here that wait for their turn, time alone begins no flush; without them it does."""
    looks = [True, True, False]
    gathering = after_a_flush(lambda: looks.pop(0))

    gathering.came(1)
    async with asyncio.timeout(SECONDS):
        await gathering.wait()

    assert [] == looks


@pytest.mark.parametrize(("took", "patience"), [(0.0001, 0.001), (0.004, 0.008), (0.4, 0.02)])
def test_who_was_answered_is_waited_for_as_the_flush_took(took: float, patience: float) -> None:
    """Those whom a flush answered are waited for twice as long as it took, a millisecond at least, twenty at most."""
    clock = ManualClock()
    flush = flushed(clock, took)

    assert patience == pytest.approx(flush.left_to_return())

    clock.advance(patience)
    assert flush.left_to_return() == pytest.approx(0.0)
