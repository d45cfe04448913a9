"""The battery of `AliasStore`."""

import asyncio

import pytest

from actions.adapters.in_memory import InMemoryAliasStore
from actions.adapters.mongo import MongoAliasStore
from actions.ports import AliasStore


@pytest.fixture
def aliases(backend: str, request: pytest.FixtureRequest) -> AliasStore:
    """A fresh store."""
    if backend == "in memory":
        return InMemoryAliasStore()
    return MongoAliasStore(request.getfixturevalue("mongo_database"))


async def test_the_first_key_keeps_the_name(aliases: AliasStore) -> None:
    """A second name belongs to whoever gave it first; everybody later learns to whom."""
    assert ["a", "a", "a"] == [await aliases.bind("name", key) for key in ("a", "b", "a")]
    assert await aliases.bind("other", "b") == "b"


async def test_of_many_keys_one_gets_the_name(aliases: AliasStore) -> None:
    """32 keys that want one name at once agree on one owner."""
    owners = await asyncio.gather(*(aliases.bind("name", f"key-{number}") for number in range(32)))

    assert 1 == len(set(owners))
