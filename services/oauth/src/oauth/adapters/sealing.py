"""Sealing by AES-256-GCM (NIST SP 800-38D), with a key ring in a file that is re-read when it changes."""

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import AfterValidator, Field, SecretStr, model_validator

from chassis.randomness import Randomness
from chassis.settings import Secrets
from oauth.errors import SealBrokenError, SealKeyMissingError
from oauth.models import Sealed, SealPlace

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""96 bits, drawn anew for each sealing: with random nonces a key is good for 2^32 sealings."""


def _is_key(value: SecretStr) -> SecretStr:
    try:
        key = base64.b64decode(value.get_secret_value(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("a key is 32 bytes in base64")
    return value


KeyId = Annotated[str, Field(min_length=1, max_length=100)]
Key = Annotated[SecretStr, AfterValidator(_is_key)]


class KeyRing(Secrets):
    """What a key ring file holds.

    Attributes:
        current: id of the key that seals.
        keys: by id, 32 bytes in base64; every one of them opens.
    """

    current: KeyId
    keys: Mapping[KeyId, Key]

    @model_validator(mode="after")
    def _holds_the_current_key(self) -> Self:
        if self.current not in self.keys:
            raise ValueError("the current key is not in the ring")
        return self


class AesGcmSealer:
    """Seals under one key of the ring, and opens with whichever key sealed.

    Args:
        ring: asked each time.
        randomness: for nonces.
        sealing_key: the id of the key to seal with; the ring's current one unless others have to have it first.
    """

    def __init__(
        self, ring: Callable[[], KeyRing], randomness: Randomness, sealing_key: Callable[[], str] | None = None
    ) -> None:
        self._ring, self._randomness = ring, randomness
        self._sealing_key = sealing_key or (lambda: ring().current)

    def seal(self, token: SecretStr, place: SealPlace) -> Sealed:
        """Encrypt for one place.

        Raises:
            NotLoadedError: the key ring was never readable.
        """
        key_id = self._sealing_key()
        nonce = self._randomness.bytes(NONCE_BYTES)
        ciphertext = self._cipher(key_id).encrypt(nonce, token.get_secret_value().encode(), _associated_data(place))
        return Sealed(key_id, nonce, ciphertext)

    def open(self, sealed: Sealed, place: SealPlace) -> SecretStr:
        """Decrypt at one place.

        Raises:
            SealBrokenError: it was not sealed for this place, or was changed.
            SealKeyMissingError: its key is not in the ring.
            NotLoadedError: the key ring was never readable.
        """
        try:
            opened = self._cipher(sealed.key_id).decrypt(sealed.nonce, sealed.ciphertext, _associated_data(place))
        except (InvalidTag, ValueError) as error:  # ValueError: a nonce of a length that GCM does not take
            raise SealBrokenError from error
        return SecretStr(opened.decode())

    def _cipher(self, key_id: str) -> AESGCM:
        key = self._ring().keys.get(key_id)
        if key is None:
            raise SealKeyMissingError(key_id)
        return _cipher_of(key)


@lru_cache(maxsize=8)
def _cipher_of(key: SecretStr) -> AESGCM:
    return AESGCM(base64.b64decode(key.get_secret_value()))


def _associated_data(place: SealPlace) -> bytes:
    return f"{place.portal_id}:{place.generation}:{place.field}".encode()
