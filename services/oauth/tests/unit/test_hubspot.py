"""Speaking to HubSpot: what we send, and what its answers mean to us."""

from collections.abc import Callable
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from chassis.clock import ManualClock
from chassis.metrics import Metrics
from hubspot_client import HubSpotConnection, OAuthClient, pkce_challenge
from hubspot_client.errors import HubSpotError as ClientError
from hubspot_client.testing import ScriptedTransport
from oauth.adapters.hubspot import HubSpotOAuth
from oauth.errors import AppRejectedError, CodeRejectedError, GrantRevokedError, HubSpotAwayError, HubSpotError
from oauth.models import Introspection

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
        client = OAuthClient(
            HubSpotConnection("https://api.hubapi.test", transport=transport),
            client_id="client",
            client_secret=lambda: "client-secret",
            now=clock.now,
        )
        adapter = HubSpotOAuth(
            client, app_url="https://app.hubspot.test", client_id="client", redirect_uri=REDIRECT_URI, metrics=metrics
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
