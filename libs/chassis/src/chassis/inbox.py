"""The inbox of held messages: what came from an owner whose messages keep dying, kept raw until someone looks.

An owner is held on a partition as long as messages of theirs lie here; when an operator has released them, they flow
again. Holding is idempotent: the place of a record in Kafka is its key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.clock import Clock
from chassis.mongo import Document, duplicates
from contracts.held import HeldLane

COLLECTION = "held_messages"
"""Where a service's database keeps them."""

REFRESH_SECONDS = 30.0
"""How soon a release is noticed."""

Lane = tuple[int, str]
"""A partition and an owner: what is held together, so that order is kept."""


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """One record as it lay in Kafka, and whose it is."""

    group: str
    topic: str
    partition: int
    offset: int
    owner: str
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None
    held_at: datetime

    @property
    def id(self) -> str:
        """Its place: `{group}:{topic}:{partition}:{offset}`."""
        return f"{self.group}:{self.topic}:{self.partition}:{self.offset}"


class HeldMessages(Protocol):
    """Where held messages are kept."""

    async def hold(self, messages: Sequence[HeldMessage]) -> None:
        """Keep them; one that is there already stays as it is."""
        ...

    async def lanes(self, group: str, topic: str) -> frozenset[Lane]:
        """Who is held on which partition of a topic."""
        ...

    async def summary(self, group: str) -> Sequence[HeldLane]:
        """What is held by owner and partition, that which is held the longest first."""
        ...

    async def oldest(self, group: str, topic: str, partition: int, owner: str, limit: int) -> Sequence[HeldMessage]:
        """The first messages of an owner on a partition, in order."""
        ...

    async def remove(self, message: HeldMessage) -> None:
        """Forget a message: it is done with."""
        ...


class InMemoryHeldMessages:
    """Held messages in memory, by id."""

    def __init__(self) -> None:
        self.messages: dict[str, HeldMessage] = {}

    async def hold(self, messages: Sequence[HeldMessage]) -> None:
        """Keep them; one that is there already stays as it is."""
        for message in messages:
            self.messages.setdefault(message.id, message)

    async def lanes(self, group: str, topic: str) -> frozenset[Lane]:
        """Who is held on which partition of a topic."""
        return frozenset(
            (message.partition, message.owner)
            for message in self.messages.values()
            if (message.group, message.topic) == (group, topic)
        )

    async def summary(self, group: str) -> Sequence[HeldLane]:
        """What is held by owner and partition, that which is held the longest first."""
        by_lane: dict[tuple[str, int, str], list[HeldMessage]] = {}
        for message in self.messages.values():
            if message.group == group:
                by_lane.setdefault((message.topic, message.partition, message.owner), []).append(message)
        return _longest_first(
            HeldLane(topic=topic, partition=partition, owner=owner, messages=len(found),
                     oldest_at=min(message.held_at for message in found))
            for (topic, partition, owner), found in by_lane.items()
        )  # fmt: skip

    async def oldest(self, group: str, topic: str, partition: int, owner: str, limit: int) -> Sequence[HeldMessage]:
        """The first messages of an owner on a partition, in order."""
        wanted = (group, topic, partition, owner)
        found = [one for one in self.messages.values() if (one.group, one.topic, one.partition, one.owner) == wanted]
        return sorted(found, key=lambda message: message.offset)[:limit]

    async def remove(self, message: HeldMessage) -> None:
        """Forget a message: it is done with."""
        self.messages.pop(message.id, None)


class MongoHeldMessages:
    """Held messages in the service's own database."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._collection = database[COLLECTION]

    async def ensure_indexes(self) -> None:
        """Make the index that `lanes` and an operator's listing use."""
        await self._collection.create_index([("group", 1), ("topic", 1), ("partition", 1), ("owner", 1), ("offset", 1)])

    async def hold(self, messages: Sequence[HeldMessage]) -> None:
        """Keep them; one that is there already stays as it is."""
        if not messages:
            return
        try:
            await self._collection.insert_many([_document(message) for message in messages], ordered=False)
        except BulkWriteError as error:
            duplicates(error)

    async def lanes(self, group: str, topic: str) -> frozenset[Lane]:
        """Who is held on which partition of a topic."""
        cursor = await self._collection.aggregate(
            [
                {"$match": {"group": group, "topic": topic}},
                {"$group": {"_id": {"partition": "$partition", "owner": "$owner"}}},
            ]
        )
        return frozenset([(found["_id"]["partition"], found["_id"]["owner"]) async for found in cursor])

    async def summary(self, group: str) -> Sequence[HeldLane]:
        """What is held by owner and partition, that which is held the longest first."""
        lane = {"topic": "$topic", "partition": "$partition", "owner": "$owner"}
        grouped = {"$group": {"_id": lane, "messages": {"$sum": 1}, "oldest_at": {"$min": "$held_at"}}}
        cursor = await self._collection.aggregate([{"$match": {"group": group}}, grouped])
        found = [HeldLane(**one["_id"], messages=one["messages"], oldest_at=one["oldest_at"]) async for one in cursor]
        return _longest_first(found)

    async def oldest(self, group: str, topic: str, partition: int, owner: str, limit: int) -> Sequence[HeldMessage]:
        """The first messages of an owner on a partition, in order."""
        query = {"group": group, "topic": topic, "partition": partition, "owner": owner}
        found = self._collection.find(query).sort("offset", 1).limit(limit)
        return [_message(document) async for document in found]

    async def remove(self, message: HeldMessage) -> None:
        """Forget a message: it is done with."""
        await self._collection.delete_one({"_id": message.id})


def _longest_first(lanes: Iterable[HeldLane]) -> Sequence[HeldLane]:
    return sorted(lanes, key=lambda lane: (lane.oldest_at, lane.topic, lane.partition, lane.owner))


def _message(document: Document) -> HeldMessage:
    return HeldMessage(
        group=document["group"],
        topic=document["topic"],
        partition=document["partition"],
        offset=document["offset"],
        owner=document["owner"],
        key=document["key"],
        headers=tuple((name, value) for name, value in document["headers"]),
        value=document["value"],
        held_at=document["held_at"],
    )


def _document(message: HeldMessage) -> Document:
    return {
        "_id": message.id,
        "group": message.group,
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "owner": message.owner,
        "key": message.key,
        "headers": [[name, value] for name, value in message.headers],
        "value": message.value,
        "held_at": message.held_at,
    }


class Holds:
    """Who is held, as far as one subscription knows: what it held itself, and what the store says now and then."""

    def __init__(self, messages: HeldMessages, group: str, topic: str, clock: Clock) -> None:
        self._messages, self._group, self._topic, self._clock = messages, group, topic, clock
        self._lanes: set[Lane] = set()
        self._epoch: int | None = None
        self._read_at = float("-inf")

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def __contains__(self, lane: Lane) -> bool:
        return lane in self._lanes

    def add(self, lane: Lane) -> None:
        """Hold this owner on this partition from now on; the store hears of it with the next message of theirs."""
        self._lanes.add(lane)
        self._read_at = self._clock.monotonic()

    async def refresh(self, epoch: int) -> None:
        """Ask the store after a rebalance (another process may have held them), and for releases while any is held."""
        now = self._clock.monotonic()
        stale = bool(self._lanes) and now - self._read_at >= REFRESH_SECONDS
        if epoch == self._epoch and not stale:
            return
        self._lanes = set(await self._messages.lanes(self._group, self._topic))
        self._epoch, self._read_at = epoch, now

    async def hold(self, messages: Sequence[HeldMessage]) -> None:
        """Keep messages of held owners."""
        await self._messages.hold(messages)
