"""Collection `lanes`: one document per account, `_id` its portal id: who works on it, and what is to be done.

`holder`, `fence` and `beat` are the lease; `pending` is the work list; `due_at` is when something on it is due and
`paused_until` when the account may be called again; `version` counts additions, so that whoever lets go of a lane
notices what came last, and `resumed` the times that a rest was ended, which are additions too; `breaker` is there while
it is open; `spent` says what is used of the account's window.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

from pymongo import ReturnDocument, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.mongo import Document, duplicates
from contracts.breakers import BreakerClosed
from contracts.envelope import Event
from timeline.adapters.mongo.outbox import MongoOutbox, to_outbox
from timeline.adapters.mongo.works import from_document, to_document
from timeline.models import Breaker, Closing, DueLane, Lane, Lease, Spent, Work

COLLECTION: Final = "lanes"

MAX_PENDING: Final = 20_000
"""The longest work list: a line has at most about 750 bytes, a document 16 MiB. More waits in the inbox."""


class MongoLanes:
    """The lanes in MongoDB."""

    def __init__(
        self, database: AsyncDatabase[Document], outbox: MongoOutbox, *, max_pending: int = MAX_PENDING
    ) -> None:
        self._lanes, self._outbox = database[COLLECTION], outbox
        self._room = {f"pending.{max_pending - 1}": {"$exists": False}}

    async def ensure_indexes(self) -> None:
        """Let sweeps find what is due, and the gauge what is oldest."""
        await self._lanes.create_index("due_at", sparse=True)
        await self._lanes.create_index("oldest_at", sparse=True)

    async def add(self, works: Mapping[int, Sequence[Work]], now: datetime) -> frozenset[int]:
        """Add work by account, due at once; accounts whose list is full, and took nothing."""
        portal_ids = list(works)
        updates = [self._addition(portal_id, works[portal_id], now) for portal_id in portal_ids]
        refused: Sequence[int] = range(len(updates))
        for _ in range(2):  # the second time a refusal is no other upsert's doing: the list is full
            refused = await self._try([updates[index] for index in refused], refused)
            if not refused:
                break
        return frozenset(portal_ids[index] for index in refused)

    async def take(self, portal_id: int, works: Sequence[Work], holder: str, now: datetime) -> Lane | None:
        """Add work to a lane that nobody holds and that does not rest, and become its holder."""
        document = await self._lanes.find_one_and_update(
            {"_id": portal_id, "holder": None, **_awake(now), **self._room},
            _merged(_new_work(works, now), _new_lease(holder)),
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else _lane(document)

    async def lengths(self, portal_ids: Collection[int]) -> Mapping[int, int]:
        """How many lines the work lists of accounts have."""
        found = self._lanes.find({"_id": {"$in": list(portal_ids)}}, {"pending.ticket": 1})
        return {document["_id"]: len(document["pending"]) async for document in found}

    async def resume(self, portal_id: int, now: datetime, *, closed: Callable[[Breaker], Event[BreakerClosed]]) -> None:
        """End a lane's rest and close its breaker, which is told by the event made; what is on its list is due."""
        found = await self._lanes.find_one({"_id": portal_id}, {"breaker": 1})
        breaker = None if found is None else breaker_of(found)
        update: Document = {
            "$unset": {"paused_until": "", "breaker": ""},
            "$set": {"due_at": now, "failures": 0},
            "$inc": {"version": 1, "resumed": 1},
        }
        condition: Document = {"_id": portal_id, "pending.0": {"$exists": True}}
        if breaker is not None:
            condition["breaker.opening"] = breaker.opening
            told = closed(breaker)
            update["$push"] = {"outbox": {"$each": to_outbox([told])}}
        result = await self._lanes.update_one(condition, update)
        if breaker is not None and result.matched_count:
            self._outbox.note(str(portal_id), [told])

    async def acquire(self, portal_id: int, holder: str, now: datetime) -> Lane | None:
        """Become the holder of a lane that nobody else holds and that does not rest."""
        document = await self._lanes.find_one_and_update(
            {"_id": portal_id, "holder": {"$in": [None, holder]}, **_awake(now)},
            _new_lease(holder),
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else _lane(document)

    async def reload(self, lease: Lease) -> Lane | None:
        """The lane as it is now; none when another holder came."""
        document = await self._lanes.find_one(_held(lease))
        return None if document is None else _lane(document)

    async def release(self, lease: Lease, closing: Closing) -> bool:
        """Let go; false if something was added in between, or another holder came."""
        moments = {
            "due_at": closing.due_at,
            "oldest_at": closing.oldest_at,
            "paused_until": closing.paused_until,
            "holder": None,
            "breaker": None if closing.breaker is None else asdict(closing.breaker),
            "spent": None if closing.spent is None else asdict(closing.spent),
        }
        counts = {"failures": closing.failures, "openings": closing.openings}
        update: Document = {
            "$set": counts | {name: at for name, at in moments.items() if at is not None},
            "$unset": {name: "" for name, at in moments.items() if at is None},
        }
        if closing.left is not None and len(closing.left) <= len(closing.settled):
            update["$set"]["pending"] = [to_document(work) for work in closing.left]  # nothing was added since
        else:
            update["$pull"] = {"pending": {"ticket": {"$in": list(closing.settled)}}}
        if closing.events:
            update["$push"] = {"outbox": {"$each": to_outbox(closing.events)}}
        result = await self._lanes.update_one({**_held(lease), "version": closing.version}, update)
        if closing.events and result.matched_count:
            self._outbox.note(str(lease.portal_id), closing.events)
        return result.matched_count == 1

    async def due(self, now: datetime, limit: int) -> Sequence[DueLane]:
        """Lanes in which something is due, longest due first."""
        query = {"due_at": {"$lte": now}, **_awake(now)}
        found = self._lanes.find(query, {"holder": 1, "fence": 1, "beat": 1}).sort("due_at", 1).limit(limit)
        return [
            DueLane(document["_id"], document.get("holder"), document.get("fence", 0), document.get("beat", 0))
            async for document in found
        ]

    async def break_lease(self, lane: DueLane, until: datetime) -> bool:
        """End a lease that is still as it was seen; the lane rests until then."""
        result = await self._lanes.update_one(
            {"_id": lane.portal_id, "holder": lane.holder, "fence": lane.fence, "beat": lane.beat},
            {"$unset": {"holder": ""}, "$inc": {"fence": 1}, "$set": {"paused_until": until}},
        )
        return result.matched_count == 1

    async def oldest(self) -> datetime | None:
        """When the oldest reply was received that waits on a list of an active account."""
        query = {"oldest_at": {"$exists": True}}
        document = await self._lanes.find_one(query, {"oldest_at": 1}, sort=[("oldest_at", 1)])
        return None if document is None else document["oldest_at"]

    async def open_breakers(self) -> int:
        """How many breakers are open."""
        return len([lane async for lane in self._lanes.find({"breaker": {"$exists": True}}, {"_id": 1})])

    async def breaker(self, portal_id: int) -> Breaker | None:
        """The open breaker of an account, if it is open."""
        found = await self._lanes.find_one({"_id": portal_id}, {"breaker": 1})
        return None if found is None else breaker_of(found)

    def _addition(self, portal_id: int, works: Sequence[Work], now: datetime) -> UpdateOne:
        return UpdateOne({"_id": portal_id, **self._room}, _new_work(works, now), upsert=True)

    async def _try(self, updates: Sequence[UpdateOne], places: Sequence[int]) -> Sequence[int]:
        """Write; the places of those that met a document without room."""
        try:
            await self._lanes.bulk_write(list(updates), ordered=False)
        except BulkWriteError as error:
            return [places[index] for index in sorted(duplicates(error))]
        return ()


def _new_work(works: Sequence[Work], now: datetime) -> Document:
    return {
        "$push": {"pending": {"$each": [to_document(work) for work in works]}},
        "$min": {"due_at": now, "oldest_at": min(work.received_at for work in works)},
        "$inc": {"version": 1},
    }


def _new_lease(holder: str) -> Document:
    return {"$set": {"holder": holder}, "$inc": {"fence": 1, "beat": 1}}


def _merged(*updates: Document) -> Document:
    """One update that does what these do to different members."""
    merged: Document = {}
    for update in updates:
        for operator, members in update.items():
            merged[operator] = {**merged.get(operator, {}), **members}
    return merged


def _awake(now: datetime) -> Document:
    return {"$or": [{"paused_until": None}, {"paused_until": {"$lte": now}}]}


def _held(lease: Lease) -> Document:
    return {"_id": lease.portal_id, "holder": lease.holder, "fence": lease.fence}


def _lane(document: Document) -> Lane:
    return Lane(
        portal_id=document["_id"],
        fence=document["fence"],
        version=document["version"],
        failures=document.get("failures", 0),
        pending=tuple(from_document(work) for work in document["pending"]),
        openings=document.get("openings", 0),
        breaker=breaker_of(document),
        spent=None if document.get("spent") is None else Spent(**document["spent"]),
        resumed=document.get("resumed", 0),
    )


def breaker_of(document: Document) -> Breaker | None:
    """The breaker in a lane's document, if it is open."""
    return None if document.get("breaker") is None else Breaker(**document["breaker"])
