"""Tokens at rest."""

from typing import Protocol

from pydantic import SecretStr

from oauth.models import Sealed, SealPlace


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
