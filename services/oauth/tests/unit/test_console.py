"""The console's page."""

from collections.abc import Awaitable, Callable
from html.parser import HTMLParser

import httpx2
import pytest

from chassis.clock import ManualClock
from oauth.adapters.in_memory import InMemoryConsole, InMemoryHubSpot, InMemoryInstallations
from oauth.api.pages import CALLBACK_PATH, INSTALL_PATH, account_url
from oauth.api.sessions import SESSION_COOKIE
from oauth.handlers.binding import deactivate
from oauth.models import Project

PORTAL = 62515

Connect = Callable[..., Awaitable[httpx2.Response]]


@pytest.fixture
def connect(browser: httpx2.AsyncClient, hubspot: InMemoryHubSpot) -> Connect:
    """Connects an account to a project as the signed-in user."""

    async def run(project: Project, portal_id: int = PORTAL) -> httpx2.Response:
        begun = await browser.get(INSTALL_PATH, params={"project": project.id})
        return await browser.get(CALLBACK_PATH, params=hubspot.consent(begun.headers["location"], portal_id))

    return run


def sign_in(browser: httpx2.AsyncClient, session: str) -> None:
    """Use another session."""
    browser.cookies.delete(SESSION_COOKIE)
    browser.cookies.set(SESSION_COOKIE, session)


async def test_every_project_can_be_connected(browser: httpx2.AsyncClient, acme: Project, globex: Project) -> None:
    """Each project of the session has a Connect HubSpot button of its own."""
    page = await browser.get("/console")

    for project in (acme, globex):
        assert project.name in page.text
        assert f'href="{INSTALL_PATH}?project={project.id}"' in page.text
    assert 2 == page.text.count("No HubSpot account is connected")


async def test_a_connected_account_is_shown(browser: httpx2.AsyncClient, connect: Connect, acme: Project) -> None:
    """A connected account shows its id, the badge, when it was installed, and leads to its own page."""
    done = await connect(acme)
    page = await browser.get(done.headers["location"])

    for words in (
        "HubSpot account 62515",
        "Connected</span>",
        "22 November 2026, 12:00 UTC",
        f'href="{account_url(acme.id, PORTAL)}"',
        f"HubSpot account {PORTAL} is connected to Acme.",
    ):
        assert words in page.text


async def test_an_account_that_ended_says_why(
    browser: httpx2.AsyncClient,
    connect: Connect,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
) -> None:
    """An account that is no longer connected stays in sight, with the reason on its badge."""
    await connect(acme)
    installation = await installations.get(PORTAL)
    assert installation is not None
    await deactivate(installation, "app_uninstalled", installations=installations, clock=clock)

    page = await browser.get("/console")

    assert "Uninstalled in HubSpot</span>" in page.text


async def test_several_accounts_of_a_project_are_listed(
    browser: httpx2.AsyncClient, connect: Connect, acme: Project
) -> None:
    """One project may have several accounts."""
    await connect(acme, 1)
    await connect(acme, 2)

    page = await browser.get("/console")

    assert "HubSpot account 1<" in page.text
    assert "HubSpot account 2<" in page.text


async def test_an_account_stays_where_it_is_and_that_is_said(
    browser: httpx2.AsyncClient, connect: Connect, acme: Project, globex: Project
) -> None:
    """An install from another project leaves the account where it was, and the page says where to who may know."""
    await connect(acme)
    done = await connect(globex)

    assert f"/console?notice=stays&account={PORTAL}" == done.headers["location"]

    page = await browser.get(done.headers["location"])

    assert "was already connected to Acme" in page.text


async def test_a_project_of_others_is_never_named(
    browser: httpx2.AsyncClient, console: InMemoryConsole, connect: Connect, acme: Project, globex: Project
) -> None:
    """Whoever may not see the other project learns that there is one, and nothing about it."""
    await connect(acme)
    sign_in(browser, console.session("bob", globex))
    done = await connect(globex)

    page = await browser.get(done.headers["location"])

    assert "connected to another project" in page.text
    assert "Acme" not in page.text
    assert str(PORTAL) not in page.text


async def test_accounts_of_others_are_never_shown(
    browser: httpx2.AsyncClient, console: InMemoryConsole, connect: Connect, acme: Project, globex: Project
) -> None:
    """The page holds the session's projects and no others, whatever account the address names."""
    await connect(acme)
    sign_in(browser, console.session("bob", globex))

    page = await browser.get("/console", params={"notice": "connected", "account": PORTAL})

    assert str(PORTAL) not in page.text
    sign_in(browser, console.session("ada", acme))
    assert str(PORTAL) in (await browser.get("/console")).text


async def test_names_are_escaped(browser: httpx2.AsyncClient, console: InMemoryConsole) -> None:
    """A project or user whose name is markup is shown as text."""
    name = "<img src=x onerror=alert(1)>"
    sign_in(browser, console.session("eve", Project("p", name, "p"), name=name))

    page = await browser.get("/console")

    assert "<img" not in page.text
    assert 3 <= page.text.count("&lt;img src=x onerror=alert(1)&gt;")


async def test_without_a_session_the_login_leads_back(browser: httpx2.AsyncClient) -> None:
    """Without a session, or with a forged one, a browser signs in and comes back to the console."""
    for token in (None, "forged"):
        browser.cookies.clear()
        if token is not None:
            browser.cookies.set(SESSION_COOKIE, token)

        response = await browser.get("/console", params={"notice": "connected"})

        assert 302 == response.status_code
        login = "https://chert.test/login?return_to=%2Fconsole%3Fnotice%3Dconnected"
        assert login == response.headers["location"]


async def test_a_console_that_cannot_be_asked_is_temporary(
    browser: httpx2.AsyncClient, console: InMemoryConsole
) -> None:
    """While sessions cannot be verified the page says to try again; nobody is sent to sign in."""
    console.away = True

    page = await browser.get("/console")

    assert 503 == page.status_code
    assert "try again" in page.text
    assert "retry-after" in page.headers


class Assets(HTMLParser):
    """What a page loads and runs."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.runs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note links to assets, and anything that would need a script or an inline style."""
        given = dict(attrs)
        if tag in {"link", "img", "script", "iframe"}:
            self.loads.append(given.get("href") or given.get("src") or "")
        self.runs += [name for name in given if name.startswith("on") or name == "style"]
        if tag in {"script", "style"}:
            self.runs.append(tag)


async def test_pages_load_nothing_of_others_and_run_nothing(
    browser: httpx2.AsyncClient, connect: Connect, acme: Project
) -> None:
    """Every page works under a policy without scripts, inline styles or foreign assets, and its assets are there."""
    await connect(acme)
    for address in ("/console", CALLBACK_PATH, "/console/nowhere"):
        page = await browser.get(address)
        assets = Assets()
        assets.feed(page.text)

        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "nosniff" == page.headers["x-content-type-options"]
        assert not assets.runs
        assert assets.loads
        for asset in assets.loads:
            assert asset.startswith("/console/static/")
            assert 200 == (await browser.get(asset)).status_code


async def test_the_style_library_comes_with_its_licence(browser: httpx2.AsyncClient) -> None:
    """The vendored style sheet lies beside its licence."""
    licence = await browser.get("/console/static/pico.LICENSE.md")

    assert "MIT License" in licence.text
