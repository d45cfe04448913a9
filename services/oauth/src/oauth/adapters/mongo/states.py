"""Installs that may still be finished, in MongoDB."""

from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase

from chassis.mongo import Document


class MongoStateStore:
    """The collection `states`, keyed by the digest of the state and its user.

    A state is taken by that key and by nothing else: so it is found directly on every server, also where one more
    condition would read the whole collection, and there is no second key to maintain.
    """

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._states = database["states"]

    async def issue(self, digest: str, user_id: str, expires_at: datetime) -> None:
        """Keep the digest of a user's state until it is consumed or purged."""
        await self._states.insert_one({"_id": _key(digest, user_id), "expires_at": expires_at})

    async def consume(self, digest: str, user_id: str) -> bool:
        """Take it out, at most once ever; false if it is gone, or another user's."""
        return (await self._states.delete_one({"_id": _key(digest, user_id)})).deleted_count == 1

    async def purge(self, now: datetime) -> int:
        """Forget expired states; how many there were."""
        return (await self._states.delete_many({"expires_at": {"$lte": now}})).deleted_count


def _key(digest: str, user_id: str) -> str:
    return f"{digest}:{user_id}"
