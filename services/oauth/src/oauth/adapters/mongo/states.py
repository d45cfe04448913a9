"""Installs under way, in MongoDB."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import SecretStr
from pymongo.asynchronous.database import AsyncDatabase

from chassis.mongo import Document
from oauth.models import InstallState


class MongoStateStore:
    """The collection `states`, keyed by the digest of the state and its user.

    A state is taken by that key and by nothing else: so it is found directly on every server, also where one more
    condition would read the whole collection, and there is no second key to maintain.
    """

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._states = database["states"]

    async def issue(self, state: InstallState) -> None:
        """Keep a state until it is consumed or expires."""
        verifier = state.code_verifier
        await self._states.insert_one(
            {
                "_id": _key(state.digest, state.user_id),
                "digest": state.digest,
                "project_id": state.project_id,
                "user_id": state.user_id,
                "code_verifier": None if verifier is None else verifier.get_secret_value(),
                "expires_at": state.expires_at,
                "start": state.start,
            }
        )

    async def consume(self, digest: str, user_id: str, now: datetime) -> InstallState | None:
        """Take the user's state out, at most once ever; none if it is gone, expired, or another user's."""
        document = await self._states.find_one_and_delete({"_id": _key(digest, user_id)})
        return None if document is None or document["expires_at"] <= now else _to_state(document)

    async def purge(self, now: datetime) -> int:
        """Forget expired states; how many there were."""
        return (await self._states.delete_many({"expires_at": {"$lte": now}})).deleted_count


def _key(digest: str, user_id: str) -> str:
    return f"{digest}:{user_id}"


def _to_state(document: Mapping[str, Any]) -> InstallState:
    verifier = document["code_verifier"]
    return InstallState(
        digest=document["digest"],
        project_id=document["project_id"],
        user_id=document["user_id"],
        code_verifier=None if verifier is None else SecretStr(verifier),
        expires_at=document["expires_at"],
        start=document["start"],
    )
