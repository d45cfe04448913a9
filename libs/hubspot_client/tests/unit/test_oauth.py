from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hubspot_client import (
    AppRejectedError,
    CodeRejectedError,
    GrantRevokedError,
    HubSpotConnection,
    HubSpotError,
    MalformedAnswerError,
    NotSentError,
    OAuthClient,
    RateLimitedError,
    ServerFaultError,
    authorize_url,
    pkce_challenge,
)
from hubspot_client.testing import ScriptedTransport

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REDIRECT_URI = "https://app.example.test/api/hubspot/oauth/callback"
GRANT = {
    "access_token": "canary-access",
    "refresh_token": "na1-canary-refresh",
    "expires_in": 1800,
    "token_type": "bearer",
    "token_use": "access_token",
    "hub_id": 62515,
    "user_id": 42,
    "scopes": ["oauth", "crm.objects.contacts.read"],
}


@pytest.fixture
def oauth(connection: HubSpotConnection) -> OAuthClient:
    """The token routes of one app, at a fixed time."""
    return OAuthClient(connection, client_id="client", client_secret=lambda: "canary-secret", now=lambda: NOW)


def form_of(request: httpx2.Request) -> dict[str, str]:
    """The request's form."""
    return dict(parse_qsl(request.content.decode(), strict_parsing=True))


def test_the_authorize_url_has_every_parameter() -> None:
    """hubspot-contract.md section 1.1: scopes joined by `%20`, the optional ones apart, PKCE by S256."""
    url = authorize_url(
        "https://app.hubspot.com/",
        client_id="client",
        redirect_uri=REDIRECT_URI,
        scopes=["oauth", "crm.objects.contacts.read"],
        state="st&te",
        optional_scopes=["automation"],
        code_challenge="challenge",
    )

    assert url.startswith("https://app.hubspot.com/oauth/authorize?")
    assert "scope=oauth%20crm.objects.contacts.read" in url
    assert {
        "client_id": ["client"],
        "redirect_uri": [REDIRECT_URI],
        "scope": ["oauth crm.objects.contacts.read"],
        "optional_scope": ["automation"],
        "state": ["st&te"],
        "code_challenge": ["challenge"],
        "code_challenge_method": ["S256"],
    } == parse_qs(urlsplit(url).query, strict_parsing=True)


def test_what_is_not_used_is_not_in_the_authorize_url() -> None:
    """Without optional scopes and PKCE their parameters are absent, not empty."""
    url = authorize_url(
        "https://app.hubspot.com", client_id="client", redirect_uri=REDIRECT_URI, scopes=["oauth"], state="state"
    )

    assert {"client_id", "redirect_uri", "scope", "state"} == set(parse_qs(urlsplit(url).query))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(code=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
async def test_a_form_carries_whatever_a_code_is_made_of(
    oauth: OAuthClient, transport: ScriptedTransport, code: str
) -> None:
    """A form decoded as URLs' parameters are (WHATWG URL, section 5.1) gives the very code."""
    transport.requests.clear()
    transport.steps = [httpx2.Response(200, json=GRANT)]
    await oauth.exchange_code(code, redirect_uri=REDIRECT_URI)
    (request,) = transport.requests
    assert code == form_of(request)["code"]


def test_the_pkce_challenge_is_that_of_the_rfc() -> None:
    """RFC 7636 appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" == pkce_challenge(verifier)


async def test_a_code_is_exchanged_for_tokens(oauth: OAuthClient, transport: ScriptedTransport) -> None:
    """hubspot-contract.md section 1.2: every parameter in the form, and the expiry becomes a moment."""
    transport.steps = [httpx2.Response(200, json=GRANT)]

    grant = await oauth.exchange_code("code", redirect_uri=REDIRECT_URI, code_verifier="verifier")

    request = transport.requests[0]
    assert ("POST", "/oauth/2026-09/token") == (request.method, request.url.path)
    assert b"" == request.url.query
    assert "application/x-www-form-urlencoded" == request.headers["content-type"]
    assert {
        "grant_type": "authorization_code",
        "client_id": "client",
        "client_secret": "canary-secret",
        "redirect_uri": REDIRECT_URI,
        "code": "code",
        "code_verifier": "verifier",
    } == form_of(request)
    assert "canary-access" == grant.access_token.get_secret_value()
    assert "na1-canary-refresh" == grant.refresh_token.get_secret_value()
    assert NOW + timedelta(seconds=1800) == grant.expires_at
    assert (62515, 42) == (grant.hub_id, grant.user_id)
    assert ("oauth", "crm.objects.contacts.read") == grant.scopes


async def test_a_token_is_refreshed(oauth: OAuthClient, transport: ScriptedTransport) -> None:
    """The optional members of the answer may be absent: then introspect."""
    transport.steps = [httpx2.Response(200, json={"access_token": "a", "refresh_token": "r", "expires_in": 1800})]

    grant = await oauth.refresh("na1-canary-refresh")

    assert {
        "grant_type": "refresh_token",
        "client_id": "client",
        "client_secret": "canary-secret",
        "refresh_token": "na1-canary-refresh",
    } == form_of(transport.requests[0])
    assert (None, None, None) == (grant.hub_id, grant.user_id, grant.scopes)


async def test_tokens_never_show_in_a_log(oauth: OAuthClient, transport: ScriptedTransport) -> None:
    """A grant's text hides both tokens."""
    transport.steps = [httpx2.Response(200, json=GRANT)]

    assert "canary" not in repr(await oauth.refresh("na1-canary-refresh"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"status": "BAD_AUTH_CODE"}, CodeRejectedError),
        ({"status": "EXPIRED_AUTH_CODE"}, CodeRejectedError),
        ({"status": "BAD_CODE_VERIFIER"}, CodeRejectedError),
        ({"error": "invalid_grant"}, CodeRejectedError),
        ({"status": "BAD_REDIRECT_URI", "error": "invalid_grant"}, AppRejectedError),
        ({"status": "BAD_CLIENT_ID", "error": "invalid_client"}, AppRejectedError),
        ({"status": "BAD_CLIENT_SECRET"}, AppRejectedError),
        ({"status": "BAD_GRANT_TYPE"}, AppRejectedError),
        ({"status": "BAD_SCOPES"}, AppRejectedError),
        ({"error": "invalid_client"}, AppRejectedError),
        ({"status": "SOMETHING_NEW"}, AppRejectedError),
        ({"status": "BAD_HUB", "error": "access_denied"}, GrantRevokedError),
        ({"status": "RATE_LIMIT"}, RateLimitedError),
    ],
    ids=str,
)
async def test_a_refused_code_has_its_kind(
    oauth: OAuthClient, transport: ScriptedTransport, body: dict[str, str], expected: type[HubSpotError]
) -> None:
    """hubspot-contract.md section 1.3, matched on `status`, then on `error`."""
    transport.steps = [httpx2.Response(400, json=body)]

    with pytest.raises(HubSpotError) as caught:
        await oauth.exchange_code("code", redirect_uri=REDIRECT_URI)

    assert expected is type(caught.value)
    assert next(iter(body.values())) == caught.value.category


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"status": "BAD_REFRESH_TOKEN", "error": "invalid_grant"}, GrantRevokedError),
        (400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}, GrantRevokedError),
        (400, {"error": "invalid_grant"}, GrantRevokedError),
        (400, {"status": "BAD_HUB"}, GrantRevokedError),
        (403, {"status": "BAD_HUB", "error": "access_denied"}, GrantRevokedError),
        (400, {"status": "BAD_CLIENT_SECRET"}, AppRejectedError),
        (401, {"status": "error", "category": "INVALID_AUTHENTICATION"}, AppRejectedError),
        (429, {"status": "BAD_REFRESH_TOKEN"}, RateLimitedError),
        (503, {"status": "BAD_REFRESH_TOKEN", "error": "invalid_grant"}, ServerFaultError),
        (400, {"message": "nothing that names the trouble"}, MalformedAnswerError),
        (403, ["BAD_REFRESH_TOKEN"], MalformedAnswerError),
        (302, {"status": "BAD_REFRESH_TOKEN"}, MalformedAnswerError),
    ],
    ids=str,
)
async def test_a_refused_refresh_has_its_kind(
    oauth: OAuthClient, transport: ScriptedTransport, status: int, body: object, expected: type[HubSpotError]
) -> None:
    """Only a clear word about the grant disconnects anyone; a passing or unreadable trouble never does."""
    transport.steps = [httpx2.Response(status, json=body)]

    with pytest.raises(HubSpotError) as caught:
        await oauth.refresh("na1-canary-refresh")

    assert expected is type(caught.value)
    assert "canary" not in f"{caught.value!r} {caught.value}"


async def test_a_throttled_token_route_says_how_long_to_wait(oauth: OAuthClient, transport: ScriptedTransport) -> None:
    """`RATE_LIMIT` with status 400 has no window of its own; the usual one is waited out."""
    transport.steps = [httpx2.Response(400, json={"status": "RATE_LIMIT"})]

    with pytest.raises(RateLimitedError) as caught:
        await oauth.refresh("refresh")

    assert 10.0 == caught.value.retry_after_seconds


@given(
    status=st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 429, 500, 503]),
    content=st.one_of(
        st.binary(max_size=200),
        st.sampled_from([b"<html>", b'{"access_token":"canary', b"null", b"[]", b"{}", b"[" * 10_000]),
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_answer_of_the_token_route_is_a_typed_error(
    oauth: OAuthClient, transport: ScriptedTransport, status: int, content: bytes
) -> None:
    """HTML, truncated JSON, missing members: a leaf of the tree and never a revoked grant."""
    transport.steps = [httpx2.Response(status, content=content)]

    with pytest.raises(HubSpotError) as caught:
        await oauth.refresh("refresh")

    assert not isinstance(caught.value, GrantRevokedError)


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": ""},
        {"access_token": None},
        {"refresh_token": None},
        {"expires_in": 0},
        {"expires_in": -1},
        {"expires_in": 10**30},
        {"expires_in": "soon"},
        {"hub_id": "canary"},
    ],
    ids=str,
)
async def test_a_grant_that_is_not_whole_is_malformed(
    oauth: OAuthClient, transport: ScriptedTransport, change: dict[str, object]
) -> None:
    """Half a grant is never stored, and the error does not quote it."""
    transport.steps = [httpx2.Response(200, json=GRANT | change)]

    with pytest.raises(MalformedAnswerError) as caught:
        await oauth.refresh("refresh")

    assert "canary" not in repr(caught.value)
    assert None is caught.value.__cause__


async def test_an_exchange_is_sent_once(oauth: OAuthClient, transport: ScriptedTransport) -> None:
    """A code works once: after a lost connection the caller decides."""
    transport.steps = [httpx2.ConnectError("refused"), httpx2.Response(200, json=GRANT)]

    with pytest.raises(NotSentError):
        await oauth.exchange_code("code", redirect_uri=REDIRECT_URI)

    assert 1 == len(transport.requests)


async def test_a_token_is_introspected(oauth: OAuthClient, transport: ScriptedTransport) -> None:
    """hubspot-contract.md section 1.4: a read, so repeated after a server fault."""
    body = {"active": True, "hub_id": 62515, "user_id": 42, "user": "jo@example.com", "scopes": ["oauth"], "app_id": 1}
    transport.steps = [httpx2.Response(502), httpx2.Response(200, json=body)]

    told = await oauth.introspect("na1-canary-refresh", "refresh_token")

    assert (True, 62515, 42, ("oauth",)) == (told.active, told.hub_id, told.user_id, told.scopes)
    assert "/oauth/2026-09/token/introspect" == transport.requests[1].url.path
    assert {
        "token": "na1-canary-refresh",
        "token_type_hint": "refresh_token",
        "client_id": "client",
        "client_secret": "canary-secret",
    } == form_of(transport.requests[1])


async def test_a_revoked_token_is_not_active_and_nothing_else(oauth: OAuthClient, transport: ScriptedTransport) -> None:
    """`{"active": false}` is a whole answer."""
    transport.steps = [httpx2.Response(200, json={"active": False})]

    assert not (await oauth.introspect("refresh", "refresh_token")).active


@pytest.mark.parametrize("status", [200, 204])
async def test_a_token_is_revoked(oauth: OAuthClient, transport: ScriptedTransport, status: int) -> None:
    """The success code of revocation is not documented: any of 2xx will do."""
    transport.steps = [httpx2.Response(status)]

    await oauth.revoke("na1-canary-refresh", "refresh_token")

    assert "/oauth/2026-09/token/revoke" == transport.requests[0].url.path


async def test_a_rotated_client_secret_counts_at_once(
    connection: HubSpotConnection, transport: ScriptedTransport
) -> None:
    """The secret is asked for at each call."""
    secrets = iter(["old", "new"])
    oauth = OAuthClient(connection, client_id="client", client_secret=lambda: next(secrets), now=lambda: NOW)
    transport.steps = [httpx2.Response(200, json=GRANT), httpx2.Response(200, json=GRANT)]

    await oauth.refresh("refresh")
    await oauth.refresh("refresh")

    assert ["old", "new"] == [form_of(request)["client_secret"] for request in transport.requests]
