"""All stores together, in memory."""

from timeline.adapters.in_memory.accounts import InMemoryAccounts
from timeline.adapters.in_memory.cursors import InMemoryCursors
from timeline.adapters.in_memory.entries import InMemoryCommunications, InMemoryEntries
from timeline.adapters.in_memory.inbox import InMemoryInbox
from timeline.adapters.in_memory.lanes import MAX_PENDING, InMemoryLanes
from timeline.adapters.in_memory.links import InMemoryLinks, InMemoryUnmatched
from timeline.adapters.in_memory.outbox import InMemoryOutbox
from timeline.adapters.in_memory.queues import InMemoryQueues
from timeline.adapters.in_memory.refs import InMemoryRefs
from timeline.adapters.in_memory.retries import InMemoryRetries
from timeline.adapters.in_memory.tenants import InMemoryTenants
from timeline.ports import Stores


class InMemoryStores:
    """What outlives a process: give the same to the next one, as a database would."""

    def __init__(self, *, max_pending: int = MAX_PENDING) -> None:
        self.entry_outbox, self.link_outbox, self.lane_outbox = InMemoryOutbox(), InMemoryOutbox(), InMemoryOutbox()
        self.queues = InMemoryQueues()
        self.inbox, self.tenants, self.unmatched = InMemoryInbox(self.queues), InMemoryTenants(), InMemoryUnmatched()
        self.retries, self.cursors, self.refs = InMemoryRetries(), InMemoryCursors(), InMemoryRefs()
        self.links = InMemoryLinks(self.link_outbox)
        self.entries = InMemoryEntries(self.entry_outbox)
        self.communications, self.lanes = (
            InMemoryCommunications(),
            InMemoryLanes(self.lane_outbox, max_pending=max_pending),
        )
        self.accounts = InMemoryAccounts(
            lanes=self.lanes,
            entries=self.entries,
            links=self.links,
            unmatched=self.unmatched,
            retries=self.retries,
            communications=self.communications,
        )
        self.stores = Stores(
            inbox=self.inbox,
            queues=self.queues,
            tenants=self.tenants,
            links=self.links,
            unmatched=self.unmatched,
            retries=self.retries,
            cursors=self.cursors,
            entries=self.entries,
            refs=self.refs,
            communications=self.communications,
            lanes=self.lanes,
        )
