"""What HubSpot grants: scopes, tokens, and tokens at rest."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from pydantic import SecretStr

REQUIRED_SCOPES: Final = (
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
)
"""Without any of these an install is refused (chert-contract.md, section 2.2)."""

CONDITIONAL_SCOPES: Final = ("automation",)
"""Asked for, but an account that cannot grant these is installed all the same."""

TokenField = Literal["access_token", "refresh_token"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token, when it ends, and the refresh token that lives until uninstall or revocation."""

    access_token: SecretStr
    refresh_token: SecretStr
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """What HubSpot gave for a code; it may leave out which account it is for and what was granted."""

    tokens: Tokens
    portal_id: int | None
    scopes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class AccountGrant:
    """A grant of which account and scopes are known."""

    tokens: Tokens
    portal_id: int
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Introspection:
    """What HubSpot says of a token; of one that is not active it says nothing more."""

    active: bool
    portal_id: int | None = None
    scopes: tuple[str, ...] | None = None
    hub_domain: str | None = None


@dataclass(frozen=True, slots=True)
class SealPlace:
    """Where a sealed token belongs; opened anywhere else, it stays shut."""

    portal_id: int
    generation: int
    field: TokenField


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphertext with the id of its key and its nonce."""

    key_id: str
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class SealedTokens:
    """An installation's tokens at rest; `expires_at` is the access token's."""

    access_token: Sealed
    refresh_token: Sealed
    expires_at: datetime
