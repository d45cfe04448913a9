"""The simulated Chert in process: its time in our hands, its webhooks caught by a receiver."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from simulators.chert.app import create_app
from simulators.chert.settings import ChertSimulatorSettings
from simulators.chert.simulator import ChertSimulator
from simulators.chert.testing import ApiClient, Receiver
from simulators.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands until it is moved."""
    return ManualClock()


@pytest.fixture
def receiver() -> Receiver:
    """Where webhooks arrive."""
    return Receiver()


@pytest.fixture
def settings() -> ChertSimulatorSettings:
    """Settings with the unpublished routes switched on."""
    return ChertSimulatorSettings.model_validate(
        {
            "port": 1,
            "signing_secret": "0123456789abcdef0123456789abcdef",
            "webhook_url": "http://receiver.test/api/chert/webhook",
            "webhook_secret": "fedcba9876543210" * 4,
            "issuer": "https://chert.test",
            "audience": "chert-for-hubspot",
            "unpublished_routes": True,
        }
    )


@pytest.fixture
async def app(settings: ChertSimulatorSettings, clock: ManualClock, receiver: Receiver) -> AsyncIterator[FastAPI]:
    """The running simulator."""
    app = create_app(settings, clock=clock, transport=httpx2.MockTransport(receiver))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def chert(app: FastAPI) -> ChertSimulator:
    """The simulator's inside."""
    simulator: ChertSimulator = app.state.chert
    return simulator


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain client of the simulator."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://chert.test") as client:
        yield client


@pytest.fixture
async def api(http: httpx2.AsyncClient, clock: ManualClock, settings: ChertSimulatorSettings) -> ApiClient:
    """A signing client of the tenant `acme`; `globex` exists beside it."""
    for slug in ("acme", "globex"):
        order = {"slug": slug, "project_id": f"project-{slug}", "name": slug.title()}
        assert 201 == (await http.post("/control/tenants", json=order)).status_code
    return ApiClient(http, clock, settings.signing_secret.get_secret_value(), "acme")


@pytest.fixture
def stranger(api: ApiClient) -> ApiClient:
    """A signing client of the other tenant, `globex`."""
    return ApiClient(api.http, api.clock, api.secret, "globex")
