"""The console on a played use, and a browser that is signed in there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import get_args

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from services.oauth.tests.unit._played_console import HUBSPOT, NOW, PORTAL, REVISION, PlayedUse

from chassis.lifespan import Plumbing, service_app
from contracts.tenants import TenantSettings
from oauth.adapters.form_tokens import HmacFormTokens
from oauth.adapters.in_memory import InMemoryConsole
from oauth.adapters.sessions import JwtSessionVerifier
from oauth.api import failures
from oauth.api.console import ConsoleRoutes
from oauth.api.pages import Pages
from oauth.api.sessions import SESSION_COOKIE
from oauth.api.words import SCOPES
from oauth.handlers.accounts import AccountView
from oauth.handlers.activity import Activity
from oauth.handlers.checklist import Check, CheckName
from oauth.models import (
    AccountDetails,
    Actor,
    HistoryEntry,
    Installation,
    PhoneLine,
    Project,
)


@pytest.fixture
def use(acme: Project) -> PlayedUse:
    """A connected account in which everything is in order."""
    installation = Installation(
        portal_id=PORTAL,
        project_id=acme.id,
        chert_tenant=acme.chert_tenant,
        status="active",
        generation=1,
        revision=REVISION,
        scopes=tuple(SCOPES),
        settings=TenantSettings(label="Head office", phone_line_id="line-2"),
        installed_at=NOW,
        token_version=1,
    )
    activity = Activity(sends=(), replies=(), breaker=None, away=(), contacts_url=HUBSPOT)
    view = AccountView(
        project=acme,
        installation=installation,
        details=AccountDetails(PORTAL, "acme.example", "app-eu1.hubspot.com", "STANDARD"),
        url=HUBSPOT,
        checks=tuple(Check(name, "met") for name in get_args(CheckName)),
        lines=(PhoneLine("line-1", "+1 ••• 1111", active=True), PhoneLine("line-2", "+1 ••• 2222", active=False)),
        missing=(),
        installs=(HistoryEntry("installed", NOW, 1, 1, acme.id, by=Actor("ada", "Ada")),),
        audit=(),
        activity=activity,
    )
    return PlayedUse(view, activity)


@pytest.fixture
def forms() -> HmacFormTokens:
    """Tokens for forms."""
    return HmacFormTokens(lambda: (SecretStr("the-secret-of-forms-in-these-tests"),))


@pytest.fixture
def played(use: PlayedUse, sessions: JwtSessionVerifier, forms: HmacFormTokens, plumbing: Plumbing) -> FastAPI:
    """The console's routes on the played use."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = service_app("oauth", "", plumbing, lifespan)
    pages = Pages()
    app.include_router(ConsoleRoutes(sessions=sessions, use=use.use(), pages=pages, forms=forms).router())
    failures.install(app, pages, login_url="https://chert.test/login")
    return app


@pytest.fixture
def session(console: InMemoryConsole, acme: Project) -> str:
    """Ada, who has rights on Acme."""
    return console.session("ada", acme)


@pytest.fixture
def ada(played: FastAPI, session: str) -> httpx2.AsyncClient:
    """Ada's browser."""
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(played), base_url="https://chert.test", headers={"Accept": "text/html"}
    )
    client.cookies.set(SESSION_COOKIE, session)
    return client


@pytest.fixture
def filled(forms: HmacFormTokens, session: str) -> dict[str, str]:
    """The settings form as a browser sends it."""
    return {
        "form_token": forms.issue(session),
        "revision": str(REVISION),
        "label": "Branch",
        "phone_line_id": "line-1",
        "default_region": "gb",
        "auto_send_on_create": "on",
        "auto_send_template": "Hi {{ contact.firstname }}\r\nBye",
        "retention_days": "30",
    }
