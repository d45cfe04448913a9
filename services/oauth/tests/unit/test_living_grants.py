"""A grant that lives is never harmed: not by refused installs, not by repeated ones, not by our own late calls."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import pytest

from chassis.clock import ManualClock
from oauth.adapters.in_memory import InMemoryConsole, InMemoryHubSpot, InMemoryInstallations
from oauth.api.pages import CALLBACK_PATH, INSTALL_PATH
from oauth.api.routes import Outside
from oauth.api.sessions import SESSION_COOKIE
from oauth.errors import AppRejectedError, CodeRejectedError, HubSpotAwayError
from oauth.handlers.departing import Departures, departure_lease
from oauth.handlers.disconnecting import disconnect
from oauth.handlers.leases import Leases
from oauth.handlers.sealing import open_token
from oauth.models import REQUIRED_SCOPES, Installation, Project, Session

PORTAL = 62515
JSON = {"Accept": "application/json"}

Connect = Callable[..., Awaitable[Installation]]


async def begin(browser: httpx2.AsyncClient, project: Project) -> str:
    """Press Connect HubSpot; the address of the consent screen."""
    return str((await browser.get(INSTALL_PATH, params={"project": project.id})).headers["location"])


async def works(installations: InMemoryInstallations, hubspot: InMemoryHubSpot, outside: Outside) -> Installation:
    """The account, once HubSpot has given new tokens for what we hold of it."""
    found = await installations.get(PORTAL)
    assert found is not None
    assert "active" == found.status
    await hubspot.refresh(open_token(found, "refresh_token", outside.sealer))
    return found


@pytest.mark.parametrize("same_refresh_token", [False, True])
@pytest.mark.parametrize("scope", REQUIRED_SCOPES)
async def test_a_missing_scope_harms_nobody(
    browser: httpx2.AsyncClient,
    connect: Connect,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    outside: Outside,
    acme: Project,
    scope: str,
    *,
    same_refresh_token: bool,
) -> None:
    """An install that lacks a required scope names it and is refused; the active account stays as it was and works."""
    hubspot.same_refresh_token = same_refresh_token
    before = await connect(acme)
    response = await browser.get(
        CALLBACK_PATH, params=hubspot.consent(await begin(browser, acme), PORTAL, without=(scope,)), headers=JSON
    )

    assert (403, "missing_scopes") == (response.status_code, response.json()["reason"])
    assert scope in response.json()["error"]
    assert before == await works(installations, hubspot, outside)


@pytest.mark.parametrize("trouble", [CodeRejectedError("x"), AppRejectedError("x"), HubSpotAwayError("x")])
async def test_a_failed_exchange_harms_nobody(
    browser: httpx2.AsyncClient,
    connect: Connect,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    outside: Outside,
    acme: Project,
    trouble: Exception,
) -> None:
    """However an exchange fails, the active account stays as it was and works."""
    before = await connect(acme)
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    hubspot.troubles.append(trouble)
    response = await browser.get(CALLBACK_PATH, params=query, headers=JSON)

    assert response.status_code >= 400
    assert before == await works(installations, hubspot, outside)


@pytest.mark.parametrize("error", ["access_denied", "server_error", "anything"])
async def test_a_refusal_of_hubspot_harms_nobody(
    browser: httpx2.AsyncClient,
    connect: Connect,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    outside: Outside,
    acme: Project,
    error: str,
) -> None:
    """When HubSpot comes back with an error, the active account stays as it was and works."""
    before = await connect(acme)
    await begin(browser, acme)
    await browser.get(CALLBACK_PATH, params={"error": error}, headers=JSON)

    assert before == await works(installations, hubspot, outside)


@pytest.mark.parametrize("same_refresh_token", [False, True])
async def test_another_project_renews_and_moves_nothing(
    browser: httpx2.AsyncClient,
    connect: Connect,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    outside: Outside,
    acme: Project,
    globex: Project,
    *,
    same_refresh_token: bool,
) -> None:
    """Installed from another project the account stays, works with the new tokens, and the user is told where it is."""
    hubspot.same_refresh_token = same_refresh_token
    before = await connect(acme)
    done = await browser.get(CALLBACK_PATH, params=hubspot.consent(await begin(browser, globex), PORTAL))
    page = await browser.get(done.headers["location"])
    after = await works(installations, hubspot, outside)

    assert (acme.id, before.generation, before.settings) == (after.project_id, after.generation, after.settings)
    assert after.tokens != before.tokens
    assert acme.name in page.text


async def test_the_other_project_is_named_only_to_who_may_see_it(
    browser: httpx2.AsyncClient, console: InMemoryConsole, connect: Connect, hubspot: InMemoryHubSpot, globex: Project
) -> None:
    """A user without rights on the account's project learns that it is connected elsewhere, and not where."""
    secret_project = Project("p-hidden", "Hidden Incorporated", "hidden")
    await connect(secret_project)
    browser.cookies.delete(SESSION_COOKIE)
    browser.cookies.set(SESSION_COOKIE, console.session("bob", globex))
    done = await browser.get(CALLBACK_PATH, params=hubspot.consent(await begin(browser, globex), PORTAL))
    page = await browser.get(done.headers["location"])

    assert "notice=stays" in done.headers["location"]
    for hidden in (secret_project.name, secret_project.id, secret_project.chert_tenant):
        assert hidden not in page.text


async def test_a_code_sent_many_times_at_once_installs_once(
    browser: httpx2.AsyncClient,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    outside: Outside,
    acme: Project,
) -> None:
    """Of a hundred parallel callbacks with one code one installs, and the account it made works."""
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    answers = await asyncio.gather(*(browser.get(CALLBACK_PATH, params=query, headers=JSON) for _ in range(100)))

    assert 1 == [answer.status_code for answer in answers].count(302)
    assert {302, 400} == {answer.status_code for answer in answers}
    assert 1 == (await works(installations, hubspot, outside)).generation
    assert 1 == len([event for pending in await installations.pending(9) for event in pending.events])


@pytest.fixture
def departures(outside: Outside, clock: ManualClock) -> Departures:
    """The process that tells HubSpot of disconnects."""
    leases = Leases(outside.leases, clock=clock, holder="worker")
    return Departures(outside.installations, outside.tokens, outside.sealer, leases, clock)


async def finished(task: "asyncio.Task[httpx2.Response]", clock: ManualClock) -> httpx2.Response:
    """The answer, with time passing for whoever waits."""
    while not task.done():
        clock.advance(0.05)
        await asyncio.sleep(0)
    return await task


@pytest.mark.parametrize("lands", [True, False])
async def test_a_reconnect_during_our_uninstall_call_is_honest(
    browser: httpx2.AsyncClient,
    connect: Connect,
    ada_session: Session,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    outside: Outside,
    clock: ManualClock,
    acme: Project,
    *,
    lands: bool,
) -> None:
    """A reconnect waits for a call under way: what that ended is refused, and the user is told; else it stands."""
    active = await connect(acme)
    await disconnect(
        ada_session,
        acme.id,
        PORTAL,
        active.revision,
        installations=installations,
        clock=clock,
        depart_soon=lambda: None,
    )
    worker = Leases(outside.leases, clock=clock, holder="worker")
    calling = await worker.take(departure_lease(PORTAL))
    assert calling is not None
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    coming = asyncio.create_task(browser.get(CALLBACK_PATH, params=query, headers=JSON))
    while not clock.sleeping:  # noqa: ASYNC110 - until it waits for the lease
        await asyncio.sleep(0)
    if lands:
        hubspot.leave(PORTAL)
    await worker.give_back(calling)
    response = await finished(coming, clock)

    assert (409 if lands else 302) == response.status_code
    if lands:
        assert "uninstalled_meanwhile" == response.json()["reason"]
        again = await browser.get(CALLBACK_PATH, params=hubspot.consent(await begin(browser, acme), PORTAL))
        assert 302 == again.status_code
    assert 2 == (await works(installations, hubspot, outside)).generation


async def test_a_reconnect_ends_a_departure_that_waits(
    browser: httpx2.AsyncClient,
    connect: Connect,
    ada_session: Session,
    departures: Departures,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    outside: Outside,
    clock: ManualClock,
    acme: Project,
) -> None:
    """A reconnect before HubSpot could be told flips the account back, and HubSpot is never told."""
    hubspot.same_refresh_token = True
    active = await connect(acme)
    await disconnect(
        ada_session,
        acme.id,
        PORTAL,
        active.revision,
        installations=installations,
        clock=clock,
        depart_soon=lambda: None,
    )
    hubspot.troubles.append(HubSpotAwayError("x"))
    await departures.step()
    done = await browser.get(CALLBACK_PATH, params=hubspot.consent(await begin(browser, acme), PORTAL))
    clock.advance(3600)
    await departures.step()

    assert 302 == done.status_code
    assert (1, 0) == (hubspot.calls["uninstall"], hubspot.calls["revoke"])
    assert 2 == (await works(installations, hubspot, outside)).generation


@pytest.mark.parametrize("dead", [True, False])
async def test_a_late_callback_does_not_replace_a_younger_grant_with_a_dead_one(
    browser: httpx2.AsyncClient,
    connect: Connect,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    outside: Outside,
    clock: ManualClock,
    acme: Project,
    *,
    dead: bool,
) -> None:
    """What was connected while an exchange was under way stays, unless HubSpot says that the late grant lives."""
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    held_up = hubspot.answering
    held_up.clear()
    late = asyncio.create_task(browser.get(CALLBACK_PATH, params=query, headers=JSON))
    while not hubspot.calls["exchange_code"]:  # noqa: ASYNC110 - until it is held
        await asyncio.sleep(0)
    clock.advance(1)
    hubspot.answering = asyncio.Event()
    hubspot.answering.set()
    before = await connect(acme)
    hubspot.dead_grants = dead
    held_up.set()
    response = await late

    assert (409 if dead else 302) == response.status_code
    after = await works(installations, hubspot, outside)
    assert (before == after) == dead
