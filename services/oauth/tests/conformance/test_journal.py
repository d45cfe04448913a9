"""What every store of the journal's position does."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from oauth.models import JournalPosition
from oauth.ports import JournalStore

NOW = datetime(2026, 11, 22, 12, 30, 15, 250_000, tzinfo=UTC)
FIRST = JournalPosition(None, NOW, NOW, version=1)


async def test_a_position_begins_once(positions: JournalStore) -> None:
    """Of many first positions one is kept."""
    assert await positions.position() is None
    results = await asyncio.gather(*(positions.move(FIRST, replacing=None) for _ in range(10)))

    assert 1 == sum(results)
    assert FIRST == await positions.position()


async def test_a_position_moves_only_from_where_it_is(positions: JournalStore) -> None:
    """Of many moves from one place one is made; a move from an older place is none."""
    await positions.move(FIRST, replacing=None)
    candidates = [replace(FIRST, offset=f"page-{number}", version=2) for number in range(10)]
    results = await asyncio.gather(*(positions.move(one, replacing=FIRST) for one in candidates))

    assert 1 == sum(results)
    assert candidates[results.index(True)] == await positions.position()
    assert not await positions.move(replace(FIRST, offset="late", version=2), replacing=FIRST)
