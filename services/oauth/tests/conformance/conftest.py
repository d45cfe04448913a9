"""The stores under test: in memory, and on the real database server."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from chassis.mongo import connect
from chassis.subset import SubsetListener
from oauth.adapters.in_memory import (
    InMemoryInstallations,
    InMemoryJournalStore,
    InMemoryLeaseStore,
    InMemoryReplicaStore,
    InMemoryStateStore,
)
from oauth.adapters.mongo import (
    MongoGrantCheckStore,
    MongoHistoryStore,
    MongoInstallationStore,
    MongoJournalStore,
    MongoLeaseStore,
    MongoOutbox,
    MongoReplicaStore,
    MongoStateStore,
    ensure_indexes,
)
from oauth.ports import (
    GrantCheckStore,
    HistoryStore,
    InstallationStore,
    JournalStore,
    LeaseStore,
    ReplicaStore,
    StateStore,
)
from oauth.workers import RoundOutbox


@dataclass(frozen=True)
class Stores:
    """One implementation of every store port."""

    installations: InstallationStore
    histories: HistoryStore
    checks: GrantCheckStore
    outbox: RoundOutbox
    states: StateStore
    leases: LeaseStore
    positions: JournalStore
    replicas: ReplicaStore


@pytest.fixture(params=["in_memory", pytest.param("mongo", marks=pytest.mark.integration)])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """Each implementation in turn, empty."""
    if request.param == "in_memory":
        installations = InMemoryInstallations()
        yield Stores(
            installations,
            installations,
            installations,
            installations,
            InMemoryStateStore(),
            InMemoryLeaseStore(),
            InMemoryJournalStore(),
            InMemoryReplicaStore(),
        )
        return
    subset = SubsetListener()
    async with connect(request.getfixturevalue("mongo_url"), "oauth-tests", event_listeners=[subset]) as client:
        database = client[f"oauth_{uuid.uuid4().hex}"]
        await ensure_indexes(database)
        yield Stores(
            MongoInstallationStore(database, relay_soon=lambda: None),
            MongoHistoryStore(database),
            MongoGrantCheckStore(database),
            MongoOutbox(database),
            MongoStateStore(database),
            MongoLeaseStore(database),
            MongoJournalStore(database),
            MongoReplicaStore(database),
        )
        await client.drop_database(database.name)
    assert [] == subset.violations


@pytest.fixture
def installations(stores: Stores) -> InstallationStore:
    """Installations."""
    return stores.installations


@pytest.fixture
def histories(stores: Stores) -> HistoryStore:
    """What was done to accounts."""
    return stores.histories


@pytest.fixture
def checks(stores: Stores) -> GrantCheckStore:
    """Doubts about grants."""
    return stores.checks


@pytest.fixture
def outbox(stores: Stores) -> RoundOutbox:
    """Pending events."""
    return stores.outbox


@pytest.fixture
def states(stores: Stores) -> StateStore:
    """Installs under way."""
    return stores.states


@pytest.fixture
def leases(stores: Stores) -> LeaseStore:
    """Leases."""
    return stores.leases


@pytest.fixture
def positions(stores: Stores) -> JournalStore:
    """How far the journal was read."""
    return stores.positions


@pytest.fixture
def replicas(stores: Stores) -> ReplicaStore:
    """What the processes agree on."""
    return stores.replicas
