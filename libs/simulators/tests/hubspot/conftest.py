"""A simulated HubSpot in this process, its app's other end, and an account that has the app installed."""

import base64
import hashlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from fastapi import FastAPI

from simulators.clock import ManualClock
from simulators.hubspot.app import create_app
from simulators.hubspot.app_definition import CONDITIONAL_SCOPES, REQUIRED_SCOPES
from simulators.hubspot.project import CARD_SCRIPTS
from simulators.hubspot.scripted_admin import ScriptedAdmin
from simulators.hubspot.settings import HubSpotSimulatorSettings
from simulators.receiver import Receiver

CALLBACK = "http://localhost:8080/api/hubspot/oauth/callback"
VERIFIER = "v" * 64
DEVELOPER_PROJECT = Path(__file__).parents[4] / "deploy" / "hubspot-app"


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands still."""
    return ManualClock()


@pytest.fixture
def receiver() -> Receiver:
    """The app's end of HubSpot's calls."""
    return Receiver()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The app's developer project as this repository has it, with scripts that stand for the built card."""
    folder = tmp_path / "hubspot-app"
    shutil.copytree(DEVELOPER_PROJECT / "src", folder / "src", ignore=shutil.ignore_patterns("node_modules"))
    for script in CARD_SCRIPTS:
        (folder / "built" / script).parent.mkdir(parents=True, exist_ok=True)
        (folder / "built" / script).write_text("// built")
    return folder


@pytest.fixture
async def simulator(clock: ManualClock, receiver: Receiver, project: Path) -> AsyncIterator[FastAPI]:
    """The simulated HubSpot, started and stopped."""
    settings = HubSpotSimulatorSettings(
        port=1,
        client_id="client-1",
        client_secret="secret-1",
        app_id=77,
        redirect_uris=(CALLBACK,),
        target_base_url="http://localhost:8080",
        project=project,
    )
    app = create_app(settings, clock=clock, transport=httpx2.ASGITransport(app=receiver), chance=lambda: 0.5)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def http(simulator: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Calls to the simulated HubSpot."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=simulator), base_url="http://hub.test") as client:
        yield client


@pytest.fixture
async def portal_id(http: httpx2.AsyncClient) -> int:
    """An account without the app."""
    await http.post("/control/portals", json={"portal_id": 62515, "name": "Acme"})
    return 62515


@pytest.fixture
def authorize_query() -> dict[str, str]:
    """What the app asks for at the authorize screen."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return {
        "client_id": "client-1",
        "redirect_uri": CALLBACK,
        "scope": " ".join(sorted(REQUIRED_SCOPES | CONDITIONAL_SCOPES)),
        "state": "state-1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


@pytest.fixture
async def code(http: httpx2.AsyncClient, portal_id: int, authorize_query: dict[str, str]) -> str:
    """An authorization code that the account's admin approved."""
    location = await ScriptedAdmin(http).approve(f"/oauth/authorize?{urlencode(authorize_query)}", portal_id)
    return parse_qs(urlsplit(location).query)["code"][0]


@pytest.fixture
def client_form() -> dict[str, str]:
    """The app's own credentials."""
    return {"client_id": "client-1", "client_secret": "secret-1"}


@pytest.fixture
def exchange_form(client_form: dict[str, str], code: str) -> dict[str, str]:
    """The form that exchanges the code."""
    grant = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code": code, "code_verifier": VERIFIER}
    return client_form | grant


@pytest.fixture
async def tokens(http: httpx2.AsyncClient, exchange_form: dict[str, str]) -> dict[str, object]:
    """The token answer of an install."""
    answer = await http.post("/oauth/2026-09/token", data=exchange_form)
    tokens: dict[str, object] = answer.json()
    return tokens


@pytest.fixture
def bearer(tokens: dict[str, object]) -> dict[str, str]:
    """The header that calls for the account."""
    return {"Authorization": f"Bearer {tokens['access_token']}"}


@pytest.fixture
async def contact_id(http: httpx2.AsyncClient, portal_id: int) -> str:
    """A contact, made before the app is installed."""
    properties = {"firstname": "Zoë", "lastname": "Vance", "phone": "+1 (555) 123-0000", "company": "Acme"}
    answer = await http.post(f"/control/portals/{portal_id}/contacts", json={"properties": properties})
    return str(answer.json()["id"])
