"""Tenant crossing: every route of the console that names an account or a project, with every pair of ids."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx2
import pytest
from fastapi import FastAPI

from oauth.adapters.form_tokens import HmacFormTokens
from oauth.adapters.in_memory import InMemoryConsole, InMemoryInstallations
from oauth.api.pages import ACCOUNT_PATH, INSTALL_PATH, account_url
from oauth.api.sessions import SESSION_COOKIE
from oauth.models import Installation, Project

JSON = "application/json"
ROUTES = {("GET", ""), ("GET", "/disconnect"), ("POST", "/settings"), ("POST", "/disconnect")}

Connect = Callable[..., Awaitable[Installation]]


@dataclass(frozen=True)
class Owner:
    """Somebody with one project, in which one account is connected."""

    session: str
    project: Project
    portal_id: int


@pytest.fixture
async def owners(connect: Connect, console: InMemoryConsole, acme: Project, globex: Project) -> tuple[Owner, Owner]:
    """Two of them, who have nothing in common."""
    await connect(acme, 1)
    await connect(globex, 2)
    return Owner(console.session("ada", acme), acme, 1), Owner(console.session("bob", globex), globex, 2)


@pytest.fixture
def everybody(app: FastAPI) -> httpx2.AsyncClient:
    """A client without a session of its own."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://chert.test")


def test_every_route_of_an_account_is_tried_here(app: FastAPI) -> None:
    """A route that is added below an account's address has to be added to this test."""
    found = {
        (method.upper(), path.removeprefix(ACCOUNT_PATH))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if path.startswith(ACCOUNT_PATH)
    }

    assert ROUTES == found


@pytest.mark.parametrize("accept", ["text/html", JSON])
@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
async def test_no_account_is_reached_but_by_its_owner(
    everybody: httpx2.AsyncClient,
    owners: tuple[Owner, Owner],
    installations: InMemoryInstallations,
    forms: HmacFormTokens,
    method: str,
    path: str,
    accept: str,
) -> None:
    """Each session with each project and each account: 404 and no change, but for the one that is its own."""
    for who, project_of, account_of in itertools.product(owners, repeat=3):
        before = await installations.get(account_of.portal_id)
        assert before is not None
        form = {
            "form_token": forms.issue(who.session),
            "revision": str(before.revision),
            "label": f"by {who.project.id}",
            "default_region": "US",
            "retention_days": "90",
        }
        answer = await everybody.request(
            method,
            account_url(project_of.project.id, account_of.portal_id) + path,
            data=form if method == "POST" else None,
            headers={"Accept": accept, "Cookie": f"{SESSION_COOKIE}={who.session}"},
        )
        if who == project_of == account_of:
            assert answer.status_code in {200, 303}
            assert ("POST" == method) is (before != await installations.get(account_of.portal_id))
        else:
            assert 404 == answer.status_code
            assert before == await installations.get(account_of.portal_id)


async def test_no_project_is_installed_into_but_by_its_owner(
    everybody: httpx2.AsyncClient, owners: tuple[Owner, Owner]
) -> None:
    """Each session with each project, from the console and from the marketplace: 403, but for its own."""
    marketplace = {"step": "authorize", "returnUrl": "https://app.hubspot.com/x"}
    for query, who, project_of in itertools.product(({}, marketplace), owners, owners):
        answer = await everybody.get(
            INSTALL_PATH,
            params={**query, "project": project_of.project.id},
            headers={"Accept": JSON, "Cookie": f"{SESSION_COOKIE}={who.session}"},
        )

        assert (302 if who == project_of else 403) == answer.status_code


async def test_everybody_is_shown_their_own(everybody: httpx2.AsyncClient, owners: tuple[Owner, Owner]) -> None:
    """The first page lists the accounts of the session's projects, whatever account a notice names."""
    for who, named in itertools.product(owners, owners):
        answer = await everybody.get(
            "/console",
            params={"notice": "connected", "account": str(named.portal_id)},
            headers={"Accept": JSON, "Cookie": f"{SESSION_COOKIE}={who.session}"},
        )
        shown = [account["portal_id"] for project in answer.json()["projects"] for account in project["accounts"]]

        assert [who.portal_id] == shown
        assert (who == named) is (who.project.name in answer.json()["notice"])
