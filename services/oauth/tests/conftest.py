"""The service on in-memory adapters: HubSpot and the console are played, the ciphers and the edge are real."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from chassis import database_failures
from chassis.clock import ManualClock
from chassis.lifespan import Plumbing, service_app
from chassis.randomness import SeededRandomness
from chassis.settings import RereadFile
from oauth.adapters.form_tokens import HmacFormTokens
from oauth.adapters.in_memory import (
    InMemoryActivity,
    InMemoryChertFiles,
    InMemoryChertProjects,
    InMemoryConsole,
    InMemoryHubSpot,
    InMemoryInstallations,
    InMemoryLeaseStore,
    InMemoryMessages,
    InMemoryPhoneLines,
    InMemoryReplicaStore,
    InMemoryStateStore,
)
from oauth.adapters.in_memory.console import AUDIENCE, ISSUER, KEY_SET_URL
from oauth.adapters.sealing import AesGcmSealer, KeyRing
from oauth.adapters.sessions import JwtSessionVerifier, KeySet
from oauth.adapters.state_cookies import AesGcmStateSealer
from oauth.api.routes import Choices, Outside, add_routes
from oauth.api.sessions import SESSION_COOKIE
from oauth.handlers.binding import bind
from oauth.models import AccountGrant, Actor, Installation, Project, Session

BASE_URL = "https://chert.test"
LOGIN_URL = "https://chert.test/login"

Connect = Callable[..., Awaitable[Installation]]
"""Connects an account to a project."""


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def randomness() -> SeededRandomness:
    """Foreseeable randomness."""
    return SeededRandomness(7)


@pytest.fixture
def plumbing(clock: ManualClock, randomness: SeededRandomness) -> Plumbing:
    """What every part of the process shares."""
    return Plumbing(clock=clock, randomness=randomness)


@pytest.fixture
def acme() -> Project:
    """A project."""
    return Project("p-acme", "Acme", "acme")


@pytest.fixture
def globex() -> Project:
    """Another project."""
    return Project("p-globex", "Globex", "globex")


@pytest.fixture
def ada_session(acme: Project, globex: Project) -> Session:
    """A session with rights on both projects."""
    return Session("ada", "Ada", (acme, globex))


@pytest.fixture
def bob_session(globex: Project) -> Session:
    """A session with rights on the other project alone."""
    return Session("bob", "Bob", (globex,))


@pytest.fixture
def hubspot(clock: ManualClock, randomness: SeededRandomness) -> InMemoryHubSpot:
    """HubSpot's OAuth."""
    return InMemoryHubSpot(clock, randomness)


@pytest.fixture
def console(clock: ManualClock) -> InMemoryConsole:
    """The console that issues sessions."""
    return InMemoryConsole(clock)


@pytest.fixture
def installations() -> InMemoryInstallations:
    """Installations, their doubts and their outbox."""
    return InMemoryInstallations()


@pytest.fixture
def states() -> InMemoryStateStore:
    """Installs under way."""
    return InMemoryStateStore()


@pytest.fixture
def leases() -> InMemoryLeaseStore:
    """Leases."""
    return InMemoryLeaseStore()


@pytest.fixture
def replicas() -> InMemoryReplicaStore:
    """The processes of the service."""
    return InMemoryReplicaStore()


@pytest.fixture
def key_ring_file(tmp_path: Path) -> Path:
    """A key ring with one key."""
    path = tmp_path / "key_ring.json"
    path.write_text(json.dumps({"current": "k1", "keys": {"k1": base64.b64encode(bytes(32)).decode()}}))
    return path


@pytest.fixture
def sealer(key_ring_file: Path, clock: ManualClock, randomness: SeededRandomness) -> AesGcmSealer:
    """The real cipher on that key ring."""
    return AesGcmSealer(RereadFile(key_ring_file, KeyRing, clock).read, randomness)


@pytest.fixture
def state_sealer(randomness: SeededRandomness) -> AesGcmStateSealer:
    """Seals state cookies."""
    return AesGcmStateSealer(lambda: (SecretStr("the-state-secret-of-these-tests"),), randomness)


@pytest.fixture
def sessions(console: InMemoryConsole, clock: ManualClock) -> JwtSessionVerifier:
    """The real verifier on the played console's key set."""
    return JwtSessionVerifier(
        KeySet(KEY_SET_URL, console.client(), clock), issuer=ISSUER, audience=AUDIENCE, clock=clock
    )


@pytest.fixture
def forms() -> HmacFormTokens:
    """Form tokens."""
    return HmacFormTokens(lambda: (SecretStr("the-state-secret-of-these-tests"),))


@pytest.fixture
def lines() -> InMemoryPhoneLines:
    """Chert's lines; no project has any."""
    return InMemoryPhoneLines()


@pytest.fixture
def projects() -> InMemoryChertProjects:
    """What else Chert knows of projects."""
    return InMemoryChertProjects()


@pytest.fixture
def activity() -> InMemoryActivity:
    """Sister services that cannot say what they did."""
    return InMemoryActivity()


@pytest.fixture
def messages() -> InMemoryMessages:
    """Messages that came in; there are none."""
    return InMemoryMessages()


@pytest.fixture
def files() -> InMemoryChertFiles:
    """Files that came with messages; there are none."""
    return InMemoryChertFiles()


@pytest.fixture
def connect(
    hubspot: InMemoryHubSpot, installations: InMemoryInstallations, sealer: AesGcmSealer, clock: ManualClock
) -> Connect:
    """Connects an account, as an install by Ada ends."""

    async def connect(project: Project, portal_id: int = 62515, without: tuple[str, ...] = ()) -> Installation:
        code = hubspot.consent(hubspot.authorize_url("state", None), portal_id, without=without)["code"]
        grant = await hubspot.exchange_code(SecretStr(code), None)
        bound = await bind(
            AccountGrant(grant.tokens, portal_id, grant.scopes or ()),
            project,
            installations=installations,
            sealer=sealer,
            clock=clock,
            by=Actor("ada", "Ada"),
            outlives_departure=True,
        )
        return bound.installation

    return connect


@pytest.fixture
def outside(
    sessions: JwtSessionVerifier,
    state_sealer: AesGcmStateSealer,
    states: InMemoryStateStore,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    leases: InMemoryLeaseStore,
    replicas: InMemoryReplicaStore,
    sealer: AesGcmSealer,
    forms: HmacFormTokens,
    lines: InMemoryPhoneLines,
    projects: InMemoryChertProjects,
    activity: InMemoryActivity,
    messages: InMemoryMessages,
    files: InMemoryChertFiles,
) -> Outside:
    """Everything that lies outside of the process."""
    return Outside(
        sessions=sessions,
        state_sealer=state_sealer,
        forms=forms,
        states=states,
        authorization=hubspot,
        tokens=hubspot,
        directory=hubspot,
        lines=lines,
        projects=projects,
        activity=activity,
        messages=messages,
        files=files,
        installations=installations,
        histories=installations,
        checks=installations,
        leases=leases,
        replicas=replicas,
        sealer=sealer,
        credentials=lambda: {
            "actions": SecretStr("credential-of-actions"),
            "timeline": SecretStr("credential-2"),
            "ops": SecretStr("credential-of-ops"),
        },
    )


@pytest.fixture
def app(outside: Outside, plumbing: Plumbing) -> FastAPI:
    """The service's app; nothing has to be started for it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = service_app("oauth", "", plumbing, lifespan)
    database_failures.install(app)
    add_routes(app, outside, plumbing, Choices(login_url=LOGIN_URL))
    return app


@pytest.fixture
def api(app: FastAPI) -> httpx2.AsyncClient:
    """An API client without a session."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE_URL)


@pytest.fixture
def browser(app: FastAPI, console: InMemoryConsole, acme: Project, globex: Project) -> httpx2.AsyncClient:
    """A browser in which Ada is signed in, who has rights on both projects."""
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url=BASE_URL, headers={"Accept": "text/html,application/xhtml+xml"}
    )
    client.cookies.set(SESSION_COOKIE, console.session("ada", acme, globex))
    return client
