"""What every store of states does."""

import asyncio
from datetime import UTC, datetime, timedelta

from oauth.ports import StateStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


async def test_a_state_is_consumed_once(states: StateStore) -> None:
    """A state that was issued can be consumed, and then never again; one that was not, never."""
    await states.issue("digest", "ada", LATER)

    assert await states.consume("digest", "ada")
    assert not await states.consume("digest", "ada")
    assert not await states.consume("unknown", "ada")


async def test_of_many_only_one_consumes(states: StateStore) -> None:
    """Of many at once exactly one consumes the state."""
    await states.issue("digest", "ada", LATER)
    results = await asyncio.gather(*(states.consume("digest", "ada") for _ in range(50)))

    assert [True] == [consumed for consumed in results if consumed]


async def test_another_user_consumes_nothing(states: StateStore) -> None:
    """A state is its user's alone; another's attempt leaves it there."""
    await states.issue("digest", "ada", LATER)

    assert not await states.consume("digest", "mallory")
    assert await states.consume("digest", "ada")


async def test_purging_takes_the_expired_alone(states: StateStore) -> None:
    """A purge forgets what expired, which cannot be consumed from then on, and leaves what did not."""
    await states.issue("digest", "ada", LATER)
    await states.issue("later", "ada", LATER + timedelta(seconds=1))

    assert 1 == await states.purge(LATER)
    assert 0 == await states.purge(LATER)
    assert not await states.consume("digest", "ada")
    assert await states.consume("later", "ada")
