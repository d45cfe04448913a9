"""What is told of flushes: everything, and not too often."""

import io
import json
from typing import Any

import pytest

from chassis import logging
from chassis.clock import ManualClock
from webhooks.adapters.kafka.flushes import TELLING_SECONDS, FlushLog

NAMES = ("records", "deliveries", "flushes", "longest_milliseconds")


class Told(io.StringIO):
    """Where lines go."""

    def lines(self) -> list[tuple[Any, ...]]:
        """What each line says."""
        return [tuple(json.loads(line)[name] for name in NAMES) for line in self.getvalue().splitlines()]


@pytest.fixture
def told() -> Told:
    """The lines of this test."""
    told = Told()
    logging.configure("webhooks", "info", told)
    return told


def test_few_flushes_are_told_one_by_one(told: Told) -> None:
    """While flushes are rarer than lines may be, each has a line of its own."""
    clock = ManualClock()
    log = FlushLog(clock)

    for records in (1, 2):
        log.add(records, 1, 0.0042)
        clock.advance(TELLING_SECONDS)

    assert [(1, 1, 1, 4.2), (2, 1, 1, 4.2)] == told.lines()


def test_many_flushes_share_a_line_and_none_is_left_out(told: Told) -> None:
    """What came since the last line is summed up in the next, with the longest flush among it."""
    clock = ManualClock()
    log = FlushLog(clock)

    for number in range(10):
        log.add(3, 2, 0.001 * number)
    log.tell_when_due()
    clock.advance(TELLING_SECONDS)
    log.tell_when_due()
    log.tell_when_due()

    assert [(3, 2, 1, 0.0), (27, 18, 9, 9.0)] == told.lines()


def test_the_last_flushes_are_told_at_the_end(told: Told) -> None:
    """What was not due yet is told when the service stops, and nothing is told of nothing."""
    log = FlushLog(ManualClock())

    log.tell()
    log.add(1, 1, 0.001)
    log.add(1, 1, 0.001)
    log.tell()

    assert [1, 1] == [flushes for _, _, flushes, _ in told.lines()]
