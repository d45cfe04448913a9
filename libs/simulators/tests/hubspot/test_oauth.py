from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from simulators.clock import ManualClock
from simulators.hubspot.scripted_admin import ConsentRefusedError, ScriptedAdmin

Query = dict[str, str]
Change = Callable[[Query], Query]


def _url(query: Query) -> str:
    return f"/oauth/authorize?{urlencode(query)}"


async def test_consent_page_names_the_app_and_what_it_asks(
    http: httpx2.AsyncClient, portal_id: int, authorize_query: Query
) -> None:
    """The screen shows app, scopes, accounts and both buttons, and loads nothing from elsewhere."""
    page = await http.get(_url(authorize_query))

    assert 200 == page.status_code
    for shown in ("Chert Messaging for HubSpot", "automation", str(portal_id), "Approve", "Cancel"):
        assert shown in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_approval_returns_code_and_state(
    http: httpx2.AsyncClient, portal_id: int, authorize_query: Query
) -> None:
    """An approval sends the browser back to exactly the redirect address with a code and the same state."""
    location = urlsplit(await ScriptedAdmin(http).approve(_url(authorize_query), portal_id))

    assert authorize_query["redirect_uri"] == f"{location.scheme}://{location.netloc}{location.path}"
    assert ["state-1"] == parse_qs(location.query)["state"]
    assert parse_qs(location.query)["code"]


async def test_cancel_returns_access_denied(http: httpx2.AsyncClient, portal_id: int, authorize_query: Query) -> None:
    """A refusal is told to the app with the state it gave."""
    query = parse_qs(urlsplit(await ScriptedAdmin(http).cancel(_url(authorize_query))).query)

    assert ["access_denied"] == query["error"]
    assert ["The user denied access"] == query["error_description"]
    assert ["state-1"] == query["state"]


@pytest.mark.parametrize(
    ("change", "title"),
    [
        (lambda query: query | {"client_id": "other"}, "App not found"),
        (lambda query: query | {"redirect_uri": query["redirect_uri"] + "/"}, "Redirect address mismatch"),
        (lambda query: query | {"scope": "oauth automation"}, "Scope mismatch"),
        (lambda query: query | {"scope": query["scope"] + " tickets"}, "Scope mismatch"),
    ],
    ids=["unknown app", "other address", "required scope missing", "undeclared scope"],
)
async def test_a_wrong_request_shows_a_page(
    http: httpx2.AsyncClient, portal_id: int, authorize_query: Query, change: Change, title: str
) -> None:
    """What the app's developer did not configure is never redirected, neither when shown nor when approved."""
    url = _url(change(authorize_query))

    page = await http.get(url)

    assert 400 == page.status_code
    assert title in page.text
    with pytest.raises(ConsentRefusedError):
        await ScriptedAdmin(http).approve(url, portal_id)


async def test_plain_pkce_is_refused(http: httpx2.AsyncClient, portal_id: int, authorize_query: Query) -> None:
    """A code challenge by another method than S256 goes back to the app as an invalid request."""
    answer = await http.get(_url(authorize_query | {"code_challenge_method": "plain"}))

    assert 303 == answer.status_code
    assert ["invalid_request"] == parse_qs(urlsplit(answer.headers["location"]).query)["error"]


async def test_a_preselected_account_is_the_only_choice(
    http: httpx2.AsyncClient, portal_id: int, authorize_query: Query
) -> None:
    """The address with an account in it offers that account alone, and none when there is no such account."""
    await http.post("/control/portals", json={"portal_id": 99, "name": "Other"})

    page = await http.get(f"/oauth/{portal_id}/authorize?{urlencode(authorize_query)}")
    missing = await http.get(f"/oauth/1234/authorize?{urlencode(authorize_query)}")

    assert "Other" not in page.text
    assert "Account not found" in missing.text


async def test_a_conditional_scope_is_dropped_where_the_plan_lacks_it(
    http: httpx2.AsyncClient, authorize_query: Query, client_form: dict[str, str]
) -> None:
    """An account without automation grants the rest, and the token says so."""
    await http.post("/control/portals", json={"portal_id": 7, "name": "Starter", "unavailable_scopes": ["automation"]})
    query = {name: value for name, value in authorize_query.items() if not name.startswith("code_challenge")}
    location = await ScriptedAdmin(http).approve(_url(query), 7)
    form = client_form | {
        "grant_type": "authorization_code",
        "redirect_uri": query["redirect_uri"],
        "code": parse_qs(urlsplit(location).query)["code"][0],
    }

    answer = await http.post("/oauth/2026-09/token", data=form)

    assert 200 == answer.status_code
    assert "automation" not in answer.json()["scopes"]
    assert "crm.objects.contacts.write" in answer.json()["scopes"]


@pytest.mark.parametrize("version", ["v1", "v3", "2026-03", "2026-09"])
async def test_exchange_installs_the_app(
    http: httpx2.AsyncClient, portal_id: int, exchange_form: dict[str, str], version: str
) -> None:
    """Only the exchange installs the app; its answer carries what the contract promises."""
    before = (await http.get("/control/ledger")).json()["installs"]

    answer = await http.post(f"/oauth/{version}/token", data=exchange_form)

    assert [] == before
    assert 200 == answer.status_code
    assert "no-store" == answer.headers["cache-control"]
    tokens = answer.json()
    assert (1800, "bearer", "access_token", portal_id) == (
        tokens["expires_in"],
        tokens["token_type"],
        tokens["token_use"],
        tokens["hub_id"],
    )
    assert tokens["refresh_token"].startswith("na1-")
    assert [portal_id] == [one["portal_id"] for one in (await http.get("/control/ledger")).json()["installs"]]


async def test_a_code_works_once(http: httpx2.AsyncClient, exchange_form: dict[str, str]) -> None:
    """The second exchange of a code is refused in the envelope with both generations of members."""
    await http.post("/oauth/2026-09/token", data=exchange_form)

    answer = await http.post("/oauth/2026-09/token", data=exchange_form)

    assert 400 == answer.status_code
    assert {
        "error": "invalid_grant",
        "error_description": "missing or unknown auth code",
        "status": "BAD_AUTH_CODE",
        "message": "missing or unknown auth code",
    } == answer.json()


async def test_a_code_expires(http: httpx2.AsyncClient, clock: ManualClock, exchange_form: dict[str, str]) -> None:
    """A code that was not exchanged within its short window is refused."""
    clock.advance(60)

    answer = await http.post("/oauth/2026-09/token", data=exchange_form)

    assert "EXPIRED_AUTH_CODE" == answer.json()["status"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"client_id": "other"}, "BAD_CLIENT_ID"),
        ({"client_secret": "other"}, "BAD_CLIENT_SECRET"),
        ({"client_secret": "é"}, "BAD_CLIENT_SECRET"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
        ({"redirect_uri": "http://localhost:8080/"}, "BAD_REDIRECT_URI"),
        ({"code_verifier": "w" * 64}, "BAD_CODE_VERIFIER"),
        ({"code_verifier": ""}, "BAD_CODE_VERIFIER"),
        ({"code": "none"}, "BAD_AUTH_CODE"),
    ],
)
async def test_a_wrong_exchange_is_refused(
    http: httpx2.AsyncClient, exchange_form: dict[str, str], change: dict[str, str], status: str
) -> None:
    """Each wrong part of an exchange has its own status, and none installs the app."""
    answer = await http.post("/oauth/2026-09/token", data=exchange_form | change)

    assert (400, status) == (answer.status_code, answer.json()["status"])
    assert [] == (await http.get("/control/ledger")).json()["installs"]


async def test_a_body_that_is_no_form_has_no_grant_type(
    http: httpx2.AsyncClient, exchange_form: dict[str, str]
) -> None:
    """JSON in place of a form is refused as HubSpot refuses it; only v1 reads the query."""
    as_json = await http.post("/oauth/2026-09/token", json=exchange_form)
    in_query = await http.post("/oauth/2026-09/token", params=exchange_form)
    in_old_query = await http.post("/oauth/v1/token", params=exchange_form)

    assert ["BAD_GRANT_TYPE", "BAD_GRANT_TYPE"] == [as_json.json()["status"], in_query.json()["status"]]
    assert 200 == in_old_query.status_code


async def test_refresh_gives_a_new_access_token(
    http: httpx2.AsyncClient, clock: ManualClock, tokens: dict[str, str], client_form: dict[str, str]
) -> None:
    """A refresh token lives long past its access token and is returned unchanged."""
    clock.advance(30 * 86_400)

    form = client_form | {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answer = (await http.post("/oauth/2026-09/token", data=form)).json()

    assert tokens["refresh_token"] == answer["refresh_token"]
    assert tokens["access_token"] != answer["access_token"]


async def test_hub_id_can_be_missing(
    http: httpx2.AsyncClient, exchange_form: dict[str, str], client_form: dict[str, str], portal_id: int
) -> None:
    """With the switch on, the account is learned by introspection alone."""
    await http.patch("/control/switches", json={"omit_hub_id": True})

    tokens = (await http.post("/oauth/2026-09/token", data=exchange_form)).json()
    form = client_form | {"token": tokens["access_token"], "token_type_hint": "access_token"}
    facts = (await http.post("/oauth/2026-09/token/introspect", data=form)).json()

    assert "hub_id" not in tokens
    assert portal_id == facts["hub_id"]


async def test_introspection_of_each_kind(
    http: httpx2.AsyncClient, clock: ManualClock, tokens: dict[str, str], client_form: dict[str, str]
) -> None:
    """An access token shows its rest of life, a refresh token none; an expired token shows nothing else."""

    async def facts_of(token: str) -> dict[str, object]:
        answer = await http.post("/oauth/2026-09/token/introspect", data=client_form | {"token": token})
        facts: dict[str, object] = answer.json()
        return facts

    clock.advance(600)
    access, refresh = await facts_of(tokens["access_token"]), await facts_of(tokens["refresh_token"])
    clock.advance(1200)

    assert (True, "access_token", 1200) == (access["active"], access["token_use"], access["expires_in"])
    assert (True, "refresh_token") == (refresh["active"], refresh["token_use"])
    assert not {"expires_in", "is_private_distribution", "signed_access_token"} & set(refresh)
    assert {"active": False} == await facts_of(tokens["access_token"])


async def test_introspection_needs_the_client(http: httpx2.AsyncClient, tokens: dict[str, str]) -> None:
    """Without the app's credentials nothing is told, and v1 has no such route."""
    form = {"token": tokens["access_token"], "client_id": "client-1"}

    assert "BAD_CLIENT_SECRET" == (await http.post("/oauth/v3/token/introspect", data=form)).json()["status"]
    assert 404 == (await http.post("/oauth/v1/token/introspect", data=form)).status_code


async def test_revocation_ends_the_refresh_token_alone(
    http: httpx2.AsyncClient, tokens: dict[str, str], client_form: dict[str, str], bearer: dict[str, str]
) -> None:
    """After a revocation no refresh works, while the access token issued before lives on."""
    form = client_form | {"token": tokens["refresh_token"], "token_type_hint": "refresh_token"}

    revoked = await http.post("/oauth/2026-09/token/revoke", data=form)
    again = await http.post("/oauth/2026-09/token/revoke", data=form)
    refreshed = await http.post(
        "/oauth/2026-09/token",
        data=client_form | {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
    )

    assert [200, 200] == [revoked.status_code, again.status_code]
    assert ("BAD_REFRESH_TOKEN", "invalid_grant") == (refreshed.json()["status"], refreshed.json()["error"])
    assert 200 == (await http.get("/account-info/2026-09/details", headers=bearer)).status_code


async def test_client_credentials_give_an_app_token(http: httpx2.AsyncClient, client_form: dict[str, str]) -> None:
    """The app's own token has no refresh token; a scope that is none of its kind is refused."""
    form = client_form | {"grant_type": "client_credentials"}

    granted = await http.post("/oauth/2026-09/token", data=form | {"scope": "developer.webhooks_journal.read"})
    refused = await http.post("/oauth/2026-09/token", data=form | {"scope": "crm.objects.contacts.read"})

    assert "client_credentials" == granted.json()["token_use"]
    assert "refresh_token" not in granted.json()
    assert "BAD_SCOPES" == refused.json()["status"]


async def test_a_plan_that_gains_a_scope_grants_it_next_time(
    http: httpx2.AsyncClient, portal_id: int, authorize_query: Query, client_form: dict[str, str]
) -> None:
    """What an account can grant changes with its plan, and what is not named stays."""
    await http.patch(f"/control/portals/{portal_id}", json={"unavailable_scopes": ["automation"]})
    without = await _granted(http, portal_id, authorize_query, client_form)
    await http.patch(f"/control/portals/{portal_id}", json={"withheld_scopes": []})
    still_without = await _granted(http, portal_id, authorize_query, client_form)
    await http.patch(f"/control/portals/{portal_id}", json={"unavailable_scopes": []})

    assert "automation" not in without["scopes"]
    assert "automation" not in still_without["scopes"]
    assert "automation" in (await _granted(http, portal_id, authorize_query, client_form))["scopes"]


async def test_a_required_scope_can_be_withheld(
    http: httpx2.AsyncClient, portal_id: int, authorize_query: Query, client_form: dict[str, str]
) -> None:
    """A grant without a scope that the app requires, of which only the token tells."""
    await http.patch(f"/control/portals/{portal_id}", json={"withheld_scopes": ["crm.schemas.contacts.read"]})

    tokens = await _granted(http, portal_id, authorize_query, client_form)

    assert {"oauth", "crm.objects.contacts.read", "crm.objects.contacts.write", "automation"} == {*tokens["scopes"]}


@pytest.mark.parametrize("reuse", [True, False])
async def test_a_second_install_may_get_the_same_refresh_token(
    http: httpx2.AsyncClient, portal_id: int, authorize_query: Query, client_form: dict[str, str], reuse: bool
) -> None:
    """Switched so, an account with a living grant gets its refresh token again, and a new one after an uninstall."""
    await http.patch("/control/switches", json={"reuse_refresh_token": reuse})
    first, second = [await _granted(http, portal_id, authorize_query, client_form) for _ in range(2)]
    await http.post(f"/control/portals/{portal_id}/uninstall")
    third = await _granted(http, portal_id, authorize_query, client_form)

    assert reuse == (first["refresh_token"] == second["refresh_token"])
    assert first["access_token"] != second["access_token"]
    assert third["refresh_token"] not in {first["refresh_token"], second["refresh_token"]}


@pytest.mark.parametrize("decision", ["approve", "cancel"])
async def test_the_screen_can_answer_with_any_error(
    http: httpx2.AsyncClient, portal_id: int, authorize_query: Query, decision: str
) -> None:
    """Switched on, every decision goes back as that error with the state; switched off, it counts again."""
    await http.patch("/control/switches", json={"authorize_error": "temporarily_unavailable<b>"})
    form = {"decision": decision, "portal": str(portal_id)}
    refused = await http.post(_url(authorize_query), data=form)
    await http.patch("/control/switches", json={"authorize_error": ""})

    query = parse_qs(urlsplit(refused.headers["location"]).query)
    assert (["temporarily_unavailable<b>"], ["state-1"]) == (query["error"], query["state"])
    assert "code" not in query
    assert "code=" in await ScriptedAdmin(http).approve(_url(authorize_query), portal_id)


async def _granted(
    http: httpx2.AsyncClient, portal_id: int, query: Query, client_form: dict[str, str]
) -> dict[str, str]:
    """The tokens of one more install, without PKCE."""
    plain = {name: value for name, value in query.items() if not name.startswith("code_challenge")}
    location = await ScriptedAdmin(http).approve(_url(plain), portal_id)
    code = parse_qs(urlsplit(location).query)["code"][0]
    form = {"grant_type": "authorization_code", "redirect_uri": plain["redirect_uri"], "code": code}
    tokens: dict[str, str] = (await http.post("/oauth/2026-09/token", data=client_form | form)).json()
    return tokens
