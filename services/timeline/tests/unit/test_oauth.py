"""Access tokens: asked for once, kept while they are good, never beyond."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from pydantic import SecretStr

from chassis.clock import ManualClock
from chassis.settings import NotLoadedError
from chassis.sisters import Sister
from contracts.failures import REGISTRY, Code, Failure
from timeline.adapters.oauth import OAuthAccessTokens
from timeline.errors import AccountChangedError, AccountError, AccountInactiveError, AccountUnreachableError

PORTAL = 62515


class OAuth:
    """What `oauth` answers; without a refusal a new token that ends in half an hour."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.requests: list[httpx2.Request] = []
        self.refusal: Code | None = None
        self.generation = 1

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """One answer."""
        self.requests.append(request)
        if self.refusal is not None:
            registered = REGISTRY[self.refusal]
            body = Failure(
                error="no",
                code=self.refusal,
                message=registered.message,
                retryable=registered.retryable,
                trace_id="0" * 32,
            )
            return httpx2.Response(registered.status, json=body.model_dump())
        if request.url.path.endswith("/doubts"):
            return httpx2.Response(200, json={"status": "active"})
        token = {"access_token": f"token-{len(self.requests)}", "expires_at": "2026-11-22T12:30:00Z"}
        return httpx2.Response(200, json={**token, "generation": self.generation})


@pytest.fixture
def oauth(clock: ManualClock) -> OAuth:
    """The sister."""
    return OAuth(clock)


@pytest.fixture
async def tokens(oauth: OAuth, clock: ManualClock) -> AsyncIterator[OAuthAccessTokens]:
    """Tokens from there."""
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(oauth)) as client:
        yield OAuthAccessTokens(Sister("http://oauth", lambda: SecretStr("credential"), client), clock)


async def test_a_token_is_asked_for_with_our_credential(tokens: OAuthAccessTokens, oauth: OAuth) -> None:
    """The declared route is called with the service credential."""
    assert "token-1" == await tokens(PORTAL)

    [request] = oauth.requests
    assert ("POST", f"/internal/tenants/{PORTAL}/access-token") == (request.method, request.url.path)
    assert "Bearer credential" == request.headers["authorization"]


async def test_a_token_is_kept_until_its_last_minute(
    tokens: OAuthAccessTokens, oauth: OAuth, clock: ManualClock
) -> None:
    """An outage of `oauth` becomes lag only when the token has less than a minute left."""
    await tokens(PORTAL)
    clock.advance(29 * 60 - 1)
    assert "token-1" == await tokens(PORTAL)
    clock.advance(1)

    assert "token-2" == await tokens(PORTAL)


async def test_many_who_wait_ask_once(tokens: OAuthAccessTokens, oauth: OAuth) -> None:
    """However many need a token at the same time, `oauth` is asked once; one who gives up stops nobody."""
    waiting = [asyncio.create_task(tokens(PORTAL)) for _ in range(50)]
    await asyncio.sleep(0)
    waiting.pop().cancel()

    assert {"token-1"} == set(await asyncio.gather(*waiting))
    assert 1 == len(oauth.requests)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (Code.TENANT_NOT_FOUND, AccountInactiveError),
        (Code.NOT_CONNECTED, AccountInactiveError),
        (Code.BAD_SIGNATURE, AccountUnreachableError),
        (Code.UNAVAILABLE, AccountUnreachableError),
    ],
)
async def test_a_refusal_is_about_the_account_or_about_us(
    tokens: OAuthAccessTokens, oauth: OAuth, code: Code, kind: type[AccountError]
) -> None:
    """Only "not connected" says something of the account; anything else is tried again, and nothing is remembered."""
    oauth.refusal = code
    with pytest.raises(kind):
        await tokens(PORTAL)

    oauth.refusal = None
    assert "token-2" == await tokens(PORTAL)


async def test_a_credential_that_is_not_loaded_is_a_temporary_fault(clock: ManualClock, oauth: OAuth) -> None:
    """Without our credential nobody can be asked, which says nothing of the account."""

    def not_loaded() -> SecretStr:
        raise NotLoadedError("absent")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(oauth)) as client:
        with pytest.raises(AccountUnreachableError):
            await OAuthAccessTokens(Sister("http://oauth", not_loaded, client), clock)(PORTAL)


async def test_a_token_that_is_no_good_is_told(tokens: OAuthAccessTokens, oauth: OAuth) -> None:
    """Before another token is asked for, `oauth` hears once that HubSpot refused the last; it asks about the grant."""
    await tokens(PORTAL)
    tokens.forget(PORTAL, doubt=True)
    await tokens(PORTAL)
    tokens.forget(PORTAL)
    await tokens(PORTAL)

    told = [request.url.path.rpartition("/")[2] for request in oauth.requests]
    assert ["access-token", "doubts", "access-token", "access-token"] == told


async def test_a_token_of_a_former_install_is_not_used(tokens: OAuthAccessTokens, oauth: OAuth) -> None:
    """Once another install is expected, a token that is kept from before is asked for anew, long as it may live."""
    await tokens(PORTAL)
    oauth.generation = 2
    tokens.expect(PORTAL, 2)

    assert ["token-2", "token-2"] == [await tokens(PORTAL), await tokens(PORTAL)]


async def test_a_token_of_another_install_than_expected_is_not_given(tokens: OAuthAccessTokens, oauth: OAuth) -> None:
    """Whoever works under an install that is over, or is not known here yet, gets no token."""
    tokens.expect(PORTAL, 1)
    oauth.generation = 2
    with pytest.raises(AccountChangedError):
        await tokens(PORTAL)

    tokens.expect(PORTAL, 2)
    assert "token-1" == await tokens(PORTAL)
