"""What the handlers need from the outside, each by its role."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pydantic import SecretStr

from contracts.envelope import Event
from contracts.tenants import TenantSnapshot
from oauth.models import (
    Grant,
    GrantCheck,
    Installation,
    InstallState,
    Introspection,
    Lease,
    Sealed,
    SealedTokens,
    SealPlace,
    Session,
    TokenField,
    Tokens,
)


class SessionVerifier(Protocol):
    """Tells who a session token belongs to."""

    async def verify(self, token: str) -> Session:
        """The session of a token.

        Raises:
            SessionInvalidError: forged, expired, or meant for someone else.
            SessionKeysAwayError: it cannot be verified now.
        """
        ...


class StateSigner(Protocol):
    """Signs the states that a browser carries."""

    def sign(self, state: str, expires_at: datetime) -> str:
        """A cookie value that says the state is ours until then."""
        ...

    def read(self, value: str, now: datetime) -> str | None:
        """The state that a cookie value carries; none unless it is signed by us and has not expired."""
        ...


class StateStore(Protocol):
    """Installs under way."""

    async def issue(self, state: InstallState) -> None:
        """Keep a state until it is consumed or expires."""
        ...

    async def consume(self, digest: str, user_id: str, now: datetime) -> InstallState | None:
        """Take the user's state out, at most once ever; none if it is gone, expired, or another user's."""
        ...

    async def purge(self, now: datetime) -> int:
        """Forget expired states; how many there were."""
        ...


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


class TokenSealer(Protocol):
    """Encrypts tokens for one place."""

    def seal(self, token: SecretStr, place: SealPlace) -> Sealed:
        """Encrypt under the current key."""
        ...

    def open(self, sealed: Sealed, place: SealPlace) -> SecretStr:
        """Decrypt.

        Raises:
            SealBrokenError: it was not sealed for this place, or was changed.
            SealKeyMissingError: its key is not in the ring.
        """
        ...


class InstallationStore(Protocol):
    """Installations and what is still to be told of them, in one document each."""

    async def get(self, portal_id: int) -> Installation | None:
        """The installation of an account, active or not."""
        ...

    async def of_projects(self, project_ids: Sequence[str]) -> Sequence[Installation]:
        """Installations bound to these projects, by account id."""
        ...

    async def record(
        self, installation: Installation, event: Event[TenantSnapshot], *, replacing: Installation | None
    ) -> bool:
        """Write an installation and the event that tells of it, at once; false if it no longer is `replacing`.

        "No longer" means that its revision or token version moved; with none, that the account is known already.
        """
        ...

    async def rotate_tokens(self, installation: Installation, tokens: SealedTokens) -> bool:
        """Give it new tokens; false if its revision or token version moved."""
        ...


class GrantCheckStore(Protocol):
    """Doubts about grants, at most one an account."""

    async def raise_doubt(self, check: GrantCheck) -> bool:
        """Note a doubt in place of an older one; false unless the account is active."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[GrantCheck]:
        """Doubts whose time has come, oldest first."""
        ...

    async def settle(self, check: GrantCheck) -> None:
        """Forget this doubt, but not a newer one."""
        ...

    async def postpone(self, check: GrantCheck) -> None:
        """Replace the doubt of the same id, but not a newer one."""
        ...


class LeaseStore(Protocol):
    """Leases, by name."""

    async def current(self, name: str) -> Lease | None:
        """The lease as it lies there."""
        ...

    async def take(self, name: str, holder: str, *, replacing: Lease | None) -> Lease | None:
        """Hold it, one fence higher; none if it no longer is `replacing`."""
        ...

    async def give_back(self, lease: Lease) -> None:
        """Leave it to others, unless it is another's already."""
        ...
