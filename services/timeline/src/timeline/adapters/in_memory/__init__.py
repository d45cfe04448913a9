"""Every port in memory, behaving as the real ones do; tests and experiments stand on them."""

from timeline.adapters.in_memory.cursors import InMemoryChertLog, InMemoryCursors
from timeline.adapters.in_memory.entries import InMemoryCommunications, InMemoryEntries
from timeline.adapters.in_memory.faults import Crash, CrashAt
from timeline.adapters.in_memory.hubspot import Answer, InMemoryHubSpot, Record
from timeline.adapters.in_memory.inbox import InMemoryInbox
from timeline.adapters.in_memory.lanes import InMemoryLanes
from timeline.adapters.in_memory.links import InMemoryLinks, InMemoryUnmatched
from timeline.adapters.in_memory.outbox import InMemoryOutbox
from timeline.adapters.in_memory.retries import InMemoryRetries
from timeline.adapters.in_memory.stores import InMemoryStores
from timeline.adapters.in_memory.tenants import InMemoryTenants

__all__ = [
    "Answer",
    "Crash",
    "CrashAt",
    "InMemoryChertLog",
    "InMemoryCommunications",
    "InMemoryCursors",
    "InMemoryEntries",
    "InMemoryHubSpot",
    "InMemoryInbox",
    "InMemoryLanes",
    "InMemoryLinks",
    "InMemoryOutbox",
    "InMemoryRetries",
    "InMemoryStores",
    "InMemoryTenants",
    "InMemoryUnmatched",
    "Record",
]
