"""MongoDB: installations with their outbox, their histories, states and leases, a collection each, found by `_id`.

Only single documents change at a time, and only inside the subset that MongoDB and the embedded server share.
Secondary indexes make sweeps cheap on MongoDB; nothing relies on them to be right.
"""

from pymongo.asynchronous.database import AsyncDatabase

from chassis import mongo
from chassis.inbox import MongoHeldMessages
from chassis.mongo import Document
from oauth.adapters.mongo.histories import CARRIES_MUCH, MongoHistoryStore
from oauth.adapters.mongo.installations import MongoGrantCheckStore, MongoInstallationStore, MongoOutbox
from oauth.adapters.mongo.journal import MongoJournalStore
from oauth.adapters.mongo.leases import MongoLeaseStore
from oauth.adapters.mongo.replicas import MongoReplicaStore
from oauth.adapters.mongo.states import MongoStateStore

__all__ = [
    "MongoGrantCheckStore",
    "MongoHistoryStore",
    "MongoInstallationStore",
    "MongoJournalStore",
    "MongoLeaseStore",
    "MongoOutbox",
    "MongoReplicaStore",
    "MongoStateStore",
    "Readiness",
    "ensure_indexes",
]


class Readiness:
    """A readiness check: the database answers, and its secondary indexes are declared once it does."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database
        self._indexed = False

    async def __call__(self) -> None:
        """Ask the database; whatever the driver raises says that it is away.

        Raises:
            UnfitError: it is too old.
        """
        await mongo.answers(self._database)
        if not self._indexed:
            await ensure_indexes(self._database)
            self._indexed = True


async def ensure_indexes(database: AsyncDatabase[Document]) -> None:
    """Declare the secondary indexes; those that are there stay."""
    installations = database["installations"]
    await installations.create_index("project_id")
    await installations.create_index("outbox_since", sparse=True)
    await installations.create_index(CARRIES_MUCH, sparse=True)
    await installations.create_index("grant_check.due_at", sparse=True)
    await installations.create_index("departure.due_at", sparse=True)
    await database["states"].create_index("expires_at", expireAfterSeconds=0)
    await MongoHeldMessages(database).ensure_indexes()
