"""Speaking to HubSpot: what we send, and what its answers mean to us."""

from collections.abc import Callable
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from chassis.clock import ManualClock
from chassis.metrics import Metrics
from hubspot_client import (
    AppTokens,
    HubSpotConnection,
    JournalClient,
    OAuthClient,
    pkce_challenge,
)
from hubspot_client.errors import HubSpotError as ClientError
from hubspot_client.testing import ScriptedTransport
from oauth.adapters.hubspot import HubSpotAccounts, HubSpotJournal, HubSpotOAuth
from oauth.adapters.hubspot.accounts import FRESH_SECONDS
from oauth.adapters.hubspot.journal import TRIES
from oauth.errors import (
    AccessTokenRefusedError,
    AppRejectedError,
    CodeRejectedError,
    GrantRevokedError,
    HubSpotAwayError,
    HubSpotError,
    JournalOffsetLostError,
)
from oauth.models import AccountDetails, Introspection

TOKENS = {
    "access_token": "access",
    "refresh_token": "na1-refresh",
    "expires_in": 1800,
    "token_type": "bearer",
    "hub_id": 62515,
    "scopes": ["oauth"],
}
REDIRECT_URI = "https://chert.test/api/hubspot/oauth/callback"

Speak = Callable[..., tuple[HubSpotOAuth, ScriptedTransport, Metrics]]


@pytest.fixture
def speak(clock: ManualClock) -> Speak:
    """An adapter on a scripted HubSpot."""

    def begin(*answers: httpx2.Response | Exception) -> tuple[HubSpotOAuth, ScriptedTransport, Metrics]:
        transport, metrics = ScriptedTransport(answers), Metrics()
        connection = HubSpotConnection("https://api.hubapi.test", transport=transport)
        client = OAuthClient(
            connection,
            client_id="client",
            client_secret=lambda: "client-secret",
            now=clock.now,
        )
        adapter = HubSpotOAuth(
            client,
            connection,
            app_url="https://app.hubspot.test",
            client_id="client",
            redirect_uri=REDIRECT_URI,
            metrics=metrics,
        )
        return adapter, transport, metrics

    return begin


def test_the_authorize_url_holds_what_hubspot_needs(speak: Speak) -> None:
    """Client, our one redirect address, scopes, state and the S256 challenge; the verifier stays here."""
    hubspot, _, _ = speak()
    url = hubspot.authorize_url("the-state", SecretStr("v" * 43))

    assert url.startswith("https://app.hubspot.test/oauth/authorize?")
    assert {
        "client_id": ["client"],
        "redirect_uri": [REDIRECT_URI],
        "scope": ["oauth crm.objects.contacts.read crm.objects.contacts.write crm.schemas.contacts.read"],
        "optional_scope": ["automation"],
        "state": ["the-state"],
        "code_challenge": [pkce_challenge("v" * 43)],
        "code_challenge_method": ["S256"],
    } == parse_qs(urlsplit(url).query)


def test_pkce_can_be_off(speak: Speak) -> None:
    """Without a verifier no challenge is sent."""
    hubspot, _, _ = speak()

    assert "code_challenge" not in hubspot.authorize_url("the-state", None)


async def test_a_code_is_exchanged_with_its_verifier(speak: Speak) -> None:
    """Code, verifier and the same redirect address go out, and the grant comes back whole."""
    hubspot, transport, _ = speak(httpx2.Response(200, json=TOKENS))
    grant = await hubspot.exchange_code(SecretStr("the-code"), SecretStr("the-verifier"))
    sent = dict(parse_qsl(transport.requests[0].content.decode()))

    assert ("the-code", "the-verifier", REDIRECT_URI) == (sent["code"], sent["code_verifier"], sent["redirect_uri"])
    assert (62515, ("oauth",)) == (grant.portal_id, grant.scopes)
    assert "access" == grant.tokens.access_token.get_secret_value()
    assert "na1-refresh" not in repr(grant)


async def test_an_introspection_is_read(speak: Speak) -> None:
    """What HubSpot says of a token comes back; of a dead one, only that."""
    hubspot, _, _ = speak(
        httpx2.Response(200, json={"active": True, "hub_id": 1, "scopes": ["oauth"]}),
        httpx2.Response(200, json={"active": False}),
    )
    token = SecretStr("token")

    assert Introspection(active=True, portal_id=1, scopes=("oauth",)) == await hubspot.introspect(
        token, "refresh_token"
    )
    assert Introspection(active=False) == await hubspot.introspect(token, "refresh_token")


@pytest.mark.parametrize(
    ("answer", "expected", "outcome"),
    [
        (httpx2.Response(400, json={"status": "BAD_REFRESH_TOKEN"}), GrantRevokedError, "revoked"),
        (httpx2.Response(400, json={"error": "invalid_grant"}), GrantRevokedError, "revoked"),
        (httpx2.Response(403, json={"status": "BAD_HUB"}), GrantRevokedError, "revoked"),
        (httpx2.Response(400, json={"status": "BAD_CLIENT_SECRET"}), AppRejectedError, "not_configured"),
        (httpx2.Response(400, json={"status": "SOMETHING_NEW"}), AppRejectedError, "not_configured"),
        (httpx2.Response(429, json={"status": "RATE_LIMIT"}), HubSpotAwayError, "unavailable"),
        (httpx2.Response(500, json={"status": "BAD_REFRESH_TOKEN"}), HubSpotAwayError, "unavailable"),
        (httpx2.Response(200, text="<html>"), HubSpotAwayError, "unavailable"),
        (httpx2.Response(200, json={"access_token": "a"}), HubSpotAwayError, "unavailable"),
        (httpx2.ConnectError("refused"), HubSpotAwayError, "unavailable"),
        (httpx2.ReadTimeout("slow"), HubSpotAwayError, "unavailable"),
    ],
)
async def test_a_refresh_that_fails_is_told_by_kind(
    speak: Speak, answer: httpx2.Response | Exception, expected: type[HubSpotError], outcome: str
) -> None:
    """Only HubSpot's own refusal of the grant counts against the account; whatever else is ours or temporary."""
    hubspot, _, metrics = speak(answer)

    with pytest.raises(expected):
        await hubspot.refresh(SecretStr("na1-refresh"))

    assert f'token_refreshes_total{{outcome="{outcome}"}} 1.0' in metrics.render().decode()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx2.Response(200, text="<html>busy</html>"), HubSpotAwayError),
        (httpx2.Response(200, text='{"access_token": "a", "refre'), HubSpotAwayError),
        (httpx2.Response(200, json=[]), HubSpotAwayError),
        *[
            (httpx2.Response(200, json={**TOKENS, missing: None}), HubSpotAwayError)
            for missing in ("access_token", "refresh_token", "expires_in")
        ],
        (httpx2.Response(429, text="slow down"), HubSpotAwayError),
        (httpx2.Response(500, json={"status": "BAD_AUTH_CODE"}), HubSpotAwayError),
        (httpx2.Response(503, text=""), HubSpotAwayError),
        (httpx2.Response(302, headers={"location": "https://evil.test"}), HubSpotAwayError),
        (httpx2.ReadTimeout("slow"), HubSpotAwayError),
        (httpx2.RemoteProtocolError("cut off"), HubSpotAwayError),
        (httpx2.Response(400, json={"status": "EXPIRED_AUTH_CODE"}), CodeRejectedError),
        (httpx2.Response(400, json={"status": "BAD_CODE_VERIFIER"}), CodeRejectedError),
        (httpx2.Response(400, json={"status": "BAD_REDIRECT_URI"}), AppRejectedError),
        (httpx2.Response(401, json={"status": "BAD_CLIENT_ID"}), AppRejectedError),
    ],
)
async def test_an_exchange_that_fails_is_told_by_kind(
    speak: Speak, answer: httpx2.Response | Exception, expected: type[HubSpotError]
) -> None:
    """Whatever is no grant is no grant: the code's fault, ours, or time's; and the code is sent once."""
    hubspot, transport, _ = speak(answer)

    with pytest.raises(expected):
        await hubspot.exchange_code(SecretStr("code"), None)

    assert 1 == len(transport.requests)


async def test_an_account_is_left_with_its_own_token(speak: Speak) -> None:
    """The uninstall call carries the token of that account; a token that is not taken says nothing of the grant."""
    hubspot, transport, _ = speak(
        httpx2.Response(204),
        httpx2.Response(401, json={"category": "EXPIRED_AUTHENTICATION", "message": "x", "correlationId": "1"}),
        httpx2.Response(401, json={"category": "INVALID_AUTHENTICATION", "message": "x", "correlationId": "1"}),
        httpx2.Response(500, text="x"),
        httpx2.Response(404, json={}),
    )
    await hubspot.uninstall(62515, SecretStr("the-token"))
    request = transport.requests[0]

    assert ("DELETE", "Bearer the-token") == (request.method, request.headers["authorization"])
    for expected in (AccessTokenRefusedError, AccessTokenRefusedError, HubSpotAwayError, HubSpotAwayError):
        with pytest.raises(expected):
            await hubspot.uninstall(62515, SecretStr("the-token"))


async def test_a_grant_is_revoked_by_its_refresh_token(speak: Speak) -> None:
    """The refresh token goes out in the body, not in the address; one that is dead already is told."""
    hubspot, transport, _ = speak(httpx2.Response(200), httpx2.Response(400, json={"status": "BAD_REFRESH_TOKEN"}))
    await hubspot.revoke(SecretStr("na1-refresh"))
    request = transport.requests[0]

    assert "na1-refresh" not in str(request.url)
    assert "refresh_token" == dict(parse_qsl(request.content.decode()))["token_type_hint"]
    with pytest.raises(GrantRevokedError):
        await hubspot.revoke(SecretStr("na1-refresh"))


async def test_a_rejected_code_is_told(speak: Speak) -> None:
    """A code that HubSpot does not know ends the install, not the account."""
    hubspot, _, _ = speak(httpx2.Response(400, json={"status": "BAD_AUTH_CODE"}))

    with pytest.raises(CodeRejectedError):
        await hubspot.exchange_code(SecretStr("code"), None)


async def test_a_limit_says_when(speak: Speak) -> None:
    """The time that HubSpot asks to wait is passed on."""
    hubspot, _, _ = speak(httpx2.Response(429, headers={"Retry-After": "17"}, json={}))

    with pytest.raises(HubSpotAwayError) as refused:
        await hubspot.refresh(SecretStr("na1-refresh"))

    assert 17 == refused.value.retry_after_seconds


def _leaves(kind: type[Exception]) -> list[type[Exception]]:
    below = kind.__subclasses__()
    return [leaf for one in below for leaf in _leaves(one)] if below else [kind]


@pytest.mark.parametrize("leaf", _leaves(ClientError))
async def test_every_error_of_the_library_is_ours(speak: Speak, leaf: type[ClientError]) -> None:
    """No error of the client library passes through, now or when it gains one."""
    hubspot, _, _ = speak(leaf())

    with pytest.raises(HubSpotError):
        await hubspot.refresh(SecretStr("na1-refresh"))


async def test_an_account_is_described_and_remembered(clock: ManualClock) -> None:
    """Details and the name from introspection are asked for once in some minutes."""
    answers = [
        httpx2.Response(200, json={"portalId": 1, "uiDomain": "app.hubspot.com", "accountType": "STANDARD"}),
        httpx2.Response(200, json={"active": True, "hub_id": 1, "hub_domain": "example.test"}),
    ]
    transport = ScriptedTransport([*answers, *answers])
    connection = HubSpotConnection("https://api.hubapi.test", transport=transport)
    client = OAuthClient(connection, client_id="c", client_secret=lambda: "s", now=clock.now)
    accounts = HubSpotAccounts(connection, client, clock)

    expected = AccountDetails(1, "example.test", "app.hubspot.com", "STANDARD")
    assert expected == await accounts.details(1, SecretStr("t"))
    assert expected == await accounts.details(1, SecretStr("t"))
    assert 2 == len(transport.requests)
    clock.advance(FRESH_SECONDS)
    assert expected == await accounts.details(1, SecretStr("t"))


def journal_on(clock: ManualClock, *answers: httpx2.Response | Exception) -> HubSpotJournal:
    """A journal whose app token is given first."""
    token = httpx2.Response(
        200,
        json={
            "access_token": "app",
            "expires_in": 1800,
            "token_type": "bearer",
            "token_use": "client_credentials",
        },
    )
    connection = HubSpotConnection("https://api.hubapi.test", transport=ScriptedTransport([token, *answers]))
    oauth = OAuthClient(connection, client_id="c", client_secret=lambda: "s", now=clock.now)
    return HubSpotJournal(JournalClient(connection, AppTokens(oauth, now=clock.now)))


def place(offset: str = "page-1") -> httpx2.Response:
    """Where a page lies."""
    return httpx2.Response(200, json={"currentOffset": offset, "expiresAt": "x", "url": "https://files.test/1"})


async def test_uninstalls_are_picked_from_a_page(clock: ManualClock) -> None:
    """Of all events those that say an app was uninstalled; nothing newer is none."""
    event = {"portalId": 1, "occurredAt": "2026-11-22T12:00:00Z", "properties": {"hs_app_id": "7"}}
    page = {"journalEvents": [{**event, "eventTypeId": "4-1916193"}, {**event, "eventTypeId": "4-1909196"}]}
    journal = journal_on(clock, place(), httpx2.Response(200, json=page), httpx2.Response(204))
    read = await journal.next(None)

    assert read is not None
    assert ("page-1", True, [(1, 7)]) == (
        read.offset,
        read.complete,
        [(event.portal_id, event.app_id) for event in read.uninstalls],
    )
    assert await journal.next("page-1") is None


async def test_a_lost_offset_is_told(clock: ManualClock) -> None:
    """HubSpot's 404 for our place is no trouble that passes."""
    with pytest.raises(JournalOffsetLostError):
        await journal_on(clock, httpx2.Response(404, json={})).next("page-1")


async def test_an_unreadable_page_is_passed_over_in_the_end(clock: ManualClock) -> None:
    """It is asked for some times, for a new link may help; then it counts as incomplete."""
    answers = [answer for _ in range(TRIES) for answer in (place(), *[httpx2.Response(403, json={})])]
    journal = journal_on(clock, *answers)
    for _ in range(TRIES - 1):
        with pytest.raises(HubSpotAwayError):
            await journal.next(None)
    page = await journal.next(None)

    assert page is not None
    assert ("page-1", (), False) == (page.offset, page.uninstalls, page.complete)
