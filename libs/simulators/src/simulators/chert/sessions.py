"""Console sessions: ES256 tokens, and the key set with which others verify them."""

import base64
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from jwt.algorithms import ECAlgorithm

from simulators.chert.models import ConsoleUser, JsonObject, Tenant

COOKIE = "__Host-chert_session"
LIFETIME_SECONDS = 8 * 3600


class Sessions:
    """Issues session tokens for one issuer and audience, signed with one key."""

    def __init__(self, key: EllipticCurvePrivateKey, *, issuer: str, audience: str) -> None:
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._public: JsonObject = json.loads(ECAlgorithm.to_jwk(key.public_key()))
        self._kid = _thumbprint(self._public)

    def issue(self, user: ConsoleUser, tenants: Iterable[Tenant], now: float) -> str:
        """A session for a user who may see the projects of these tenants."""
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": user.id,
            "email": user.email,
            "name": user.name,
            "iat": int(now),
            "exp": int(now) + LIFETIME_SECONDS,
            "projects": [{"id": one.project_id, "name": one.name, "tenant": one.slug} for one in tenants],
        }
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": self._kid})

    def key_set(self) -> JsonObject:
        """The public key as a JSON Web Key Set (RFC 7517)."""
        return {"keys": [{**self._public, "alg": "ES256", "use": "sig", "kid": self._kid}]}


def session_key(path: Path | None) -> EllipticCurvePrivateKey:
    """The key in this PEM file, which is written when there is none; without a path, a key that ends with the process.

    Raises TypeError when the file holds another kind of key.
    """
    if path is not None and path.exists():
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, EllipticCurvePrivateKey):
            raise TypeError("The session key must be an elliptic-curve key")
        return key
    key = generate_private_key(SECP256R1())
    if path is not None:
        path.touch(mode=0o600)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def _thumbprint(public: JsonObject) -> str:
    """The key's id: its JWK thumbprint (RFC 7638)."""
    canonical = json.dumps({name: public[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
