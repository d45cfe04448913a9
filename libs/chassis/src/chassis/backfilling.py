"""Backfills: writing anew, page by page, what an earlier release wrote in another way, or not at all.

Reading never waits for that: what is read is understood in every shape since the first release. A backfill is for what
is looked for, which has to be there to be found. It remembers how far it is, so a process that ends goes on where it
was; pages may be done again, by another process at the same time too, and that changes nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.logging import get_log
from chassis.mongo import Document

LOG = get_log()

PAUSE_SECONDS: Final = 0.5
"""Between two pages: live work goes first."""

COLLECTION: Final = "backfills"

Page = Callable[[str], Awaitable[str | None]]
"""Does what comes after a key, and gives the last key that it did; none when nothing is left."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a backfill is.

    Attributes:
        after: the last key that is done; keys ascend.
        done: whether nothing is left.
    """

    after: str = ""
    done: bool = False


class Places(Protocol):
    """Where backfills are."""

    async def place(self, name: str) -> Place:
        """How far one is; at its beginning, if nobody knows it."""
        ...

    async def advance(self, name: str, after: str) -> None:
        """It is done up to this key; never back, whoever comes late."""
        ...

    async def finish(self, name: str) -> None:
        """Nothing is left."""
        ...


class InMemoryPlaces:
    """Places by name."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}

    async def place(self, name: str) -> Place:
        """How far one is."""
        return self.places.get(name, Place())

    async def advance(self, name: str, after: str) -> None:
        """It is done up to this key."""
        known = await self.place(name)
        self.places[name] = Place(max(known.after, after), known.done)

    async def finish(self, name: str) -> None:
        """Nothing is left."""
        self.places[name] = Place((await self.place(name)).after, done=True)


class MongoPlaces:
    """Places in the service's own database, a document each, by the backfill's name."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._places = database[COLLECTION]

    async def place(self, name: str) -> Place:
        """How far one is."""
        found = await self._places.find_one({"_id": name})
        return Place() if found is None else Place(found.get("after", ""), found.get("done", False))

    async def advance(self, name: str, after: str) -> None:
        """It is done up to this key."""
        await self._change(name, {"$max": {"after": after}})

    async def finish(self, name: str) -> None:
        """Nothing is left."""
        await self._change(name, {"$set": {"done": True}})

    async def _change(self, name: str, update: Document) -> None:
        try:
            await self._places.update_one({"_id": name}, update, upsert=True)
        except DuplicateKeyError:  # another process made it at the same moment: now it is there
            await self._places.update_one({"_id": name}, update)


class Backfill:
    """One backfill; a worker's step.

    Args:
        name: what it writes and why, for good: under this name it is remembered.
        page: does a page.
        places: where it remembers how far it is.
    """

    def __init__(self, name: str, page: Page, places: Places) -> None:
        self._name, self._page, self._places = name, page, places
        self._done = False

    async def step(self) -> bool:
        """Do one page; it never asks for more at once."""
        if self._done:
            return False
        place = await self._places.place(self._name)
        if place.done:
            self._done = True
            return False
        last = await self._page(place.after)
        if last is None:
            await self._places.finish(self._name)
            LOG.info("backfill.done", backfill=self._name)
        else:
            await self._places.advance(self._name, last)
        return False
