"""Installations in MongoDB: the account, its sealed tokens, its pending events and its doubt, in one document."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document
from chassis.outbox import Pending
from contracts.envelope import Event, from_document, to_document
from contracts.tenants import TenantSnapshot
from contracts.topics import EVENT_TYPES
from oauth.adapters.mongo.documents import (
    changes_from,
    from_check,
    from_departure,
    from_entry,
    from_installation,
    from_tokens,
    to_check,
    to_installation,
)
from oauth.models import Departure, EndReason, GrantCheck, HistoryEntry, Installation, SealedTokens

KEY_ID_FIELDS: Final = tuple(
    f"{holder}.{token}.key_id"
    for holder in ("tokens", "departure.tokens")
    for token in ("access_token", "refresh_token")
)
"""Everywhere that the id of a sealing key stands."""


_BARE: Final = {"outbox": 0, "history": 0}
"""An installation without what only lies there until it is told, or filed (`histories`)."""


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
        document = await self._installations.find_one({"_id": portal_id}, _BARE)
        return None if document is None else to_installation(document)

    async def of_projects(self, project_ids: Sequence[str]) -> Sequence[Installation]:
        """Installations bound to these projects, by account id."""
        cursor = self._installations.find({"project_id": {"$in": list(project_ids)}}, _BARE).sort("_id")
        return [to_installation(document) async for document in cursor]

    async def record_first(
        self, installation: Installation, event: Event[TenantSnapshot], entry: HistoryEntry
    ) -> Installation | None:
        """Write an account's first installation, event and entry, at once; the one that lies there."""
        fields = {
            **from_installation(installation),
            "history": [from_entry(entry)],
            "outbox": [to_document(event)],
            "outbox_since": event.time,
        }
        known = await self._insert_or_get(installation.portal_id, fields)
        if known is not None:
            return to_installation(known)
        self._relay_soon()
        return None

    async def record(
        self, installation: Installation, event: Event[TenantSnapshot], entry: HistoryEntry, *, replacing: Installation
    ) -> bool:
        """Write an installation, event and entry, at once; false if it no longer is `replacing`."""
        change = {
            "$set": changes_from(replacing, installation),
            "$push": {"outbox": to_document(event), "history": from_entry(entry)},
            "$min": {"outbox_since": event.time},
        }
        written = await self._update(replacing, change)
        if written:
            self._relay_soon()
        return written

    async def page(self, after: int, limit: int) -> Sequence[Installation]:
        """Accounts with greater ids, by id."""
        cursor = self._installations.find({"_id": {"$gt": after}}, _BARE).sort("_id").limit(limit)
        return [to_installation(document) async for document in cursor]

    async def bury(self, installation: Installation, tombstones: Sequence[Event[TenantSnapshot]]) -> bool:
        """Have tombstones told after all that is still to be told of it; false if the account moved on."""
        pushed = {"outbox": {"$each": [to_document(one) for one in tombstones]}}
        written = await self._update(
            installation, {"$push": pushed, "$min": {"outbox_since": min(one.time for one in tombstones)}}
        )
        if written:
            self._relay_soon()
        return written

    async def rotate_tokens(self, installation: Installation, tokens: SealedTokens) -> bool:
        """Give it new tokens; false if its token version moved."""
        unchanged = {"_id": installation.portal_id, "token_version": installation.token_version}
        change = {"$set": {"tokens": from_tokens(tokens)}, "$inc": {"token_version": 1}}
        return (await self._installations.update_one(unchanged, change)).matched_count == 1

    async def departing(self, now: datetime, limit: int) -> Sequence[Installation]:
        """Installations whose departure is due, oldest first."""
        cursor = self._installations.find({"departure.due_at": {"$lte": now}}, _BARE)
        return [to_installation(document) async for document in cursor.sort("departure.due_at").limit(limit)]

    async def move_departure(self, installation: Installation, departure: Departure | None) -> bool:
        """Note what a departure has come to, or that it is over; false if its revision or token version moved."""
        unchanged = {
            "_id": installation.portal_id,
            "revision": installation.revision,
            "token_version": installation.token_version,
        }
        change = {"$set": {"departure": from_departure(departure)}, "$inc": {"token_version": 1}}
        return (await self._installations.update_one(unchanged, change)).matched_count == 1

    async def sealed_under(self, key_ids: Sequence[str], limit: int) -> Sequence[Installation]:
        """Installations of which a token, a departing one included, is sealed under one of these keys."""
        query = {"$or": [{field: {"$in": list(key_ids)}} for field in KEY_ID_FIELDS]}
        cursor = self._installations.find(query, _BARE).sort("_id").limit(limit)
        return [to_installation(document) async for document in cursor]

    async def reseal(self, installation: Installation, *, replacing: Installation) -> bool:
        """Write the tokens of `installation`, sealed anew; false if revision, token version or seal version moved."""
        tokens = None if installation.tokens is None else from_tokens(installation.tokens)
        resealed = {"tokens": tokens, "departure": from_departure(installation.departure)}
        return await self._update(replacing, {"$set": resealed, "$inc": {"seal_version": 1}})

    async def count_by_key(self) -> Mapping[str, int]:
        """How many sealed tokens lie under each key id, departing ones included."""
        counted: Counter[str] = Counter()
        for field in KEY_ID_FIELDS:
            cursor = await self._installations.aggregate(
                [{"$match": {field: {"$exists": True}}}, {"$group": {"_id": f"${field}", "tokens": {"$sum": 1}}}]
            )
            counted.update({group["_id"]: group["tokens"] async for group in cursor})
        return counted

    async def _insert_or_get(self, portal_id: int, fields: Document) -> Document | None:
        """Write a document, unless there is one of that key: then that one, and nothing is written."""
        while True:
            try:
                await self._installations.insert_one({"_id": portal_id, **fields})
            except DuplicateKeyError:
                known = await self._installations.find_one({"_id": portal_id}, _BARE)
                if known is not None:  # else it was removed in between
                    return known
            else:
                return None

    async def _update(self, expected: Installation, change: Document) -> bool:
        """Change a document that is as it was read; those of the first release have no seal version."""
        if await self._update_at(expected, expected.seal_version, change):
            return True
        return not expected.seal_version and await self._update_at(expected, None, change)

    async def _update_at(self, expected: Installation, seal_version: int | None, change: Document) -> bool:
        unchanged = {
            "_id": expected.portal_id,
            "revision": expected.revision,
            "token_version": expected.token_version,
            "seal_version": seal_version,
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

    async def raise_doubts(self, check_id: str, reason: EndReason, due_at: datetime) -> int:
        """Note a doubt about every active account that has none; how many there were."""
        check = from_check(GrantCheck(check_id, 0, reason, due_at))
        trusted = {"status": "active", "grant_check": {"$exists": False}}
        return (await self._installations.update_many(trusted, {"$set": {"grant_check": check}})).matched_count

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

    async def forget(self, published: Sequence[Pending]) -> None:
        """Forget all events of a round: in one call, but for outboxes that are no longer as they were read."""
        emptied = await self._installations.bulk_write([_emptying(pending) for pending in published], ordered=False)
        if emptied.matched_count < len(published):
            for pending in published:
                await self.remove(pending.document_id, [event.id for event in pending.events])


def _emptying(pending: Pending) -> UpdateOne:
    """Empties an outbox that holds exactly these events: whatever was added meanwhile stays with all of them."""
    these = {f"outbox.{place}.id": event.id for place, event in enumerate(pending.events)}
    no_more = {f"outbox.{len(pending.events)}": {"$exists": False}}
    return UpdateOne(
        {"_id": int(pending.document_id), **these, **no_more}, {"$set": {"outbox": []}, "$unset": {"outbox_since": ""}}
    )


def _this(check: GrantCheck) -> Document:
    return {"_id": check.portal_id, "grant_check.id": check.id}
