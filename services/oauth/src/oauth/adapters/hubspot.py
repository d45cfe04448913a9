"""HubSpot, by the client library: its errors become ours, by a table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pydantic import SecretStr

import hubspot_client
from chassis.metrics import Metrics
from hubspot_client import OAuthClient, authorize_url
from oauth.errors import AppRejectedError, CodeRejectedError, GrantRevokedError, HubSpotAwayError, HubSpotError
from oauth.models import CONDITIONAL_SCOPES, REQUIRED_SCOPES, Grant, Introspection, TokenField, Tokens

_ERRORS: Final[dict[type[hubspot_client.HubSpotError], type[HubSpotError]]] = {
    hubspot_client.CodeRejectedError: CodeRejectedError,
    hubspot_client.GrantRevokedError: GrantRevokedError,
    hubspot_client.AppRejectedError: AppRejectedError,
}
"""The refusals; everything else is temporary, for nothing else says anything about us or the account."""


class HubSpotOAuth:
    """Speaks to HubSpot's OAuth for one app.

    Args:
        client: the token routes.
        app_url: where consent is given.
        client_id: the app's.
        redirect_uri: our callback, exactly as it is configured in the app.
        metrics: counts refreshes.
    """

    def __init__(
        self, client: OAuthClient, *, app_url: str, client_id: str, redirect_uri: str, metrics: Metrics
    ) -> None:
        self._client, self._metrics = client, metrics
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
        with _translated():
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
            with _translated():
                granted = await self._client.refresh(refresh_token.get_secret_value())
        except HubSpotError as error:
            self._metrics.count("token_refreshes", outcome=_OUTCOMES[type(error)])
            raise
        self._metrics.count("token_refreshes", outcome="refreshed")
        return _tokens(granted)

    async def introspect(self, token: SecretStr, kind: TokenField) -> Introspection:
        """What HubSpot says of a token.

        Raises:
            GrantRevokedError, AppRejectedError, HubSpotAwayError: it did not say.
        """
        with _translated():
            told = await self._client.introspect(token.get_secret_value(), kind)
        return Introspection(told.active, told.hub_id, told.scopes)


_OUTCOMES: Final[dict[type[HubSpotError], str]] = {
    GrantRevokedError: "revoked",
    AppRejectedError: "not_configured",
    HubSpotAwayError: "unavailable",
    CodeRejectedError: "unavailable",
}


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except hubspot_client.HubSpotError as error:
        kind = _ERRORS.get(type(error))
        if kind is None:
            raise HubSpotAwayError(str(error), retry_after_seconds=error.retry_after_seconds) from error
        raise kind(str(error)) from error


def _tokens(granted: hubspot_client.TokenGrant) -> Tokens:
    return Tokens(granted.access_token, granted.refresh_token, granted.expires_at)
