"""In-memory versions of every port, for tests: they behave as the real ones do, and fail at named points when asked."""

from actions.adapters.in_memory.accounts import InMemoryAccounts
from actions.adapters.in_memory.chert import Delivered, InMemoryMessenger
from actions.adapters.in_memory.contacts import InMemoryContacts
from actions.adapters.in_memory.contents import InMemorySendContents
from actions.adapters.in_memory.conversations import InMemoryAuthorStore, InMemoryConversationStore, InMemoryWishStore
from actions.adapters.in_memory.creations import InMemoryCreationQueue, InMemoryCreationRecords, InMemoryInstallTimes
from actions.adapters.in_memory.facts import InMemoryFacts
from actions.adapters.in_memory.faults import Faults
from actions.adapters.in_memory.newer_signatures import InMemoryNewerSignatures
from actions.adapters.in_memory.openings import InMemoryCardOpenings
from actions.adapters.in_memory.references import InMemoryReferenceStore
from actions.adapters.in_memory.sends import InMemoryAliasStore, InMemorySendStore
from actions.adapters.in_memory.steps import Deaths, InMemoryCallbacks, InMemoryChertConversations, InMemoryStepStore
from actions.adapters.in_memory.tenants import InMemoryTenantAuthority, InMemoryTenantStore

__all__ = [
    "Deaths",
    "Delivered",
    "Faults",
    "InMemoryAccounts",
    "InMemoryAliasStore",
    "InMemoryAuthorStore",
    "InMemoryCallbacks",
    "InMemoryCardOpenings",
    "InMemoryChertConversations",
    "InMemoryContacts",
    "InMemoryConversationStore",
    "InMemoryCreationQueue",
    "InMemoryCreationRecords",
    "InMemoryFacts",
    "InMemoryInstallTimes",
    "InMemoryMessenger",
    "InMemoryNewerSignatures",
    "InMemoryReferenceStore",
    "InMemorySendContents",
    "InMemorySendStore",
    "InMemoryStepStore",
    "InMemoryTenantAuthority",
    "InMemoryTenantStore",
    "InMemoryWishStore",
]
