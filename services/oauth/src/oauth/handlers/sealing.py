"""Tokens at rest: each sealed for its account, generation and field, and opened only there."""

from pydantic import SecretStr

from oauth.errors import TenantInactiveError
from oauth.models import Departure, Installation, SealedTokens, SealPlace, TokenField, Tokens
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
    return _opened(installation.tokens, installation, field, sealer)


def open_departing(
    installation: Installation, departure: Departure, field: TokenField, sealer: TokenSealer
) -> SecretStr:
    """One of the tokens that a departure still needs.

    Raises:
        SealError: it cannot be opened.
    """
    return _opened(departure.tokens, installation, field, sealer)


def seal_anew(sealed: SealedTokens, installation: Installation, sealer: TokenSealer) -> SealedTokens:
    """The same tokens under the key that seals now.

    Raises:
        SealError: they cannot be opened.
    """
    tokens = Tokens(
        _opened(sealed, installation, "access_token", sealer),
        _opened(sealed, installation, "refresh_token", sealer),
        sealed.expires_at,
    )
    return seal_tokens(tokens, installation.portal_id, installation.generation, sealer)


def _opened(tokens: SealedTokens, installation: Installation, field: TokenField, sealer: TokenSealer) -> SecretStr:
    sealed = tokens.access_token if field == "access_token" else tokens.refresh_token
    return sealer.open(sealed, SealPlace(installation.portal_id, installation.generation, field))
