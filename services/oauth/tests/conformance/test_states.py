"""What every store of states does."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from oauth.models import InstallState
from oauth.ports import StateStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATE = InstallState("digest", "p-acme", "ada", SecretStr("verifier"), NOW + timedelta(minutes=10))


@pytest.mark.parametrize("state", [STATE, replace(STATE, code_verifier=None)])
async def test_a_state_is_consumed_once(states: StateStore, state: InstallState) -> None:
    """A state comes back as it was issued, and then never again."""
    await states.issue(state)

    assert state == await states.consume("digest", "ada", NOW)
    assert await states.consume("digest", "ada", NOW) is None


async def test_of_many_only_one_consumes(states: StateStore) -> None:
    """Of many at once exactly one gets the state."""
    await states.issue(STATE)
    results = await asyncio.gather(*(states.consume("digest", "ada", NOW) for _ in range(50)))

    assert [STATE] == [result for result in results if result is not None]


async def test_another_user_consumes_nothing(states: StateStore) -> None:
    """A state is its user's alone; another's attempt leaves it there."""
    await states.issue(STATE)

    assert await states.consume("digest", "mallory", NOW) is None
    assert STATE == await states.consume("digest", "ada", NOW)


async def test_an_expired_state_is_absent(states: StateStore) -> None:
    """From its last moment on a state cannot be consumed, purged or not."""
    await states.issue(STATE)

    assert await states.consume("digest", "ada", STATE.expires_at) is None
    assert await states.consume("unknown", "ada", NOW) is None


async def test_purging_takes_the_expired_alone(states: StateStore) -> None:
    """A purge forgets what expired, and leaves what did not."""
    await states.issue(STATE)
    await states.issue(replace(STATE, digest="later", expires_at=STATE.expires_at + timedelta(seconds=1)))

    assert 1 == await states.purge(STATE.expires_at)
    assert 0 == await states.purge(STATE.expires_at)
    assert await states.consume("later", "ada", STATE.expires_at) is not None
