"""How far Chert's logs were read, in both implementations."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from timeline.models import Cursor, Placed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=60)
BEGIN = NOW - timedelta(hours=1)


async def test_a_new_project_begins_where_it_is_told(memory: Any) -> None:
    """A project that is seen for the first time is read from the given moment on."""
    assert [Cursor("acme", BEGIN)] == list(await memory.stores.cursors.claim(["acme"], NOW, LATER, begin=BEGIN))
    assert [] == list(await memory.stores.cursors.claim([], NOW, LATER, begin=BEGIN))


async def test_one_process_reads_a_log_at_a_time(memory: Any) -> None:
    """Of many that ask at once one gets a project, and nobody again before its time."""
    cursors = memory.stores.cursors

    claims = await asyncio.gather(*(cursors.claim(["acme", "other"], NOW, LATER, begin=BEGIN) for _ in range(8)))

    assert ["acme", "other"] == sorted(cursor.chert_tenant for claimed in claims for cursor in claimed)
    assert [] == list(await cursors.claim(["acme"], LATER - timedelta(seconds=1), LATER, begin=BEGIN))
    assert 1 == len(await cursors.claim(["acme"], LATER, LATER + timedelta(seconds=60), begin=BEGIN))


async def test_a_clock_that_was_set_back_stops_nothing(memory: Any) -> None:
    """What is due further ahead than any claim would have put it is due now."""
    cursors = memory.stores.cursors
    await cursors.claim(["acme"], NOW, LATER, begin=BEGIN)

    earlier = NOW - timedelta(minutes=10)
    assert 1 == len(await cursors.claim(["acme"], earlier, earlier + timedelta(seconds=60), begin=BEGIN))


async def test_a_cursor_never_goes_back(memory: Any) -> None:
    """What is known stays known."""
    cursors = memory.stores.cursors
    await cursors.claim(["acme"], NOW, NOW, begin=BEGIN)

    await cursors.advance("acme", LATER)
    await cursors.advance("acme", NOW)

    assert [Cursor("acme", LATER)] == list(await cursors.claim(["acme"], LATER, LATER, begin=BEGIN))


async def test_the_inbox_says_what_it_never_received(memory: Any, received: Any) -> None:
    """Messages are known by their keys, whatever became of them."""
    inbox = memory.stores.inbox
    await inbox.add([Placed(received("m1")), Placed(received("m2"))], NOW)
    await inbox.assigned({"acme:m1": [1]})

    unknown = await inbox.unknown([received(f"m{n}").message for n in (1, 2, 3)])

    assert ["m3"] == [message.message_id for message in unknown]
