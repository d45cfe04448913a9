"""Openings of the card in MongoDB."""

from datetime import datetime
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from actions.adapters.mongo.answers import asked
from actions.adapters.remembering import Remembered
from chassis.clock import Clock
from chassis.mongo import Document

COLLECTION: Final = "card_openings"

NOTED_SECONDS: Final = 600.0
"""How long further openings change nothing: a card asks every few seconds, and nobody needs it to the second."""


class MongoCardOpenings:
    """Collection `card_openings`: `_id` the account."""

    def __init__(self, database: AsyncDatabase[Document], clock: Clock) -> None:
        self._openings, self._clock = database[COLLECTION], clock
        self._noted = Remembered(self._write, seconds=NOTED_SECONDS, clock=clock)

    async def note(self, portal_id: int) -> None:
        """It was opened just now; kept to the nearest minutes.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await self._noted(portal_id)

    async def last(self, portal_id: int) -> datetime | None:
        """When it was last opened; none if never.

        Raises:
            StoreAwayError: the database does not answer.
        """
        found = await asked(lambda: self._openings.find_one({"_id": portal_id}))
        at = None if found is None else found["at"]
        return at if isinstance(at, datetime) else None

    async def _write(self, portal_id: int) -> datetime:
        now = self._clock.now()
        opened = {"$set": {"at": now}}
        try:
            await asked(lambda: self._openings.update_one({"_id": portal_id}, opened, upsert=True))
        except DuplicateKeyError:  # a concurrent first opening, which is as good
            return now
        return now
