"""What the processes of this service agree on, in MongoDB."""

from collections.abc import Sequence
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document
from oauth.models import Replica

AGREED: Final = "sealing"


class MongoReplicaStore:
    """The collections `replicas`, keyed by process, and `agreements`, with the sealing key."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._replicas, self._agreements = database["replicas"], database["agreements"]

    async def report(self, replica: Replica) -> None:
        """Say that a process lives, and what it knows."""
        known = {
            "key_ids": sorted(replica.key_ids),
            "wanted_key": replica.wanted_key,
            "sealing_key": replica.sealing_key,
            "beat": replica.beat,
        }
        await self._replicas.update_one({"_id": replica.id}, {"$set": known}, upsert=True)

    async def all(self) -> Sequence[Replica]:
        """Every process that has reported and was not forgotten, by id."""
        return [
            Replica(one["_id"], frozenset(one["key_ids"]), one["wanted_key"], one["sealing_key"], one["beat"])
            async for one in self._replicas.find({}).sort("_id")
        ]

    async def forget(self, replica: Replica) -> None:
        """Remove a process, unless it has reported again."""
        await self._replicas.delete_one({"_id": replica.id, "beat": replica.beat})

    async def sealing_key(self) -> str | None:
        """The id of the key that was agreed on; none before the first."""
        document = await self._agreements.find_one({"_id": AGREED})
        return None if document is None else str(document["key_id"])

    async def agree(self, key_id: str, *, replacing: str | None) -> bool:
        """Agree on another key; false if it no longer is `replacing`."""
        if replacing is None:
            return await self._insert(key_id)
        unchanged = {"_id": AGREED, "key_id": replacing}
        return (await self._agreements.update_one(unchanged, {"$set": {"key_id": key_id}})).matched_count == 1

    async def _insert(self, key_id: str) -> bool:
        try:
            await self._agreements.insert_one({"_id": AGREED, "key_id": key_id})
        except DuplicateKeyError:
            return False
        return True
