"""HubSpot's OAuth, by the client library."""

from typing import Final

from pydantic import SecretStr

import hubspot_client
from chassis.metrics import Metrics
from hubspot_client import HubSpotClient, HubSpotConnection, OAuthClient, authorize_url
from oauth.adapters.hubspot.errors import translated
from oauth.errors import AppRejectedError, GrantRevokedError, HubSpotError
from oauth.models import CONDITIONAL_SCOPES, REQUIRED_SCOPES, Grant, Introspection, TokenField, Tokens


class HubSpotOAuth:
    """Speaks to HubSpot's OAuth for one app.

    Args:
        client: the token routes.
        connection: the other routes.
        app_url: where consent is given.
        client_id: the app's.
        redirect_uri: our callback, exactly as it is configured in the app.
        metrics: counts refreshes.
    """

    def __init__(
        self,
        client: OAuthClient,
        connection: HubSpotConnection,
        *,
        app_url: str,
        client_id: str,
        redirect_uri: str,
        metrics: Metrics,
    ) -> None:
        self._client, self._connection, self._metrics = client, connection, metrics
        self._app_url, self._client_id, self._redirect_uri = app_url, client_id, redirect_uri

    def authorize_url(self, state: str, code_verifier: SecretStr | None) -> str:
        """Where the browser goes for consent."""
        challenge = None if code_verifier is None else hubspot_client.pkce_challenge(code_verifier.get_secret_value())
        return authorize_url(
            self._app_url,
            client_id=self._client_id,
            redirect_uri=self._redirect_uri,
            scopes=REQUIRED_SCOPES,
            optional_scopes=CONDITIONAL_SCOPES,
            state=state,
            code_challenge=challenge,
        )

    async def exchange_code(self, code: SecretStr, code_verifier: SecretStr | None) -> Grant:
        """Tokens for an authorization code.

        Raises:
            HubSpotError: any leaf.
        """
        verifier = None if code_verifier is None else code_verifier.get_secret_value()
        with translated():
            granted = await self._client.exchange_code(
                code.get_secret_value(), redirect_uri=self._redirect_uri, code_verifier=verifier
            )
        return Grant(_tokens(granted), granted.hub_id, granted.scopes)

    async def refresh(self, refresh_token: SecretStr) -> Tokens:
        """New tokens for a refresh token.

        Raises:
            GrantRevokedError, AppRejectedError, HubSpotAwayError: there are none.
        """
        try:
            with translated():
                granted = await self._client.refresh(refresh_token.get_secret_value())
        except HubSpotError as error:
            self._metrics.count("token_refreshes", outcome=_OUTCOMES.get(type(error), "unavailable"))
            raise
        self._metrics.count("token_refreshes", outcome="refreshed")
        return _tokens(granted)

    async def introspect(self, token: SecretStr, kind: TokenField) -> Introspection:
        """What HubSpot says of a token.

        Raises:
            GrantRevokedError, AppRejectedError, HubSpotAwayError: it did not say.
        """
        with translated():
            told = await self._client.introspect(token.get_secret_value(), kind)
        return Introspection(told.active, told.hub_id, told.scopes, told.hub_domain)

    async def uninstall(self, portal_id: int, access_token: SecretStr) -> None:
        """Remove the app from an account; every token of it dies.

        Raises:
            AccessTokenRefusedError: the token is not taken.
            HubSpotAwayError: it may or may not have been done.
        """
        with translated():
            await client_with(self._connection, access_token).uninstall(portal_id)

    async def revoke(self, refresh_token: SecretStr) -> None:
        """Make a refresh token worthless.

        Raises:
            GrantRevokedError: it is already.
            AppRejectedError, HubSpotAwayError: it may or may not have been done.
        """
        with translated():
            await self._client.revoke(refresh_token.get_secret_value(), "refresh_token")


def client_with(connection: HubSpotConnection, access_token: SecretStr) -> HubSpotClient:
    """HubSpot, called with one access token."""

    async def the_token(portal_id: int) -> str:  # noqa: ARG001 - the client names the account, the token is its own
        return access_token.get_secret_value()

    return HubSpotClient(connection, the_token)


_OUTCOMES: Final[dict[type[HubSpotError], str]] = {
    GrantRevokedError: "revoked",
    AppRejectedError: "not_configured",
}
"""Of refreshes that failed; whatever else it is, there is no token now."""


def _tokens(granted: hubspot_client.TokenGrant) -> Tokens:
    return Tokens(granted.access_token, granted.refresh_token, granted.expires_at)
