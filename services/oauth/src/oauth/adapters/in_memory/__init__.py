"""In-memory versions of what lies outside, for tests and for reading: they behave as the real ones do."""

from oauth.adapters.in_memory.console import InMemoryConsole
from oauth.adapters.in_memory.hubspot import InMemoryHubSpot, InMemoryJournal
from oauth.adapters.in_memory.processes import InMemoryJournalStore, InMemoryLeaseStore, InMemoryReplicaStore
from oauth.adapters.in_memory.publisher import InMemoryFencedPublisher, InMemoryTopic
from oauth.adapters.in_memory.sisters import (
    InMemoryActivity,
    InMemoryChertFiles,
    InMemoryChertProjects,
    InMemoryMessages,
    InMemoryPhoneLines,
)
from oauth.adapters.in_memory.stores import InMemoryInstallations, InMemoryStateStore

__all__ = [
    "InMemoryActivity",
    "InMemoryChertFiles",
    "InMemoryChertProjects",
    "InMemoryConsole",
    "InMemoryFencedPublisher",
    "InMemoryHubSpot",
    "InMemoryInstallations",
    "InMemoryJournal",
    "InMemoryJournalStore",
    "InMemoryLeaseStore",
    "InMemoryMessages",
    "InMemoryPhoneLines",
    "InMemoryReplicaStore",
    "InMemoryStateStore",
    "InMemoryTopic",
]
