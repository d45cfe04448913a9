"""Lines that wait for each other: none is lost but to a kill, none is overtaken."""

import asyncio
import io
import json
import logging as stdlib
from collections.abc import Iterator

import pytest

from chassis import logging
from chassis.logging import GATHERED, MASK, get_log

LOG = get_log()
LONG_SECONDS = 3600.0


class Writes(io.StringIO):
    """A stream that keeps what was written at once together."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.written = asyncio.Event()

    def write(self, text: str) -> int:
        """Keep it."""
        self.texts.append(text)
        self.written.set()
        return len(text)

    def events(self) -> list[str]:
        """Which events were written."""
        return [json.loads(line)["event"] for line in "".join(self.texts).splitlines()]


@pytest.fixture
def stream() -> Iterator[Writes]:
    """Where lines go that wait for each other for longer than any test runs."""
    stream = Writes()
    logging.configure("tests", "info", stream, gather_seconds=LONG_SECONDS)
    yield stream
    logging.stop_gathering()


async def test_lines_that_tell_of_no_trouble_go_out_together(stream: Writes) -> None:
    """Lines below a warning wait for a moment, and go out in order and in one write."""
    logging.configure("tests", "info", stream, gather_seconds=0.001)
    LOG.info("service.started", phone="+14155550100")
    LOG.info("service.stopping")
    assert [] == stream.texts
    await stream.written.wait()
    assert ["service.started", "service.stopping"] == stream.events()
    assert 1 == len(stream.texts)
    assert MASK == json.loads(stream.texts[0].splitlines()[0])["phone"]


async def test_trouble_is_told_at_once_and_after_what_came_before_it(stream: Writes) -> None:
    """A warning, an exception and another library's line wait for nothing, and overtake nothing."""
    LOG.info("service.started")
    LOG.warning("worker.failed")
    LOG.info("service.stopping")
    LOG.info("http.failed", exc_info=ValueError())
    LOG.info("service.stopped")
    stdlib.getLogger("some.library").warning("trouble")
    told = ["service.started", "worker.failed", "service.stopping", "http.failed", "service.stopped", "trouble"]
    assert told == stream.events()


async def test_not_many_lines_wait(stream: Writes) -> None:
    """At most so many lines wait for each other; then all of them are written."""
    for number in range(GATHERED):
        assert [] == stream.texts
        LOG.info("service.started", number=number)
    assert GATHERED == len(stream.events())


async def test_lines_carry_the_time_and_trace_of_their_moment(stream: Writes) -> None:
    """A line that waited says when it happened, and not when it was written."""
    LOG.info("service.started")
    LOG.warning("worker.failed")
    waited, at_once = (json.loads(text) for text in "".join(stream.texts).splitlines())
    assert waited["timestamp"] < at_once["timestamp"]


async def test_whoever_stops_loses_no_line(stream: Writes) -> None:
    """When gathering ends, what waits is written, and every later line at once."""
    LOG.info("service.stopping")
    logging.stop_gathering()
    LOG.info("service.stopped")
    assert ["service.stopping", "service.stopped"] == stream.events()


def test_nothing_waits_where_nobody_would_let_it_out(stream: Writes) -> None:
    """Without an event loop a line is written at once."""
    LOG.info("service.started")
    assert ["service.started"] == stream.events()


async def test_another_thread_writes_at_once(stream: Writes) -> None:
    """A line of a thread without a loop waits for nothing, and overtakes nothing."""
    LOG.info("service.started")
    await asyncio.to_thread(LOG.info, "service.stopping")
    assert ["service.started", "service.stopping"] == stream.events()
