"""Installs that begin at HubSpot's marketplace."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from oauth.adapters.in_memory import InMemoryConsole, InMemoryHubSpot, InMemoryInstallations
from oauth.api.pages import CALLBACK_PATH, INSTALL_PATH
from oauth.api.sessions import SESSION_COOKIE
from oauth.models import Project

PORTAL = 62515
RETURN_URL = "https://app.hubspot.com/marketplace/install/7?step=2"
JSON = {"Accept": "application/json"}


async def authorize(browser: httpx2.AsyncClient, project: Project | None) -> httpx2.Response:
    """HubSpot sends the browser to us."""
    named = {} if project is None else {"project": project.id}
    return await browser.get(INSTALL_PATH, params={"step": "authorize", "returnUrl": RETURN_URL, **named})


def state_in(response: httpx2.Response) -> str:
    """The state that we send the browser back with."""
    return parse_qs(urlsplit(response.headers["location"]).query)["state"][0]


def consented(hubspot: InMemoryHubSpot, state: str) -> dict[str, str]:
    """HubSpot asked for consent by itself; the query it comes back with."""
    return {**hubspot.consent(hubspot.authorize_url(state, None), PORTAL), "step": "finalize", "returnUrl": RETURN_URL}


async def test_an_install_from_the_marketplace_ends_there(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, installations: InMemoryInstallations, acme: Project
) -> None:
    """With a state the browser goes back to HubSpot; with a code it comes again, is connected, and returns there."""
    begun = await authorize(browser, acme)
    done = await browser.get(INSTALL_PATH, params=consented(hubspot, state_in(begun)))

    assert 302 == begun.status_code
    assert begun.headers["location"].startswith(RETURN_URL + "&state=")
    assert (302, RETURN_URL) == (done.status_code, done.headers["location"])
    installation = await installations.get(PORTAL)
    assert installation is not None
    assert ("active", acme.id) == (installation.status, installation.project_id)


async def test_one_of_several_projects_is_chosen(browser: httpx2.AsyncClient, acme: Project, globex: Project) -> None:
    """Whoever has several projects chooses on a page of ours, whose links lead on; an API client has to name one."""
    page = await authorize(browser, None)
    told = await browser.get(INSTALL_PATH, params={"step": "authorize", "returnUrl": RETURN_URL}, headers=JSON)

    assert 200 == page.status_code
    assert acme.name in page.text
    assert globex.name in page.text
    assert "project=p-globex" in page.text
    assert 400 == told.status_code


async def test_signing_in_leads_back_to_the_install(app_browser: httpx2.AsyncClient) -> None:
    """Without a session the browser signs in, and comes back to the same step."""
    response = await authorize(app_browser, None)
    return_to = parse_qs(urlsplit(response.headers["location"]).query)["return_to"][0]

    assert response.headers["location"].startswith("https://chert.test/login?")
    assert urlsplit(return_to).path == INSTALL_PATH
    assert {"step": ["authorize"], "returnUrl": [RETURN_URL]} == parse_qs(urlsplit(return_to).query)


@pytest.fixture
def app_browser(browser: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A browser in which nobody is signed in."""
    browser.cookies.delete(SESSION_COOKIE)
    return browser


@pytest.mark.parametrize("step", ["authorize", "finalize"])
@pytest.mark.parametrize("return_url", ["https://evil.test/", "//app.hubspot.com", "javascript:alert(1)", None])
async def test_nothing_returns_elsewhere(
    browser: httpx2.AsyncClient,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    acme: Project,
    step: str,
    return_url: str | None,
) -> None:
    """An address that is not HubSpot's ends either step with a refusal, before anything is issued or exchanged."""
    state = state_in(await authorize(browser, acme))
    query = {**consented(hubspot, state), "step": step, "project": acme.id}
    query = {**query, "returnUrl": return_url} if return_url else {**query, "returnUrl": ""}
    response = await browser.get(INSTALL_PATH, params=query, headers=JSON)

    assert (400, "return_url") == (response.status_code, response.json()["reason"])
    assert "location" not in response.headers
    assert await installations.get(PORTAL) is None
    assert 0 == hubspot.calls["exchange_code"]


async def test_a_state_finishes_only_the_way_it_began(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, installations: InMemoryInstallations, acme: Project
) -> None:
    """A state of the marketplace finishes no install of the console, nor the other way round."""
    theirs = state_in(await authorize(browser, acme))
    query = hubspot.consent(hubspot.authorize_url(theirs, None), PORTAL)
    at_callback = await browser.get(CALLBACK_PATH, params=query, headers=JSON)
    ours = state_in(await browser.get(INSTALL_PATH, params={"project": acme.id}))
    at_finalize = await browser.get(INSTALL_PATH, params=consented(hubspot, ours), headers=JSON)

    assert "state_mismatch" == at_callback.json()["reason"]
    assert "state_mismatch" == at_finalize.json()["reason"]
    assert await installations.get(PORTAL) is None


@pytest.mark.parametrize(("missing", "reason"), [("code", "missing_code_or_state"), ("state", "missing_code_or_state")])
async def test_finalizing_is_checked_as_a_callback_is(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, acme: Project, missing: str, reason: str
) -> None:
    """The four checks of a callback apply, in their order."""
    query = consented(hubspot, state_in(await authorize(browser, acme)))
    del query[missing]
    response = await browser.get(INSTALL_PATH, params=query, headers=JSON)

    assert (400, 2014, reason) == (response.status_code, response.json()["code"], response.json()["reason"])


async def test_a_browser_that_did_not_begin_does_not_finish(
    browser: httpx2.AsyncClient, api: httpx2.AsyncClient, hubspot: InMemoryHubSpot, acme: Project
) -> None:
    """A state that was issued to another browser is refused."""
    query = consented(hubspot, state_in(await authorize(browser, acme)))
    response = await api.get(INSTALL_PATH, params=query)

    assert (400, "missing_state_cookie") == (response.status_code, response.json()["reason"])


async def test_whoever_gets_the_account_elsewhere_is_told(
    browser: httpx2.AsyncClient,
    console: InMemoryConsole,
    hubspot: InMemoryHubSpot,
    acme: Project,
    globex: Project,
) -> None:
    """When the account stays with another project, the console says so, which HubSpot's page could not."""
    await browser.get(INSTALL_PATH, params=consented(hubspot, state_in(await authorize(browser, acme))))
    done = await browser.get(INSTALL_PATH, params=consented(hubspot, state_in(await authorize(browser, globex))))

    assert f"/console?notice=stays&account={PORTAL}" == done.headers["location"]


async def test_an_old_install_cannot_be_finished_twice(
    browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot, acme: Project
) -> None:
    """The same way back from HubSpot works once."""
    query = consented(hubspot, state_in(await authorize(browser, acme)))
    await browser.get(INSTALL_PATH, params=query)
    again = await browser.get(INSTALL_PATH, params=query, headers=JSON)

    assert 400 == again.status_code
    assert 1 == hubspot.calls["exchange_code"]
