"""Who caused which outbound message, in MongoDB."""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import TypeAdapter
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.pieces import in_pieces
from actions.models import Author
from chassis.clock import Clock
from chassis.mongo import Document, duplicates

COLLECTION: Final = "authors"

_AUTHOR: Final = TypeAdapter(Author)


class MongoAuthorStore:
    """Collection `authors`: `_id` the project and Chert's message id."""

    def __init__(self, database: AsyncDatabase[Document], clock: Clock | None = None) -> None:
        """Over a database; with a clock, what is kept of many sends at once is spread out."""
        self._authors, self._clock = database[COLLECTION], clock

    async def record(self, authors: Sequence[Author]) -> None:
        """Remember them; one that is known stays as it is.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await in_pieces(authors, self._insert, self._clock)

    async def of(self, chert_tenant: str, message_ids: Sequence[str]) -> Mapping[str, Author]:
        """The authors of messages, by message id; a message of unknown author is absent.

        Raises:
            StoreAwayError: the database does not answer.
        """
        keys = [f"{chert_tenant}:{message_id}" for message_id in message_ids]
        found = await asked(lambda: self._authors.find({"_id": {"$in": keys}}).to_list()) if keys else []
        return {author.message_id: author for author in map(_AUTHOR.validate_python, found)}

    async def _insert(self, authors: Sequence[Author]) -> None:
        try:
            await asked(lambda: self._authors.insert_many([_document(author) for author in authors], ordered=False))
        except BulkWriteError as error:
            duplicates(error)


def _document(author: Author) -> Document:
    return {"_id": f"{author.chert_tenant}:{author.message_id}", **_AUTHOR.dump_python(author)}
