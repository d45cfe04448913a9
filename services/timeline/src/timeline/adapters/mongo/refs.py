"""Collection `refs`: which ids lead to which conversations, one document per id, by `{kind}:{id}`.

`to` has a fixed number of slots, and each key that an id leads to has its own by its checksum: so a ref can be written
again without a trace, a document never grows without end, and the newest key is always there.
"""

import zlib
from collections.abc import Collection, Mapping
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.mongo import Document, duplicates
from timeline.models import Ref

COLLECTION: Final = "refs"
_SLOTS: Final = 64

_REMEMBERED: Final = 50_000
"""How many refs this process remembers to have written: each is told again with every reply of its conversation."""


class MongoRefs:
    """The refs in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._refs = database[COLLECTION]
        self._written: set[Ref] = set()

    async def add(self, refs: Collection[Ref]) -> None:
        """Keep these, in one unordered write."""
        slots: dict[str, dict[str, str]] = {}
        for ref in refs:
            if ref not in self._written:
                slots.setdefault(ref.key, {})[_slot(ref.to)] = ref.to
        updates = [UpdateOne({"_id": key}, {"$set": to}, upsert=True) for key, to in slots.items()]
        if not updates:
            return
        try:
            await self._refs.bulk_write(updates, ordered=False)
        except BulkWriteError as error:  # another upsert came first: now it is there
            await self._refs.bulk_write([updates[index] for index in duplicates(error)], ordered=False)
        self._remember(refs)

    async def find(self, keys: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Where those of these ids lead that are known."""
        found = self._refs.find({"_id": {"$in": list(keys)}})
        return {document["_id"]: frozenset(document["to"].values()) async for document in found}

    async def forget(self, refs: Collection[Ref]) -> None:
        """Forget that these ids lead there; an id that leads nowhere any more goes as a whole."""
        known = await self.find({ref.key for ref in refs})
        for key, targets in known.items():
            gone = targets & {ref.to for ref in refs if ref.key == key}
            if gone == targets:
                await self._refs.delete_one({"_id": key})
            elif gone:
                await self._refs.update_one({"_id": key}, {"$unset": {_slot(target): "" for target in gone}})
        self._written.difference_update(refs)

    def _remember(self, refs: Collection[Ref]) -> None:
        if len(self._written) > _REMEMBERED:
            self._written.clear()
        self._written.update(refs)


def _slot(target: str) -> str:
    return f"to.s{zlib.crc32(target.encode()) % _SLOTS}"
