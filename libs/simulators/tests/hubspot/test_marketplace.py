import html
import re
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from simulators.clock import ManualClock
from simulators.hubspot.app import create_app
from simulators.hubspot.scripted_admin import ScriptedAdmin
from simulators.hubspot.settings import HubSpotSimulatorSettings

LISTING = "/marketplace/apps/77/install"
INSTALL_URL = "http://localhost:8080/api/hubspot/oauth/install"
CALLBACK = "http://localhost:8080/api/hubspot/oauth/callback"


def starts(page: httpx2.Response) -> list[str]:
    """The addresses of the listing's install links."""
    return [html.unescape(url) for url in re.findall(r'<a href="([^"]+)">Install Chert</a>', page.text)]


async def return_url(http: httpx2.AsyncClient, portal_id: int) -> str:
    """Where the app is asked to send the browser."""
    (start,) = starts(await http.get(LISTING, params={"portal": portal_id}))
    return parse_qs(urlsplit(start).query)["returnUrl"][0]


async def test_the_listing_begins_at_the_app(http: httpx2.AsyncClient, portal_id: int) -> None:
    """The link leads to the app's install URL with `step=authorize` and an address on this server to come back to."""
    (start,) = starts(await http.get(LISTING, params={"portal": portal_id}))

    query = parse_qs(urlsplit(start).query)
    assert INSTALL_URL == start.split("?")[0]
    assert {"step", "returnUrl"} == set(query)
    assert ["authorize"] == query["step"]
    assert [f"http://hub.test/marketplace/apps/77/return?portal={portal_id}"] == query["returnUrl"]


async def test_the_listing_offers_every_account(http: httpx2.AsyncClient, portal_id: int) -> None:
    """Without an account in the address there is a link for each; with an unknown one there is a page that says so."""
    empty = await http.get(LISTING, params={"portal": 1})
    await http.post("/control/portals", json={"portal_id": 99, "name": "Other"})

    assert 2 == len(starts(await http.get(LISTING)))
    assert 404 == empty.status_code
    assert "App not found" in (await http.get("/marketplace/apps/78/install")).text


async def test_a_listing_without_accounts_says_how_to_make_one(http: httpx2.AsyncClient) -> None:
    """An empty HubSpot is no dead end."""
    assert "There is no account yet" in (await http.get(LISTING)).text


async def test_an_install_from_the_marketplace_is_walked(
    http: httpx2.AsyncClient, portal_id: int, client_form: dict[str, str]
) -> None:
    """Back with the app's state: consent, then the app with `step=finalize`; the code works without a PKCE verifier."""
    back = await return_url(http, portal_id)
    consent = await http.get(f"{back}&state=st%26te")
    location = await ScriptedAdmin(http).approve(f"{back}&state=st%26te", portal_id)

    query = parse_qs(urlsplit(location).query)
    form = client_form | {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code": query["code"][0]}
    tokens = await http.post("/oauth/2026-09/token", data=form)
    assert all(words in consent.text for words in ("Approve", "Cancel", "automation", f"account {portal_id}"))
    assert INSTALL_URL == location.split("?")[0]
    assert {"step": ["finalize"], "code": query["code"], "state": ["st&te"], "returnUrl": [back]} == query
    assert (200, portal_id) == (tokens.status_code, tokens.json()["hub_id"])
    assert "connected to Acme" in (await http.get(back)).text


async def test_its_code_takes_no_verifier(
    http: httpx2.AsyncClient, portal_id: int, client_form: dict[str, str]
) -> None:
    """HubSpot built that consent itself, so no challenge stands behind the code (RFC 9700 section 2.1.1)."""
    back = await return_url(http, portal_id)
    location = await ScriptedAdmin(http).approve(f"{back}&state=s", portal_id)
    code = parse_qs(urlsplit(location).query)["code"][0]

    grant = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code": code, "code_verifier": "v" * 64}
    answer = await http.post("/oauth/2026-09/token", data=client_form | grant)

    assert "BAD_CODE_VERIFIER" == answer.json()["status"]


async def test_a_cancelled_install_ends_at_hubspot(http: httpx2.AsyncClient, portal_id: int) -> None:
    """The app hears nothing, and coming back without a state tells that nothing was installed."""
    back = await return_url(http, portal_id)

    cancelled = await http.post(f"{back}&state=s", data={"decision": "cancel"})

    assert (200, True) == (cancelled.status_code, "Nothing was installed" in cancelled.text)
    assert "did not finish" in (await http.get(back)).text
    assert [] == (await http.get("/control/ledger")).json()["installs"]


async def test_an_account_whose_plan_lacks_a_scope_cannot_install(http: httpx2.AsyncClient, portal_id: int) -> None:
    """The same page as on the authorize screen, and the app hears nothing."""
    back = await return_url(http, portal_id)
    await http.patch(f"/control/portals/{portal_id}", json={"unavailable_scopes": ["crm.objects.contacts.write"]})

    answer = await http.post(f"{back}&state=s", data={"decision": "approve"})

    assert (400, True) == (answer.status_code, "Its plan lacks crm.objects.contacts.write" in answer.text)


async def test_a_decision_needs_the_app_s_state(http: httpx2.AsyncClient, portal_id: int) -> None:
    """Without it there is nothing to decide."""
    back = await return_url(http, portal_id)

    assert 400 == (await http.post(back, data={"decision": "approve"})).status_code


async def test_connected_apps_leads_to_the_marketplace(http: httpx2.AsyncClient, portal_id: int) -> None:
    """An account without the app is told where to find it."""
    assert f"{LISTING}?portal={portal_id}" in (await http.get(f"/connected-apps/{portal_id}")).text


@pytest.mark.parametrize(
    ("public_base_url", "install_url", "begins"),
    [
        (None, None, "http://gateway:8080/api/hubspot/oauth/install?step="),
        ("https://app.test/", None, "https://app.test/api/hubspot/oauth/install?step="),
        ("https://app.test/", "https://else.test/go?from=hubspot", "https://else.test/go?from=hubspot&step="),
    ],
    ids=["where it is called", "its public address", "its own setting"],
)
async def test_the_install_url_is_the_app_s(
    clock: ManualClock, public_base_url: str | None, install_url: str | None, begins: str
) -> None:
    """The setting decides; else the public address, else where the app is called."""
    settings = HubSpotSimulatorSettings(
        port=1,
        client_id="client-1",
        client_secret="secret-1",
        app_id=77,
        redirect_uris=(CALLBACK,),
        target_base_url="http://gateway:8080",
        public_base_url=public_base_url,
        install_url=install_url,
    )
    transport = httpx2.ASGITransport(app=create_app(settings, clock=clock))
    async with httpx2.AsyncClient(transport=transport, base_url="http://hub.test") as http:
        await http.post("/control/portals", json={"portal_id": 1, "name": "Acme"})
        (start,) = starts(await http.get(LISTING))

    assert start.startswith(begins)
