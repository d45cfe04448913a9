"""The states that a browser carries while it is at HubSpot: signed, so that nobody can plant one."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import jwt
from pydantic import BaseModel, SecretStr, ValidationError

_ALGORITHM: Final = "HS256"


class _Claims(BaseModel):
    state: str
    exp: int


class JwtStateSigner:
    """Signs states as compact JWTs (RFC 7519); two secrets are valid while they are rotated.

    Args:
        secrets: asked each time; the first one signs.
    """

    def __init__(self, secrets: Callable[[], Sequence[SecretStr]]) -> None:
        self._secrets = secrets

    def sign(self, state: str, expires_at: datetime) -> str:
        """A cookie value that says the state is ours until then."""
        claims = {"state": state, "exp": int(expires_at.timestamp())}
        return jwt.encode(claims, _key(self._secrets()[0]), algorithm=_ALGORITHM)

    def read(self, value: str, now: datetime) -> str | None:
        """The state that a cookie value carries; none unless it is signed by us and has not expired."""
        for secret in self._secrets():
            try:
                claims = _Claims.model_validate(
                    jwt.decode(value, _key(secret), algorithms=[_ALGORITHM], options={"verify_exp": False})
                )
            except (jwt.PyJWTError, ValidationError):
                continue
            return claims.state if claims.exp > now.timestamp() else None
        return None


def _key(secret: SecretStr) -> bytes:
    return hashlib.sha256(b"state cookie:" + secret.get_secret_value().encode()).digest()
