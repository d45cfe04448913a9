"""HubSpot's OAuth: the authorize URL, and the token routes with their refusals told apart by kind.

Refusals are matched on HubSpot's `status`, then on RFC 6749's `error`, never on words; nothing that is merely
temporary or unreadable ever looks like a revoked grant. Sources: hubspot-contract.md sections 1.1 to 1.4.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal
from urllib.parse import quote, urlencode

from pydantic import Field, SecretStr

from hubspot_client.answers import Answer, Result, ResultType, error_of, is_success, json_object, parsed, slug
from hubspot_client.connection import Call, HubSpotConnection
from hubspot_client.errors import (
    AppRejectedError,
    CodeRejectedError,
    GrantRevokedError,
    HubSpotError,
    MalformedAnswerError,
    RateLimitedError,
    ServerFaultError,
    ThrottledError,
)

TokenKind = Literal["access_token", "refresh_token"]
"""RFC 7662's `token_type_hint`."""

_LONGEST_LIFETIME_SECONDS: Final = 86_400  # HubSpot's access tokens live 1,800

_BY_STATUS: Final[Mapping[str, type[HubSpotError]]] = {
    "BAD_AUTH_CODE": CodeRejectedError,
    "EXPIRED_AUTH_CODE": CodeRejectedError,
    "BAD_CODE_VERIFIER": CodeRejectedError,
    "BAD_REFRESH_TOKEN": GrantRevokedError,
    "BAD_HUB": GrantRevokedError,
    "BAD_CLIENT_ID": AppRejectedError,
    "BAD_CLIENT_SECRET": AppRejectedError,
    "BAD_GRANT_TYPE": AppRejectedError,
    "BAD_REDIRECT_URI": AppRejectedError,
    "BAD_SCOPES": AppRejectedError,
    "RATE_LIMIT": RateLimitedError,
}

# `invalid_grant` means the code when a code was exchanged, and the refresh token when one was used.
_BY_ERROR_OF_CODE: Final[Mapping[str, type[HubSpotError]]] = {
    "invalid_grant": CodeRejectedError,
    "access_denied": GrantRevokedError,
}
_BY_ERROR_OF_REFRESH: Final[Mapping[str, type[HubSpotError]]] = {
    "invalid_grant": GrantRevokedError,
    "access_denied": GrantRevokedError,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGrant:
    """An installed account's tokens. Without `hub_id`, introspect before anything is stored.

    Attributes:
        expires_at: when the access token ends, counted from before it was asked for.
    """

    access_token: SecretStr
    refresh_token: SecretStr
    expires_at: datetime
    hub_id: int | None
    user_id: int | None
    scopes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppGrant:
    """The app's own token, which belongs to no account.

    Attributes:
        expires_at: when the token ends, counted from before it was asked for.
    """

    access_token: SecretStr
    expires_at: datetime


class Introspection(Result):
    """What HubSpot says about a token; of one that is not active it says nothing else."""

    active: bool
    hub_id: int | None = None
    user_id: int | None = None
    user: str | None = Field(default=None, repr=False)
    hub_domain: str | None = None
    scopes: tuple[str, ...] | None = None


class _TokenAnswer(Result):
    access_token: SecretStr = Field(min_length=1)
    refresh_token: SecretStr = Field(min_length=1)
    expires_in: int = Field(gt=0, le=_LONGEST_LIFETIME_SECONDS)
    hub_id: int | None = None
    user_id: int | None = None
    scopes: tuple[str, ...] | None = None

    def granted(self, asked_at: datetime) -> TokenGrant:
        return TokenGrant(
            access_token=self.access_token,
            refresh_token=self.refresh_token,
            expires_at=asked_at + timedelta(seconds=self.expires_in),
            hub_id=self.hub_id,
            user_id=self.user_id,
            scopes=self.scopes,
        )


class _AppTokenAnswer(Result):
    access_token: SecretStr = Field(min_length=1)
    expires_in: int = Field(gt=0, le=_LONGEST_LIFETIME_SECONDS)


def authorize_url(
    app_url: str,
    *,
    client_id: str,
    redirect_uri: str,
    scopes: Sequence[str],
    state: str,
    optional_scopes: Sequence[str] = (),
    code_challenge: str | None = None,
) -> str:
    """Where the browser goes to grant the app its scopes (section 1.1).

    Args:
        app_url: HubSpot's own host, `https://app.hubspot.com` in production.
        client_id: the app's.
        redirect_uri: exactly one of those the app has configured.
        scopes: all that the app marks as required; the page fails without them.
        state: random, single-use, checked on return.
        optional_scopes: dropped silently where the account cannot grant them.
        code_challenge: `pkce_challenge` of the verifier that will be sent with the code.
    """
    parameters = {"client_id": client_id, "redirect_uri": redirect_uri, "scope": " ".join(scopes), "state": state}
    if optional_scopes:
        parameters["optional_scope"] = " ".join(optional_scopes)
    if code_challenge is not None:
        parameters |= {"code_challenge": code_challenge, "code_challenge_method": "S256"}
    return f"{app_url.rstrip('/')}/oauth/authorize?{urlencode(parameters, quote_via=quote)}"


def pkce_challenge(code_verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(code_verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


class OAuthClient:
    """The token routes, on behalf of the app itself."""

    def __init__(
        self,
        connection: HubSpotConnection,
        *,
        client_id: str,
        client_secret: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        """Speak for one app.

        Args:
            connection: where HubSpot is.
            client_id: the app's.
            client_secret: asked at each call, so that a rotated secret counts at once.
            now: the clock, aware.
        """
        self._connection = connection
        self._client_id = client_id
        self._client_secret = client_secret
        self._now = now

    async def exchange_code(self, code: str, *, redirect_uri: str, code_verifier: str | None = None) -> TokenGrant:
        """The tokens for an authorization code; sent once, for a code works once.

        Raises:
            CodeRejectedError: the install must start again.
            HubSpotError: any other leaf.
        """
        form = {"grant_type": "authorization_code", "redirect_uri": redirect_uri, "code": code}
        if code_verifier is not None:
            form["code_verifier"] = code_verifier
        return await self._grant(form, _BY_ERROR_OF_CODE)

    async def refresh(self, refresh_token: str) -> TokenGrant:
        """New tokens for a refresh token; sent once. Store the refresh token that comes back.

        Raises:
            GrantRevokedError: the account has revoked the grant or uninstalled the app.
            HubSpotError: any other leaf; none of them says anything about the grant.
        """
        return await self._grant({"grant_type": "refresh_token", "refresh_token": refresh_token}, _BY_ERROR_OF_REFRESH)

    async def app_token(self, scopes: Sequence[str]) -> AppGrant:
        """A token for the app itself (grant `client_credentials`); sent once.

        Raises:
            AppRejectedError: the credentials or the scopes are refused.
            HubSpotError: any other leaf.
        """
        asked_at = self._now()
        call = self._call(self._connection.paths.token, {"grant_type": "client_credentials", "scope": " ".join(scopes)})
        answer = await self._connection.write(call, partial(_understand, _AppTokenAnswer, {}))
        return AppGrant(access_token=answer.access_token, expires_at=asked_at + timedelta(seconds=answer.expires_in))

    async def introspect(self, token: str, kind: TokenKind) -> Introspection:
        """Whether a token is active and whose it is.

        Raises:
            HubSpotError: any leaf that a read can end with; a revoked token is an answer, not an error.
        """
        call = self._call(self._connection.paths.token_introspect, {"token": token, "token_type_hint": kind})
        return await self._connection.read(call, partial(_understand, Introspection, _BY_ERROR_OF_REFRESH))

    async def revoke(self, token: str, kind: TokenKind) -> None:
        """Revoke a token; access tokens already issued live out their half hour.

        Raises:
            HubSpotError: any leaf; `GrantRevokedError` says that it was revoked already.
        """
        call = self._call(self._connection.paths.token_revoke, {"token": token, "token_type_hint": kind})
        await self._connection.write(call, partial(_accepted, _BY_ERROR_OF_REFRESH))

    async def _grant(self, form: Mapping[str, str], by_error: Mapping[str, type[HubSpotError]]) -> TokenGrant:
        asked_at = self._now()
        call = self._call(self._connection.paths.token, form)
        answer = await self._connection.write(call, partial(_understand, _TokenAnswer, by_error))
        return answer.granted(asked_at)

    def _call(self, path: str, form: Mapping[str, str]) -> Call:
        credentials = {"client_id": self._client_id, "client_secret": self._client_secret()}
        return Call(method="POST", path=path, form={**form, **credentials})


def _understand(model: type[ResultType], by_error: Mapping[str, type[HubSpotError]], answer: Answer) -> ResultType:
    _accepted(by_error, answer)
    return parsed(model, answer)


def _accepted(by_error: Mapping[str, type[HubSpotError]], answer: Answer) -> None:
    """Nothing, when the token route accepted what was sent."""
    if not is_success(answer.status):
        raise _token_error(answer, by_error)


def _token_error(answer: Answer, by_error: Mapping[str, type[HubSpotError]]) -> HubSpotError:
    """The error for a token route's refusal (section 1.3).

    A server fault and being throttled come first: whatever such a body says, it says nothing about the grant.
    """
    general = error_of(answer)
    if isinstance(general, (ServerFaultError, ThrottledError, MalformedAnswerError)):
        return general
    body = json_object(answer.content)
    status, error = slug(body.get("status")), slug(body.get("error"))
    if status is None and error is None:
        return MalformedAnswerError(general.refusal)
    kind = _BY_STATUS.get(status or "") or by_error.get(error or "") or AppRejectedError
    # HubSpot's general envelope says no more than "error" there.
    told = general.category if status == "error" else status
    return kind(replace(general.refusal, category=told or error))
