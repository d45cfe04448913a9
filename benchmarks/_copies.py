"""Many copies of what a service keeps of one thing: the documents that it wrote itself, under other ids."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection

AT_ONCE: Final = 2_000
"""Documents of one insert."""

BESIDE: Final = 4
"""Inserts under way at a time."""


@dataclass(frozen=True)
class Original:
    """Documents of one collection, to be copied.

    Attributes:
        database: where they lie.
        collection: of it.
        documents: as the service wrote them.
        ids: parts of ids that every copy has others of, wherever they stand between colons.
        share: how many copies of the whole have one copy of these in common, as replies have a conversation.
    """

    database: str
    collection: str
    documents: Sequence[Mapping[str, Any]]
    ids: frozenset[str]
    share: int = 1

    def copies(self, number: int) -> Iterator[Mapping[str, Any]]:
        """All of it, so many times, whatever has no id of its own left out."""
        own = [one for one in self.documents if renamed(one["_id"], self.ids, "") != renamed(one["_id"], self.ids, "x")]
        for copy in range(0, number, self.share):
            yield from (renamed(one, self.ids, f"c{copy // self.share}") for one in own)


def renamed(value: Any, ids: frozenset[str], suffix: str) -> Any:
    """A document, or a part of one, in which each of these ids has become another one."""
    if isinstance(value, str):
        return ":".join(part + suffix if part in ids else part for part in value.split(":"))
    if isinstance(value, Mapping):
        return {key: renamed(one, ids, suffix) for key, one in value.items()}
    if isinstance(value, list):
        return [renamed(one, ids, suffix) for one in value]
    return value


async def load(client: AsyncMongoClient[dict[str, Any]], originals: Sequence[Original], number: int) -> int:
    """Put so many copies of each beside what is there; how many documents that was."""
    loaded = 0
    for one in originals:
        loaded += await _insert(client[one.database][one.collection], one.copies(number))
    return loaded


async def _insert(collection: AsyncCollection[Any], documents: Iterator[Mapping[str, Any]]) -> int:
    inserted = 0

    async def some() -> None:
        nonlocal inserted
        while batch := list(islice(documents, AT_ONCE)):
            done = await collection.insert_many(batch, ordered=False)
            inserted += len(done.inserted_ids)  # only now: others counted meanwhile

    await asyncio.gather(*(some() for _ in range(BESIDE)))
    return inserted
