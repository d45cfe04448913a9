"""Installations in MongoDB: the account, its sealed tokens, its pending events and its doubt, in one document."""

from collections.abc import Callable, Sequence
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document
from chassis.outbox import Pending
from contracts.envelope import Event, from_document, to_document
from contracts.tenants import TenantSnapshot
from contracts.topics import EVENT_TYPES
from oauth.adapters.mongo.documents import from_check, from_installation, from_tokens, to_check, to_installation
from oauth.models import GrantCheck, Installation, SealedTokens


class MongoInstallationStore:
    """The collection `installations`, keyed by account id.

    Args:
        database: this service's own.
        relay_soon: called whenever an event has been written that waits to be told.
    """

    def __init__(self, database: AsyncDatabase[Document], relay_soon: Callable[[], None]) -> None:
        self._installations, self._relay_soon = database["installations"], relay_soon

    async def get(self, portal_id: int) -> Installation | None:
        """The installation of an account, active or not."""
        document = await self._installations.find_one({"_id": portal_id}, {"outbox": 0})
        return None if document is None else to_installation(document)

    async def of_projects(self, project_ids: Sequence[str]) -> Sequence[Installation]:
        """Installations bound to these projects, by account id."""
        cursor = self._installations.find({"project_id": {"$in": list(project_ids)}}, {"outbox": 0}).sort("_id")
        return [to_installation(document) async for document in cursor]

    async def record(
        self, installation: Installation, event: Event[TenantSnapshot], *, replacing: Installation | None
    ) -> bool:
        """Write an installation and the event that tells of it, at once; false if it no longer is `replacing`."""
        fields, pending = from_installation(installation), to_document(event)
        if replacing is None:
            written = await self._insert(
                {"_id": installation.portal_id, **fields, "outbox": [pending], "outbox_since": event.time}
            )
        else:
            written = await self._update(
                replacing, {"$set": fields, "$push": {"outbox": pending}, "$min": {"outbox_since": event.time}}
            )
        if written:
            self._relay_soon()
        return written

    async def rotate_tokens(self, installation: Installation, tokens: SealedTokens) -> bool:
        """Give it new tokens; false if its revision or token version moved."""
        return await self._update(installation, {"$set": {"tokens": from_tokens(tokens)}, "$inc": {"token_version": 1}})

    async def _insert(self, document: Document) -> bool:
        try:
            await self._installations.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    async def _update(self, expected: Installation, change: Document) -> bool:
        unchanged = {
            "_id": expected.portal_id,
            "revision": expected.revision,
            "token_version": expected.token_version,
        }
        return (await self._installations.update_one(unchanged, change)).matched_count == 1


class MongoGrantCheckStore:
    """Doubts, each inside its installation."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._installations = database["installations"]

    async def raise_doubt(self, check: GrantCheck) -> bool:
        """Note a doubt in place of an older one; false unless the account is active."""
        active = {"_id": check.portal_id, "status": "active"}
        result = await self._installations.update_one(active, {"$set": {"grant_check": from_check(check)}})
        return result.matched_count == 1

    async def due(self, now: datetime, limit: int) -> Sequence[GrantCheck]:
        """Doubts whose time has come, oldest first."""
        cursor = self._installations.find({"grant_check.due_at": {"$lte": now}}, {"grant_check": 1})
        return [to_check(document) async for document in cursor.sort("grant_check.due_at").limit(limit)]

    async def settle(self, check: GrantCheck) -> None:
        """Forget this doubt, but not a newer one."""
        await self._installations.update_one(_this(check), {"$unset": {"grant_check": ""}})

    async def postpone(self, check: GrantCheck) -> None:
        """Replace the doubt of the same id, but not a newer one."""
        await self._installations.update_one(_this(check), {"$set": {"grant_check": from_check(check)}})


class MongoOutbox:
    """The pending events of installations; `outbox_since` exists only while there are some."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._installations = database["installations"]

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Some documents with pending events, longest waiting first."""
        cursor = self._installations.find({"outbox_since": {"$exists": True}}, {"outbox": 1})
        return [
            Pending(str(document["_id"]), tuple(from_document(EVENT_TYPES, event) for event in document["outbox"]))
            async for document in cursor.sort("outbox_since").limit(limit)
        ]

    async def remove(self, document_id: str, event_ids: Sequence[str]) -> None:
        """Forget events that were published."""
        portal_id = int(document_id)
        published = {"outbox": {"id": {"$in": list(event_ids)}}}
        await self._installations.update_one({"_id": portal_id}, {"$pull": published})
        await self._installations.update_one({"_id": portal_id, "outbox": []}, {"$unset": {"outbox_since": ""}})


def _this(check: GrantCheck) -> Document:
    return {"_id": check.portal_id, "grant_check.id": check.id}
