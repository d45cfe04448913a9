"""OAuth 2.0 grants: codes, refresh tokens and access tokens, and when each stops working (contract section 1)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable

from simulators.clock import Clock
from simulators.hubspot.errors import OAuthError
from simulators.hubspot.journal import APP_INSTALLED, APP_UNINSTALLED, Journal
from simulators.hubspot.models import AccessToken, AuthorizationRequest, Grant, Portal
from simulators.hubspot.state import World

ACCESS_TOKEN_SECONDS = 1800
# "A short window" (contract 1.1); HubSpot gives no figure, RFC 6749 at most ten minutes.
CODE_SECONDS = 60
# Refresh tokens begin with the code of the data centre (contract 1.2).
REFRESH_TOKEN_PREFIX = "na1-"  # noqa: S105 - a prefix, no secret
BYTES_OF_A_TOKEN = 32


def new_secret() -> str:
    """A random text that nobody guesses."""
    return secrets.token_urlsafe(BYTES_OF_A_TOKEN)


class Grants:
    """Everything that was granted to the app."""

    def __init__(self, clock: Clock, world: World, journal: Journal, new_token: Callable[[], str] = new_secret) -> None:
        self._clock = clock
        self._world = world
        self._journal = journal
        self._new_token = new_token
        self._codes: dict[str, tuple[AuthorizationRequest, float]] = {}
        self._grants: dict[str, Grant] = {}
        self._access_tokens: dict[str, AccessToken] = {}

    def clear(self) -> None:
        """Forget everything; every token is then unknown."""
        self._codes.clear()
        self._grants.clear()
        self._access_tokens.clear()

    def issue_code(self, request: AuthorizationRequest) -> str:
        """A single-use authorization code for what a user approved."""
        code = self._new_token()
        self._codes[code] = (request, self._clock.now() + CODE_SECONDS)
        return code

    def exchange_code(self, code: str, redirect_uri: str, code_verifier: str | None) -> AccessToken:
        """Turn a code into a grant, which installs the app; the code is used up, whatever comes of it.

        Raises:
            OAuthError: The code is unknown or expired, or the redirect URI or the PKCE verifier is another one.
        """
        request, expires_at = self._codes.pop(code, (None, 0.0))
        if request is None:
            raise OAuthError("BAD_AUTH_CODE", "invalid_grant", "missing or unknown auth code")
        if self._clock.now() >= expires_at:
            raise OAuthError("EXPIRED_AUTH_CODE", "invalid_grant", "auth code has expired")
        if redirect_uri != request.redirect_uri:
            raise OAuthError("BAD_REDIRECT_URI", "invalid_grant", "missing or mismatched redirect uri")
        _check_verifier(request.code_challenge, code_verifier)
        portal = self._world.portal(request.portal_id)
        if portal.install is None:
            self._journal.record(portal.portal_id, APP_INSTALLED)
        self._world.record_install(portal, request.scopes)
        return self._access_token(self._grant(portal, request.scopes))

    def refresh(self, refresh_token: str) -> AccessToken:
        """A new access token; the refresh token stays the same.

        Raises:
            OAuthError: The refresh token is unknown, revoked, or of an account that uninstalled the app.
        """
        grant = self._grants.get(refresh_token)
        if grant is None or not grant.active:
            raise OAuthError("BAD_REFRESH_TOKEN", "invalid_grant", "refresh token is invalid, expired or revoked")
        return self._access_token(grant)

    def issue_app_token(self, scopes: tuple[str, ...]) -> AccessToken:
        """An access token of the app itself (client_credentials)."""
        return self._keep(AccessToken(self._new_token(), self._clock.now() + ACCESS_TOKEN_SECONDS, scopes, None))

    def access_token(self, token: str) -> AccessToken | None:
        """An access token that was issued, whether or not it still works."""
        return self._access_tokens.get(token)

    def live_access_token(self, token: str) -> AccessToken | None:
        """An access token that works now."""
        found = self._access_tokens.get(token)
        return found if found is not None and found.active and found.expires_at > self._clock.now() else None

    def live_grant(self, refresh_token: str) -> Grant | None:
        """The grant behind a refresh token that works now."""
        grant = self._grants.get(refresh_token)
        return grant if grant is not None and grant.active else None

    def revoke(self, token: str) -> None:
        """End a refresh or access token; access tokens issued before live out their time (contract 1.4)."""
        if token in self._grants:
            self._grants[token].active = False
        if token in self._access_tokens:
            self._access_tokens[token].active = False

    def uninstall(self, portal: Portal) -> None:
        """Remove the app from an account: every grant and every access token of it ends now."""
        if portal.install is not None:
            self._journal.record(portal.portal_id, APP_UNINSTALLED)
        portal.install = None
        self.revoke_all(portal)

    def revoke_all(self, portal: Portal) -> None:
        """End every grant and access token of an account now; the app stays among its connected apps."""
        for grant in self._grants.values():
            if grant.portal_id == portal.portal_id:
                grant.active = False
        for token in self._access_tokens.values():
            if token.grant is not None and token.grant.portal_id == portal.portal_id:
                token.active = False

    def _grant(self, portal: Portal, scopes: tuple[str, ...]) -> Grant:
        """A new grant, or the account's living one with other scopes where tokens are switched to be reused."""
        if self._world.switches.reuse_refresh_token:
            for grant in self._grants.values():
                if grant.portal_id == portal.portal_id and grant.active:
                    grant.scopes = scopes
                    return grant
        return self._new_grant(portal, scopes)

    def _new_grant(self, portal: Portal, scopes: tuple[str, ...]) -> Grant:
        grant = Grant(REFRESH_TOKEN_PREFIX + self._new_token(), portal.portal_id, portal.user_id, scopes)
        self._grants[grant.refresh_token] = grant
        return grant

    def _access_token(self, grant: Grant) -> AccessToken:
        return self._keep(AccessToken(self._new_token(), self._clock.now() + ACCESS_TOKEN_SECONDS, grant.scopes, grant))

    def _keep(self, token: AccessToken) -> AccessToken:
        self._access_tokens[token.token] = token
        return token


def _check_verifier(code_challenge: str | None, code_verifier: str | None) -> None:
    """PKCE with S256 (RFC 7636 section 4.6); a verifier without a challenge is refused too (RFC 9700 2.1.1)."""
    if code_challenge is None and code_verifier is None:
        return
    digest = hashlib.sha256((code_verifier or "").encode()).digest()
    computed = base64.urlsafe_b64encode(digest).rstrip(b"=")
    if not hmac.compare_digest(computed, (code_challenge or "").encode()):
        raise OAuthError("BAD_CODE_VERIFIER", "invalid_grant", "missing or mismatched code verifier")
