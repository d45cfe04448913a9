"""HubSpot's side: consent, grants, the journal, the account itself."""

from typing import Protocol

from pydantic import SecretStr

from oauth.models import AccountDetails, Grant, Introspection, JournalPage, TokenField, Tokens


class AuthorizationServer(Protocol):
    """HubSpot's side of an install."""

    def authorize_url(self, state: str, code_verifier: SecretStr | None) -> str:
        """Where the browser goes for consent."""
        ...

    async def exchange_code(self, code: SecretStr, code_verifier: SecretStr | None) -> Grant:
        """Tokens for an authorization code.

        Raises:
            CodeRejectedError, AppRejectedError, HubSpotAwayError: nothing was granted, as far as is known.
        """
        ...

    async def introspect(self, token: SecretStr, kind: TokenField) -> Introspection:
        """What HubSpot says of a token.

        Raises:
            GrantRevokedError, AppRejectedError, HubSpotAwayError: it did not say.
        """
        ...


class TokenServer(Protocol):
    """HubSpot's side of a grant that exists."""

    async def refresh(self, refresh_token: SecretStr) -> Tokens:
        """New tokens for a refresh token.

        Raises:
            GrantRevokedError: HubSpot refuses the refresh token.
            AppRejectedError, HubSpotAwayError: nothing is known about the grant.
        """
        ...

    async def introspect(self, token: SecretStr, kind: TokenField) -> Introspection:
        """What HubSpot says of a token.

        Raises:
            GrantRevokedError, AppRejectedError, HubSpotAwayError: it did not say.
        """
        ...

    async def uninstall(self, portal_id: int, access_token: SecretStr) -> None:
        """Remove the app from an account; every token of it dies.

        Raises:
            AccessTokenRefusedError: the token is not taken.
            HubSpotAwayError: it may or may not have been done.
        """
        ...

    async def revoke(self, refresh_token: SecretStr) -> None:
        """Make a refresh token worthless.

        Raises:
            GrantRevokedError: it is already.
            AppRejectedError, HubSpotAwayError: it may or may not have been done.
        """
        ...


class UninstallJournal(Protocol):
    """HubSpot's webhooks journal, as far as it tells of uninstalls."""

    async def subscribe(self) -> None:
        """Have uninstalls written there.

        Raises:
            AppRejectedError, HubSpotAwayError: that could not be arranged.
        """
        ...

    async def next(self, offset: str | None) -> JournalPage | None:
        """The page after an offset, or the earliest there is; none when nothing is newer.

        Raises:
            JournalOffsetLostError: HubSpot no longer has what follows the offset.
            AppRejectedError, HubSpotAwayError: it cannot be read.
        """
        ...


class AccountDirectory(Protocol):
    """What HubSpot says of an account that is connected."""

    async def details(self, portal_id: int, access_token: SecretStr) -> AccountDetails:
        """The account's name and where its pages are; a few minutes old at most.

        Raises:
            AccessTokenRefusedError, AppRejectedError, HubSpotAwayError: it cannot be asked with this token.
        """
        ...
