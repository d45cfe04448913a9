"""Numbers as keyed hashes."""

import hashlib
import hmac
from collections.abc import Callable

from pydantic import SecretStr


class KeyedNumberHash:
    """HMAC-SHA-256 with a key that is never changed: what was hashed under another would no longer be found."""

    def __init__(self, key: Callable[[], SecretStr]) -> None:
        self._key = key

    def __call__(self, number: str) -> str:
        """The hash of a number in E.164, in hexadecimal.

        Raises:
            NotLoadedError: the key is not loaded.
        """
        return hmac.digest(self._key().get_secret_value().encode(), number.encode(), hashlib.sha256).hex()
