"""The inbox of held messages: what came from an owner whose messages keep dying, kept raw until someone looks.

An owner is held on a partition as long as messages of theirs lie here; when an operator has released them, they flow
again. Holding is idempotent: the place of a record in Kafka is its key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.clock import Clock
from chassis.mongo import Document, duplicates

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

    def __contains__(self, lane: Lane) -> bool:
        return lane in self._lanes

    def add(self, lane: Lane) -> None:
        """Hold this owner on this partition from now on."""
        self._lanes.add(lane)

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
