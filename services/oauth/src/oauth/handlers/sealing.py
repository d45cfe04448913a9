"""Tokens at rest: each sealed for its account, generation and field, and opened only there."""

from pydantic import SecretStr

from oauth.errors import TenantInactiveError
from oauth.models import Installation, SealedTokens, SealPlace, TokenField, Tokens
from oauth.ports import TokenSealer


def seal_tokens(tokens: Tokens, portal_id: int, generation: int, sealer: TokenSealer) -> SealedTokens:
    """Tokens, sealed for their place."""
    return SealedTokens(
        access_token=sealer.seal(tokens.access_token, SealPlace(portal_id, generation, "access_token")),
        refresh_token=sealer.seal(tokens.refresh_token, SealPlace(portal_id, generation, "refresh_token")),
        expires_at=tokens.expires_at,
    )


def open_token(installation: Installation, field: TokenField, sealer: TokenSealer) -> SecretStr:
    """One of an installation's tokens.

    Raises:
        TenantInactiveError: it has none.
        SealError: it cannot be opened.
    """
    if installation.tokens is None:
        raise TenantInactiveError
    sealed = installation.tokens.access_token if field == "access_token" else installation.tokens.refresh_token
    return sealer.open(sealed, SealPlace(installation.portal_id, installation.generation, field))
