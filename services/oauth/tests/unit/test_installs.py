"""Installing, as a browser does it."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi import FastAPI

from chassis.clock import ManualClock
from chassis.lifespan import Plumbing
from contracts.failures import Code, Failure
from contracts.topics import TENANT_INSTALLED
from oauth.adapters.in_memory import InMemoryConsole, InMemoryHubSpot, InMemoryInstallations
from oauth.api.pages import CALLBACK_PATH, INSTALL_PATH
from oauth.api.routes import Choices, Outside, add_routes
from oauth.api.sessions import SESSION_COOKIE
from oauth.api.state_cookies import PREFIX
from oauth.errors import AppRejectedError, CodeRejectedError, GrantRevokedError, HubSpotAwayError
from oauth.models import Project

PORTAL = 62515


async def begin(client: httpx2.AsyncClient, project: Project) -> str:
    """Press Connect HubSpot; the address of HubSpot's consent screen."""
    response = await client.get(INSTALL_PATH, params={"project": project.id})
    assert 302 == response.status_code
    return str(response.headers["location"])


async def connect(
    client: httpx2.AsyncClient, hubspot: InMemoryHubSpot, project: Project, portal_id: int = PORTAL
) -> httpx2.Response:
    """Walk through a whole install."""
    url = await begin(client, project)
    return await client.get(CALLBACK_PATH, params=hubspot.consent(url, portal_id))


async def events(installations: InMemoryInstallations) -> list[str]:
    """Ids of all pending events, in order."""
    return [event.id for pending in await installations.pending(100) for event in pending.events]


JSON = {"Accept": "application/json"}
"""With these headers the same browser's script asks."""


async def test_an_install_ends_on_the_console(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, installations: InMemoryInstallations, acme: Project
) -> None:
    """After consent the account is connected to the project, one event tells of it, and the console is shown."""
    response = await connect(browser, hubspot, acme)

    assert 302 == response.status_code
    assert f"/console?notice=connected&account={PORTAL}" == response.headers["location"]

    installation = await installations.get(PORTAL)

    assert installation is not None
    assert ("active", acme.id, acme.chert_tenant, 1) == (
        installation.status,
        installation.project_id,
        installation.chert_tenant,
        installation.generation,
    )
    assert [f"{TENANT_INSTALLED.name}:{PORTAL}:{installation.revision}"] == await events(installations)


async def test_the_consent_screen_is_asked_for_what_the_contract_says(
    browser: httpx2.AsyncClient, acme: Project
) -> None:
    """Four scopes are required and `automation` is optional, under a state and a PKCE challenge."""
    query = parse_qs(urlsplit(await begin(browser, acme)).query)

    assert ["oauth crm.objects.contacts.read crm.objects.contacts.write crm.schemas.contacts.read"] == query["scope"]
    assert ["automation"] == query["optional_scope"]
    assert 1 == len(query["state"])
    assert 1 == len(query["code_challenge"])


async def test_an_install_without_pkce_works_too(
    outside: Outside, plumbing: Plumbing, console: InMemoryConsole, hubspot: InMemoryHubSpot, acme: Project
) -> None:
    """With PKCE off no challenge is sent, no verifier is shown, and the install ends connected."""
    app = FastAPI()
    add_routes(app, outside, plumbing, Choices(login_url="https://chert.test/login", pkce=False))
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://chert.test")
    client.cookies.set(SESSION_COOKIE, console.session("ada", acme))

    url = await begin(client, acme)
    response = await client.get(CALLBACK_PATH, params=hubspot.consent(url, PORTAL))

    assert "code_challenge" not in parse_qs(urlsplit(url).query)
    assert f"/console?notice=connected&account={PORTAL}" == response.headers["location"]


async def test_a_stolen_code_is_worth_nothing(
    browser: httpx2.AsyncClient,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    acme: Project,
    globex: Project,
) -> None:
    """A code that was given to one install finishes no other, though its state and cookie are good (RFC 7636)."""
    stolen = hubspot.consent(await begin(browser, acme), PORTAL)["code"]
    own = hubspot.consent(await begin(browser, globex), 2)

    response = await browser.get(CALLBACK_PATH, params={**own, "code": stolen}, headers=JSON)

    assert (400, "code_rejected") == (response.status_code, response.json()["reason"])
    assert await installations.get(PORTAL) is None
    assert [] == await events(installations)


async def test_the_state_cookie_is_kept_by_this_browser_alone(browser: httpx2.AsyncClient, acme: Project) -> None:
    """The state cookie is for this host over HTTPS, out of reach of scripts, and ends after ten minutes."""
    response = await browser.get(INSTALL_PATH, params={"project": acme.id})
    name, _, attributes = response.headers["set-cookie"].partition("=")

    assert name.startswith("__Host-")
    for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert attribute in attributes


async def test_two_tabs_do_not_end_each_others_install(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, acme: Project, globex: Project
) -> None:
    """Installs begun in two tabs both finish, in either order."""
    first, second = await begin(browser, acme), await begin(browser, globex)

    finished_second = await browser.get(CALLBACK_PATH, params=hubspot.consent(second, 2))
    finished_first = await browser.get(CALLBACK_PATH, params=hubspot.consent(first, 1))

    assert "/console?notice=connected&account=2" == finished_second.headers["location"]
    assert "/console?notice=connected&account=1" == finished_first.headers["location"]


async def test_a_browser_keeps_few_states(browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, acme: Project) -> None:
    """Of many installs begun at once a browser keeps the latest eight, so that its headers stay small."""
    urls = [await begin(browser, acme) for _ in range(12)]

    assert 8 == len([cookie for cookie in browser.cookies.jar if cookie.name.startswith(PREFIX)])
    assert 302 == (await browser.get(CALLBACK_PATH, params=hubspot.consent(urls[-8], PORTAL))).status_code
    assert 400 == (await browser.get(CALLBACK_PATH, params=hubspot.consent(urls[0], PORTAL))).status_code


def forget_states(client: httpx2.AsyncClient) -> None:
    """Remove every state cookie."""
    change_states(client, lambda _: None)


def spoil_states(client: httpx2.AsyncClient) -> None:
    """Change a character in every state cookie's signature."""
    change_states(client, lambda value: value[:-5] + ("A" if value[-5] != "A" else "B") + value[-4:])


def change_states(client: httpx2.AsyncClient, change: Callable[[str], str | None]) -> None:
    """Put what `change` makes of each state cookie in its place."""
    for cookie in [cookie for cookie in client.cookies.jar if cookie.name.startswith(PREFIX)]:
        changed = change(cookie.value or "")
        client.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
        if changed is not None:
            client.cookies.set(cookie.name, changed)


Spoil = Callable[[httpx2.AsyncClient, dict[str, str]], dict[str, str]]


def _without(name: str) -> Spoil:
    return lambda _, query: {key: value for key, value in query.items() if key != name}


def _without_cookie(client: httpx2.AsyncClient, query: dict[str, str]) -> dict[str, str]:
    forget_states(client)
    return query


def _with_a_spoiled_cookie(client: httpx2.AsyncClient, query: dict[str, str]) -> dict[str, str]:
    spoil_states(client)
    return query


def _with_another_state(_: httpx2.AsyncClient, query: dict[str, str]) -> dict[str, str]:
    return {**query, "state": "planted"}


@pytest.mark.parametrize(
    ("reason", "spoils"),
    [
        ("missing_code_or_state", [_without("code"), _without_cookie]),
        ("missing_code_or_state", [_without("state"), _with_a_spoiled_cookie]),
        ("missing_state_cookie", [_without_cookie, _with_another_state]),
        ("invalid_state_cookie", [_with_a_spoiled_cookie, _with_another_state]),
        ("state_mismatch", [_with_another_state]),
    ],
)
async def test_states_are_refused_in_the_contracts_order(
    browser: httpx2.AsyncClient,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    acme: Project,
    reason: str,
    spoils: list[Spoil],
) -> None:
    """The first check that fails names the reason, with code 2014 and a trace id; HubSpot is not asked."""
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    for spoil in spoils:
        query = spoil(browser, query)

    response = await browser.get(CALLBACK_PATH, params=query, headers=JSON)
    failure = Failure.model_validate_json(response.content)

    assert (400, Code.OAUTH_STATE, reason, False) == (
        response.status_code,
        failure.code,
        failure.reason,
        failure.retryable,
    )
    assert response.headers["x-trace-id"] == failure.trace_id
    assert not hubspot.calls
    assert await installations.get(PORTAL) is None


async def test_an_install_that_took_too_long_is_refused(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, console: InMemoryConsole, clock: ManualClock, acme: Project
) -> None:
    """Ten minutes after it began, an install can no longer be finished, whatever the browser still carries."""
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    clock.advance(600)

    response = await browser.get(CALLBACK_PATH, params=query, headers=JSON)

    assert "invalid_state_cookie" == response.json()["reason"]


async def test_a_refused_state_is_explained_to_a_browser(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, acme: Project
) -> None:
    """A browser gets a page with the reason in words, the trace id and a link to begin again."""
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    forget_states(browser)

    page = await browser.get(CALLBACK_PATH, params=query)

    assert 400 == page.status_code
    assert page.headers["content-type"].startswith("text/html")
    assert "ten minutes" in page.text
    assert f'href="{INSTALL_PATH}"' in page.text
    assert "Connect HubSpot again" in page.text
    assert page.headers["x-trace-id"] in page.text


async def test_a_callback_works_once(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, installations: InMemoryInstallations, acme: Project
) -> None:
    """The same callback again is refused, even with the cookie put back, and changes nothing."""
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    kept = [(cookie.name, cookie.value or "") for cookie in browser.cookies.jar]
    await browser.get(CALLBACK_PATH, params=query)
    for name, value in kept:
        browser.cookies.set(name, value)

    again = await browser.get(CALLBACK_PATH, params=query, headers=JSON)

    assert "state_mismatch" == again.json()["reason"]
    assert 1 == len(await events(installations))


async def test_parallel_callbacks_of_one_code_are_one_install(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, installations: InMemoryInstallations, acme: Project
) -> None:
    """Of a hundred callbacks with one code at once one connects, ninety-nine are refused, and one event is told."""
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)

    responses = await asyncio.gather(
        *(browser.get(CALLBACK_PATH, params=query, headers={**JSON, "Cookie": cookies}) for _ in range(100))
    )

    assert 1 == len([response for response in responses if response.status_code == 302])
    refused = [response.json()["reason"] for response in responses if response.status_code == 400]
    assert ["state_mismatch"] * 99 == refused
    assert 1 == hubspot.calls["exchange_code"]
    assert 1 == len(await events(installations))


async def test_a_state_stolen_by_another_user_is_worth_nothing(
    browser: httpx2.AsyncClient,
    api: httpx2.AsyncClient,
    console: InMemoryConsole,
    hubspot: InMemoryHubSpot,
    acme: Project,
) -> None:
    """Another signed-in user with the very cookie and query is refused, and the owner can still finish."""
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    theirs = {cookie.name: cookie.value or "" for cookie in browser.cookies.jar}
    for name, value in {**theirs, SESSION_COOKIE: console.session("mallory", acme)}.items():
        api.cookies.set(name, value)

    stolen = await api.get(CALLBACK_PATH, params=query)

    assert "state_mismatch" == stolen.json()["reason"]
    assert 302 == (await browser.get(CALLBACK_PATH, params=query)).status_code


async def test_whoever_lost_the_rights_meanwhile_is_refused(
    browser: httpx2.AsyncClient, console: InMemoryConsole, hubspot: InMemoryHubSpot, acme: Project, globex: Project
) -> None:
    """A user whose rights on the project ended while at HubSpot connects nothing."""
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    browser.cookies.delete(SESSION_COOKIE)
    browser.cookies.set(SESSION_COOKIE, console.session("ada", globex))

    response = await browser.get(CALLBACK_PATH, params=query, headers=JSON)

    assert (403, Code.FORBIDDEN) == (response.status_code, response.json()["code"])
    assert not hubspot.calls


async def test_a_session_that_ended_at_hubspot_is_said_so(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, acme: Project
) -> None:
    """Back from HubSpot without a session the user is told; the code goes into no link, and HubSpot is not asked."""
    query = hubspot.consent(await begin(browser, acme), PORTAL)
    browser.cookies.delete(SESSION_COOKIE)

    page = await browser.get(CALLBACK_PATH, params=query)

    assert 401 == page.status_code
    assert "Your session ended" in page.text
    assert query["code"] not in page.text
    assert not hubspot.calls


async def test_no_consent_is_explained(browser: httpx2.AsyncClient, acme: Project) -> None:
    """When the user says no at HubSpot, a page says who may connect an account; nothing of the query is on it."""
    await begin(browser, acme)

    page = await browser.get(
        CALLBACK_PATH, params={"error": "access_denied", "error_description": "<script>alert(1)</script>"}
    )

    assert 403 == page.status_code
    assert "Super Admin" in page.text
    assert "alert(1)" not in page.text


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("<b>x</b>", "hubspot_refused"),
        ("", "hubspot_refused"),
        ("access_denied", "access_denied"),
        ("invalid_scope", "app_refused"),
        ("unauthorized_client", "app_refused"),
        ("server_error", "hubspot_busy"),
        ("temporarily_unavailable", "hubspot_busy"),
    ],
)
async def test_refusals_of_hubspot_have_a_kind(browser: httpx2.AsyncClient, error: str, reason: str) -> None:
    """What RFC 6749 names is told apart, the rest is one reason; none is a fault of ours, and no text is reflected."""
    response = await browser.get(CALLBACK_PATH, params={"error": error}, headers=JSON)

    assert (403, reason) == (response.status_code, response.json()["reason"])
    assert "<b>" not in response.text


@pytest.mark.parametrize(
    ("trouble", "reason", "status", "code"),
    [
        (CodeRejectedError("x"), "code_rejected", 400, Code.NOT_CONNECTED),
        (GrantRevokedError("x"), "code_rejected", 400, Code.NOT_CONNECTED),
        (AppRejectedError("x"), "not_configured", 500, Code.NOT_CONFIGURED),
        (HubSpotAwayError("x"), "hubspot_unavailable", 502, Code.UPSTREAM),
    ],
)
async def test_a_failed_exchange_stores_nothing(
    browser: httpx2.AsyncClient,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    acme: Project,
    trouble: Exception,
    reason: str,
    status: int,
    code: Code,
) -> None:
    """A code that cannot be exchanged ends the install by kind, with a link back to the same project."""
    hubspot.troubles.append(trouble)

    page = await connect(browser, hubspot, acme)
    hubspot.troubles.append(trouble)
    url = await begin(browser, acme)
    response = await browser.get(CALLBACK_PATH, params=hubspot.consent(url, PORTAL), headers=JSON)

    assert (status, code, reason) == (response.status_code, response.json()["code"], response.json()["reason"])
    assert status == page.status_code
    assert ("Connect HubSpot again" in page.text) == (f"{INSTALL_PATH}?project={acme.id}" in page.text)
    assert await installations.get(PORTAL) is None


async def test_a_missing_required_scope_is_named(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, installations: InMemoryInstallations, acme: Project
) -> None:
    """Without a required scope nothing is stored, and the page says which one is missing."""
    query = hubspot.consent(await begin(browser, acme), PORTAL, without=("crm.objects.contacts.write",))

    page = await browser.get(CALLBACK_PATH, params=query)

    assert 403 == page.status_code
    assert "crm.objects.contacts.write" in page.text
    assert "crm.objects.contacts.read" not in page.text
    assert await installations.get(PORTAL) is None


async def test_without_automation_the_install_stands(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, acme: Project
) -> None:
    """`automation` may be missing: the account is connected, and the console says what does not work."""
    query = hubspot.consent(await begin(browser, acme), PORTAL, without=("automation",))
    done = await browser.get(CALLBACK_PATH, params=query)

    assert 302 == done.status_code
    page = await browser.get(f"/console/projects/{acme.id}/accounts/{PORTAL}")

    assert "Not granted" in page.text
    assert "The workflow action does not appear" in page.text


async def test_an_account_that_hubspot_does_not_name_is_introspected(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, installations: InMemoryInstallations, acme: Project
) -> None:
    """Tokens that come without account and scopes are introspected before anything is stored."""
    hubspot.tells_account = False

    await connect(browser, hubspot, acme)

    assert 1 == hubspot.calls["introspect access_token"]
    assert await installations.get(PORTAL) is not None


async def test_one_project_need_not_be_named(
    browser: httpx2.AsyncClient, console: InMemoryConsole, acme: Project
) -> None:
    """A user with one project connects it without naming it."""
    browser.cookies.delete(SESSION_COOKIE)
    browser.cookies.set(SESSION_COOKIE, console.session("bob", acme))

    response = await browser.get(INSTALL_PATH)

    assert response.headers["location"].startswith("https://app.hubspot.test/oauth/authorize?")


async def test_several_projects_are_chosen_from_on_the_console(
    browser: httpx2.AsyncClient, api: httpx2.AsyncClient
) -> None:
    """A user with several projects who names none is shown the console, a script is told to name one."""
    response = await browser.get(INSTALL_PATH)
    script = await browser.get(INSTALL_PATH, headers=JSON)

    assert (302, "/console") == (response.status_code, response.headers["location"])
    assert (400, Code.MISSING_FIELD) == (script.status_code, script.json()["code"])


async def test_a_project_of_others_is_refused(browser: httpx2.AsyncClient) -> None:
    """An install for a project that the session has no rights on is refused, whether or not it exists."""
    response = await browser.get(INSTALL_PATH, params={"project": "p-others"})

    assert 403 == response.status_code
    assert "p-others" not in response.text


async def test_a_browser_without_a_session_signs_in_first(browser: httpx2.AsyncClient, acme: Project) -> None:
    """Without a session a browser is sent to the configured login, which leads back to the same install."""
    browser.cookies.clear()

    response = await browser.get(INSTALL_PATH, params={"project": acme.id, "next": "https://evil.test"})
    where = urlsplit(response.headers["location"])

    assert 302 == response.status_code
    assert ("chert.test", "/login") == (where.netloc, where.path)
    assert {"return_to": [f"{INSTALL_PATH}?project={acme.id}"]} == parse_qs(where.query)


async def test_an_api_client_without_a_session_is_told(api: httpx2.AsyncClient, acme: Project) -> None:
    """Without a session an API client gets 401 and code 2012."""
    response = await api.get(INSTALL_PATH, params={"project": acme.id})

    assert (401, Code.NO_CREDENTIALS) == (response.status_code, response.json()["code"])


@pytest.mark.parametrize("query", ["project=a&project=b", "project=" + "a" * 101, "project="])
async def test_odd_parameters_are_refused_with_a_page(browser: httpx2.AsyncClient, query: str) -> None:
    """Repeated, oversized and empty parameters are refused, to a browser as a page."""
    page = await browser.get(f"{INSTALL_PATH}?{query}")

    assert 400 == page.status_code
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("code=a&code=b&state=s", "a parameter is repeated"),
        (f"code={'a' * 2001}&state=s", "query.code: string_too_long"),
        (f"code=a&state={'s' * 501}", "query.state: string_too_long"),
        (f"error={'e' * 201}", "query.error: string_too_long"),
    ],
)
async def test_odd_callbacks_are_refused_before_anything_is_looked_at(
    api: httpx2.AsyncClient, query: str, error: str
) -> None:
    """A callback's repeated and oversized parameters are refused in words that name the parameter."""
    response = await api.get(f"{CALLBACK_PATH}?{query}")

    assert (400, Code.INVALID_FIELD, error) == (
        response.status_code,
        response.json()["code"],
        response.json()["error"],
    )


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE"])
async def test_a_callback_is_a_get(api: httpx2.AsyncClient, method: str) -> None:
    """HubSpot sends a browser back by `GET`; every other method is refused as on any route."""
    assert 405 == (await api.request(method, CALLBACK_PATH)).status_code


async def test_a_callback_is_counted_under_its_route(api: httpx2.AsyncClient, plumbing: Plumbing) -> None:
    """Callbacks are counted by their route, though what answers them stands before all routers."""
    assert 400 == (await api.get(CALLBACK_PATH)).status_code
    counted = f'http_request_seconds_count{{method="GET",route="{CALLBACK_PATH}",status="400"}} 1.0'
    assert counted.encode() in plumbing.metrics.render()


async def test_nothing_sends_a_callback_address_on(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, acme: Project
) -> None:
    """A callback's address holds a code: its answer is not cached and passes no referrer on."""
    for response in (await connect(browser, hubspot, acme), await browser.get(CALLBACK_PATH)):
        assert "no-store" == response.headers["cache-control"]
        assert "no-referrer" == response.headers["referrer-policy"]
