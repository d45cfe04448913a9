"""The stores under test: in memory, and on the real database server."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from chassis.mongo import connect
from chassis.outbox import Outbox
from oauth.adapters.in_memory import InMemoryInstallations, InMemoryLeaseStore, InMemoryStateStore
from oauth.adapters.mongo import (
    MongoGrantCheckStore,
    MongoInstallationStore,
    MongoLeaseStore,
    MongoOutbox,
    MongoStateStore,
    ensure_indexes,
)
from oauth.ports import GrantCheckStore, InstallationStore, LeaseStore, StateStore


@dataclass(frozen=True)
class Stores:
    """One implementation of every store port."""

    installations: InstallationStore
    checks: GrantCheckStore
    outbox: Outbox
    states: StateStore
    leases: LeaseStore


@pytest.fixture(params=["in_memory", pytest.param("mongo", marks=pytest.mark.integration)])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """Each implementation in turn, empty."""
    if request.param == "in_memory":
        installations = InMemoryInstallations()
        yield Stores(installations, installations, installations, InMemoryStateStore(), InMemoryLeaseStore())
        return
    async with connect(request.getfixturevalue("mongo_url"), "oauth-tests") as client:
        database = client[f"oauth_{uuid.uuid4().hex}"]
        await ensure_indexes(database)
        yield Stores(
            MongoInstallationStore(database, relay_soon=lambda: None),
            MongoGrantCheckStore(database),
            MongoOutbox(database),
            MongoStateStore(database),
            MongoLeaseStore(database),
        )
        await client.drop_database(database.name)


@pytest.fixture
def installations(stores: Stores) -> InstallationStore:
    """Installations."""
    return stores.installations


@pytest.fixture
def checks(stores: Stores) -> GrantCheckStore:
    """Doubts about grants."""
    return stores.checks


@pytest.fixture
def outbox(stores: Stores) -> Outbox:
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
