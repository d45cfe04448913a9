"""All collections together."""

from pymongo.asynchronous.database import AsyncDatabase

from chassis.backfilling import MongoPlaces
from chassis.clock import Clock
from chassis.mongo import Document
from timeline.adapters.mongo import entries, lanes, links
from timeline.adapters.mongo.accounts import MongoAccounts
from timeline.adapters.mongo.communications import MongoCommunications
from timeline.adapters.mongo.cursors import MongoCursors
from timeline.adapters.mongo.entries import MongoEntries
from timeline.adapters.mongo.inbox import MongoInbox
from timeline.adapters.mongo.lanes import MongoLanes
from timeline.adapters.mongo.links import MongoLinks
from timeline.adapters.mongo.outbox import MongoOutbox
from timeline.adapters.mongo.portions import MongoPortions
from timeline.adapters.mongo.queues import MongoQueues
from timeline.adapters.mongo.refs import MongoRefs
from timeline.adapters.mongo.retries import MongoRetries
from timeline.adapters.mongo.tenants import MongoTenants
from timeline.adapters.mongo.unmatched import MongoUnmatched
from timeline.ports import Stores


class MongoStores:
    """The service's database."""

    def __init__(self, database: AsyncDatabase[Document], clock: Clock) -> None:
        self.database = database
        self.entry_outbox = MongoOutbox(database[entries.COLLECTION], clock)
        self.link_outbox = MongoOutbox(database[links.COLLECTION], clock)
        self.lane_outbox = MongoOutbox(database[lanes.COLLECTION], clock, key=int)
        portions = MongoPortions(database)
        inbox, queues = MongoInbox(database, portions), MongoQueues(database, portions)
        tenants, lane_store = MongoTenants(database), MongoLanes(database, self.lane_outbox)
        retries = MongoRetries(database)
        unmatched, entry_store = MongoUnmatched(database), MongoEntries(database, self.entry_outbox)
        self.accounts, self.places = MongoAccounts(database), MongoPlaces(database)
        self.stores = Stores(
            inbox=inbox,
            queues=queues,
            tenants=tenants,
            links=MongoLinks(database, self.link_outbox),
            unmatched=unmatched,
            retries=retries,
            cursors=MongoCursors(database),
            entries=entry_store,
            refs=MongoRefs(database),
            communications=MongoCommunications(database),
            lanes=lane_store,
        )
        outboxes = (self.entry_outbox, self.link_outbox, self.lane_outbox)
        self._indexed = (inbox, portions, tenants, lane_store, unmatched, retries, entry_store, *outboxes)

    async def ensure_indexes(self) -> None:
        """Make every index that is not there."""
        for collection in self._indexed:
            await collection.ensure_indexes()
