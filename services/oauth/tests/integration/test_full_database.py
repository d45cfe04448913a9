"""Every route that writes, on a database that has no room: answered, and nothing is half done."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest
from fastapi import FastAPI
from pymongo.asynchronous.database import AsyncDatabase
from services.oauth.tests.conftest import BASE_URL, Connect

from chassis.clock import ManualClock
from chassis.mongo import Document
from chassis.mongo import connect as connect_database
from chassis.randomness import SeededRandomness
from contracts.failures import Code, Failure
from harness.full_database import FullDatabase, full_database
from oauth.adapters.in_memory import InMemoryConsole, InMemoryHubSpot
from oauth.adapters.mongo import (
    MongoGrantCheckStore,
    MongoHistoryStore,
    MongoInstallationStore,
    MongoLeaseStore,
    MongoReplicaStore,
    MongoStateStore,
    ensure_indexes,
)
from oauth.api.pages import CALLBACK_PATH, INSTALL_PATH
from oauth.api.routes import Outside
from oauth.api.sessions import SESSION_COOKIE
from oauth.models import Project
from oauth.ports import FormTokens

pytestmark = pytest.mark.integration

PORTAL = 62515
OPERATOR = {"Authorization": "Bearer credential-of-ops"}
ACTIONS = {"Authorization": "Bearer credential-of-actions"}
ORDER = {"operator": "grace", "reason": "ticket 7"}
RETURN_URL = "https://app.hubspot.com/x"
HALF_AN_HOUR = 1_795.0


@pytest.fixture
async def full(mongo_url: str) -> AsyncIterator[FullDatabase]:
    """The switch; there is room, for now."""
    async with full_database(mongo_url) as database:
        yield database


@pytest.fixture
async def stored(full: FullDatabase) -> AsyncIterator[AsyncDatabase[Document]]:
    """The database behind it."""
    async with connect_database(full.url, "oauth-tests") as client:
        database = client[f"oauth_{uuid.uuid4().hex}"]
        await ensure_indexes(database)
        yield database
        await client.drop_database(database.name)


@pytest.fixture
def installations(stored: AsyncDatabase[Document]) -> MongoInstallationStore:
    """Installations."""
    return MongoInstallationStore(stored, relay_soon=lambda: None)


@pytest.fixture
def hubspot(clock: ManualClock, randomness: SeededRandomness) -> InMemoryHubSpot:
    """HubSpot, played."""
    return InMemoryHubSpot(clock, randomness)


@pytest.fixture
def outside(outside: Outside, stored: AsyncDatabase[Document]) -> Outside:
    """Everything else as it is played, and the real stores."""
    return replace(
        outside,
        states=MongoStateStore(stored),
        histories=MongoHistoryStore(stored),
        checks=MongoGrantCheckStore(stored),
        leases=MongoLeaseStore(stored),
        replicas=MongoReplicaStore(stored),
    )


@pytest.fixture
async def client(app: FastAPI, console: InMemoryConsole, acme: Project) -> AsyncIterator[httpx2.AsyncClient]:
    """Ada's script."""
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url=BASE_URL, headers={"Accept": "application/json"}
    ) as client:
        client.cookies.set(SESSION_COOKIE, console.session("ada", acme))
        yield client


@pytest.fixture
def fields(forms: FormTokens, client: httpx2.AsyncClient) -> dict[str, str]:
    """What a form of Ada's has."""
    return {
        "form_token": forms.issue(client.cookies[SESSION_COOKIE]),
        "label": "Branch",
        "phone_line_id": "",
        "default_region": "gb",
        "auto_send_template": "",
        "retention_days": "30",
    }


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", f"{INSTALL_PATH}?project=p-acme", {}),
        ("GET", f"{INSTALL_PATH}?step=authorize&returnUrl={RETURN_URL}", {}),
        ("POST", f"/internal/tenants/{PORTAL}/access-token", ACTIONS),
        ("POST", f"/internal/tenants/{PORTAL}/doubts", ACTIONS),
        ("POST", f"/ops/tenants/{PORTAL}/pause", OPERATOR),
        ("POST", f"/console/projects/p-acme/accounts/{PORTAL}/settings", {}),
        ("POST", f"/console/projects/p-acme/accounts/{PORTAL}/disconnect", {}),
    ],
)
async def test_no_room_is_said_and_changes_nothing(
    method: str,
    path: str,
    headers: dict[str, str],
    full: FullDatabase,
    installations: MongoInstallationStore,
    client: httpx2.AsyncClient,
    connect: Connect,
    acme: Project,
    clock: ManualClock,
    fields: dict[str, str],
) -> None:
    """Whoever needs something written is told to come again, and can, once there is room."""
    before = await connect(acme)
    clock.advance(HALF_AN_HOUR)  # its access token has to be refreshed
    data = fields | {"revision": str(before.revision)} if path.startswith("/console/") else None
    order = ORDER if path.startswith("/ops/") else None
    full.full = True
    refused = await client.request(method, path, headers=headers, data=data, json=order)
    after = await installations.get(PORTAL)
    full.full = False
    taken = await client.request(method, path, headers=headers, data=data, json=order)

    failure = Failure.model_validate_json(refused.content)
    assert (503, Code.UNAVAILABLE, True) == (refused.status_code, failure.code, failure.retryable)
    assert refused.headers["retry-after"]
    assert full.refused > 0
    assert before == after
    assert taken.status_code in {200, 302, 303}


async def test_a_callback_is_repeated_when_there_is_room(
    full: FullDatabase,
    installations: MongoInstallationStore,
    client: httpx2.AsyncClient,
    hubspot: InMemoryHubSpot,
    acme: Project,
) -> None:
    """The state of an install that could not end stays, so that the same address, asked once more, ends it."""
    begun = await client.get(INSTALL_PATH, params={"project": acme.id})
    query = hubspot.consent(begun.headers["location"], PORTAL)
    full.full = True
    page = await client.get(CALLBACK_PATH, params=query, headers={"Accept": "text/html"})
    full.full = False
    ended = await client.get(CALLBACK_PATH, params=query)

    assert (503, "text/html; charset=utf-8") == (page.status_code, page.headers["content-type"])
    assert "notice=connected" in ended.headers["location"]
    assert await installations.get(PORTAL) is not None
