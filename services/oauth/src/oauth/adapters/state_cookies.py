"""The installs under way that a browser carries while it is at HubSpot: sealed, so that nobody can plant or read one.

AES-256-GCM (NIST SP 800-38D) under a key made from a state secret; the nonce stands before the ciphertext.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, SecretStr

from chassis.randomness import Randomness
from oauth.models import InstallState, Start

NONCE_BYTES: Final = 12
_PURPOSE: Final = b"state cookie"
"""Associated data: nothing else that is sealed under the same key is ever taken for one."""


class _Carried(BaseModel):
    """An install, as it is written in a cookie; `exp` in seconds since the epoch."""

    state: str
    project_id: str
    code_verifier: str | None
    start: Start
    exp: int

    def begun(self) -> InstallState:
        """The install."""
        verifier = None if self.code_verifier is None else SecretStr(self.code_verifier)
        return InstallState(self.state, self.project_id, verifier, datetime.fromtimestamp(self.exp, UTC), self.start)


class AesGcmStateSealer:
    """Seals installs under way; two secrets are valid while they are rotated.

    Args:
        secrets: asked each time; the first one seals.
        randomness: for nonces.
    """

    def __init__(self, secrets: Callable[[], Sequence[SecretStr]], randomness: Randomness) -> None:
        self._secrets, self._randomness = secrets, randomness

    def seal(self, begun: InstallState) -> str:
        """A cookie value that nobody else can make, change or read."""
        verifier = None if begun.code_verifier is None else begun.code_verifier.get_secret_value()
        carried = _Carried(
            state=begun.state,
            project_id=begun.project_id,
            code_verifier=verifier,
            start=begun.start,
            exp=int(begun.expires_at.timestamp()),
        )
        nonce = self._randomness.bytes(NONCE_BYTES)
        sealed = _cipher(self._secrets()[0]).encrypt(nonce, carried.model_dump_json().encode(), _PURPOSE)
        return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()  # cookies would need quotes for it

    def open(self, value: str, now: datetime) -> InstallState | None:
        """The install that a cookie value carries; none unless it was sealed by us and has not expired."""
        try:
            sealed = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
        except ValueError:  # binascii's own is one of them
            return None
        for secret in self._secrets():
            carried = _opened(sealed, secret)
            if carried is not None:
                return carried.begun() if carried.exp > now.timestamp() else None
        return None


def _opened(sealed: bytes, secret: SecretStr) -> _Carried | None:
    try:
        return _Carried.model_validate_json(
            _cipher(secret).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _PURPOSE)
        )
    except (InvalidTag, ValueError):  # ValueError: too short for a nonce, or nothing of ours
        return None


@lru_cache(maxsize=8)
def _cipher(secret: SecretStr) -> AESGCM:
    return AESGCM(hashlib.sha256(b"sealed state cookie:" + secret.get_secret_value().encode()).digest())
