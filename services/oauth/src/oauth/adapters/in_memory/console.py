"""The console's login played in memory: it signs sessions, and serves the key set that verifies them."""

import json
from datetime import timedelta

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from chassis.clock import Clock
from oauth.models import Project

KEY_SET_URL = "https://console.test/.well-known/jwks.json"
ISSUER = "https://console.test"
AUDIENCE = "chert-hubspot"
SESSION_SECONDS = 3600


class InMemoryConsole:
    """One issuer of sessions, and the transport that its key set is fetched through.

    Attributes:
        fetches: how often the key set was asked for.
        away: makes it refuse connections.
        answer: what it serves in place of its key set.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.fetches = 0
        self.away = False
        self.answer: httpx2.Response | None = None
        self.rotate_key("first")

    def rotate_key(self, key_id: str) -> None:
        """Sign with a new key from now on; the former one leaves the key set."""
        self._key, self._key_id = generate_private_key(SECP256R1()), key_id

    def session(self, user_id: str, *projects: Project, **claims: object) -> str:
        """A session of a user; a claim that is given replaces the usual one, and none leaves it out."""
        now = self._clock.now()
        usual = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id,
            "email": f"{user_id}@example.test",
            "name": user_id.title(),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=SESSION_SECONDS)).timestamp()),
            "projects": [{"id": one.id, "name": one.name, "tenant": one.chert_tenant} for one in projects],
        }
        chosen = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(chosen, self._key, algorithm="ES256", headers={"kid": self._key_id})

    def client(self) -> httpx2.AsyncClient:
        """A client whose every request comes here."""
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._serve))

    def _serve(self, request: httpx2.Request) -> httpx2.Response:
        self.fetches += 1
        if self.away:
            raise httpx2.ConnectError("nobody listens", request=request)
        public = json.loads(ECAlgorithm.to_jwk(self._key.public_key()))
        keys = [{"kty": "RSA", "kid": "other"}, {**public, "kid": self._key_id, "alg": "ES256", "use": "sig"}]
        return self.answer or httpx2.Response(200, json={"keys": keys})
