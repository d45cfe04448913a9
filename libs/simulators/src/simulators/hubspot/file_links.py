"""Presigned links to the journal's files: whoever has one can read the file until it expires (contract 3.3)."""

import hashlib
import hmac
import secrets

from simulators.clock import Clock
from simulators.hubspot.errors import ApiError

# The contract shows `expiresAt` and no figure.
LIFETIME_SECONDS = 300


class FileLinks:
    """Makes the secret part of links, and checks it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def expiry(self) -> int:
        """When a link made now ends, in Unix seconds."""
        return int(self._clock.now()) + LIFETIME_SECONDS

    def token(self, offset: str, expires: int) -> str:
        """The link's signature over the file it opens and its end."""
        return hmac.new(self._key, f"{offset}:{expires}".encode(), hashlib.sha256).hexdigest()

    def check(self, offset: str, expires: int, token: str) -> None:
        """Admit a link that this server made and that has not ended.

        Raises:
            ApiError: It is neither (403).
        """
        genuine = hmac.compare_digest(self.token(offset, expires).encode(), token.encode())
        if not genuine or self._clock.now() >= expires:
            raise ApiError(403, "FORBIDDEN", "Request has expired, or its signature does not match")
