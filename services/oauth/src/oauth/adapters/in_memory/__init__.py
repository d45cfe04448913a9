"""In-memory versions of what lies outside, for tests and for reading: they behave as the real ones do."""

from oauth.adapters.in_memory.console import InMemoryConsole
from oauth.adapters.in_memory.hubspot import InMemoryHubSpot
from oauth.adapters.in_memory.stores import InMemoryInstallations, InMemoryLeaseStore, InMemoryStateStore

__all__ = ["InMemoryConsole", "InMemoryHubSpot", "InMemoryInstallations", "InMemoryLeaseStore", "InMemoryStateStore"]
