"""Console sessions: JWTs in ES256, verified by the console's key set (RFC 7515, 7517, 7519)."""

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

import httpx2
import jwt
from jwt.types import Options
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from chassis.clock import Clock
from chassis.logging import get_log
from oauth.errors import SessionInvalidError, SessionKeysAwayError
from oauth.models import Project, Session

LOG = get_log()

FRESH_SECONDS: Final = 300.0
"""How long a key set is used without asking again; a key taken out of it is trusted at most that long."""

STALE_SECONDS: Final = 3600.0
"""How long it is used while the console cannot be asked."""

RETRY_SECONDS: Final = 5.0
"""The least time between two fetches, whoever sends whatever key ids."""

FETCH_SECONDS: Final = 3.0
"""The longest a fetch may take."""

MAX_KEY_SET_BYTES: Final = 64 * 1024

MAX_TOKEN_CHARACTERS: Final = 8 * 1024
"""More than a browser keeps in a cookie."""

KEPT_TOKENS: Final = 1000
"""Of how many tokens the verification is kept; the one that was not seen for longest goes first."""

_ALGORITHM: Final = "ES256"
_OPTIONS: Final[Options] = {
    "require": ["iss", "aud", "sub", "iat", "exp"],
    # PyJWT compares times with the machine's clock; ours is an argument.
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


class _ProjectClaim(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(min_length=1, max_length=100)]
    name: Annotated[str, Field(max_length=200)]
    tenant: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")]


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore")

    sub: Annotated[str, Field(min_length=1, max_length=200)]
    name: Annotated[str, Field(max_length=200)] = ""
    exp: float
    nbf: float = 0
    projects: tuple[_ProjectClaim, ...]


class _KeySetBody(BaseModel):
    keys: list[JsonValue]


class _KeyClaims(BaseModel):
    """A public key on the curve of ES256 (RFC 7518, section 6.2)."""

    model_config = ConfigDict(extra="ignore")

    kid: str
    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str


class KeySet:
    """The console's public keys, cached: fetched again when old or when an unknown key id comes, but seldom."""

    def __init__(self, url: str, client: httpx2.AsyncClient, clock: Clock) -> None:
        self._url, self._client, self._clock = url, client, clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._away = False
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str) -> jwt.PyJWK:
        """The key of an id.

        Raises:
            SessionInvalidError: the console has no such key.
            SessionKeysAwayError: the console cannot be asked.
        """
        if not self._knows(key_id):
            async with self._fetching:
                await self._fetch_if_due(key_id)
        key = self._keys.get(key_id)
        if key is not None and self._age() <= STALE_SECONDS:
            return key
        if self._away:
            raise SessionKeysAwayError
        raise SessionInvalidError

    def _age(self) -> float:
        return self._clock.monotonic() - self._fetched_at

    def _knows(self, key_id: str) -> bool:
        return key_id in self._keys and self._age() <= FRESH_SECONDS

    async def _fetch_if_due(self, key_id: str) -> None:
        now = self._clock.monotonic()
        if self._knows(key_id) or now - self._tried_at < RETRY_SECONDS:
            return
        self._tried_at = now
        try:
            self._keys = _signing_keys(await self._fetch())
        except (httpx2.HTTPError, TimeoutError, ValueError) as error:
            LOG.warning("session_keys.away", error=type(error).__name__)
            self._away = True
            return
        self._fetched_at, self._away = now, False

    async def _fetch(self) -> bytes:
        content = b""
        async with asyncio.timeout(FETCH_SECONDS), self._client.stream("GET", self._url) as response:
            response.raise_for_status()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_KEY_SET_BYTES:
                    raise ValueError("the key set is too large")
        return content


@dataclass(frozen=True, slots=True)
class _Verified:
    """What a token says that was signed with this key."""

    key_id: str
    key: jwt.PyJWK
    claims: _Claims


class JwtSessionVerifier:
    """Verifies signature, issuer, audience and times of a session token.

    A browser sends the same token again and again. The outcome of a verification is kept, by the token's digest, for
    as long as the key set holds the very key that it was made with; the times are checked each time.
    """

    def __init__(self, keys: KeySet, *, issuer: str, audience: str, clock: Clock) -> None:
        self._keys, self._issuer, self._audience, self._clock = keys, issuer, audience, clock
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    @property
    def kept(self) -> int:
        """Of how many tokens the verification is kept."""
        return len(self._verified)

    async def verify(self, token: str) -> Session:
        """The session of a token.

        Raises:
            SessionInvalidError: forged, expired, or meant for someone else.
            SessionKeysAwayError: it cannot be verified now.
        """
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        claims = await self._known_claims(digest) or await self._verified_claims(digest, token)
        _check_times(claims, self._clock.now())
        projects = tuple(Project(claim.id, claim.name, claim.tenant) for claim in claims.projects)
        return Session(claims.sub, claims.name, projects)

    async def _known_claims(self, digest: bytes) -> _Claims | None:
        """The claims of a token that was verified before, unless its key has left the key set or was replaced."""
        verified = self._verified.get(digest)
        if verified is None or await self._keys.find(verified.key_id) is not verified.key:
            return None
        self._verified.move_to_end(digest)
        return verified.claims

    async def _verified_claims(self, digest: bytes, token: str) -> _Claims:
        key_id = _key_id(token)
        key = await self._keys.find(key_id)
        claims = self._claims(token, key)
        self._verified[digest] = _Verified(key_id, key, claims)
        self._verified.move_to_end(digest)
        if len(self._verified) > KEPT_TOKENS:
            self._verified.popitem(last=False)
        return claims

    def _claims(self, token: str, key: jwt.PyJWK) -> _Claims:
        try:
            decoded = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options=_OPTIONS,
            )
            return _Claims.model_validate(decoded)
        except (jwt.PyJWTError, ValidationError):
            raise SessionInvalidError from None


def _key_id(token: str) -> str:
    """The key id of a token's header, which nothing vouches for yet."""
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise SessionInvalidError
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise SessionInvalidError from None
    key_id = header.get("kid")
    if not isinstance(key_id, str) or header.get("alg") != _ALGORITHM:
        raise SessionInvalidError
    return key_id


def _check_times(claims: _Claims, now: datetime) -> None:
    moment = now.timestamp()
    if not claims.nbf <= moment < claims.exp:
        raise SessionInvalidError


def _signing_keys(content: bytes) -> dict[str, jwt.PyJWK]:
    """The keys of a key set that can verify sessions; others are not ours to judge."""
    keys = {}
    for entry in _KeySetBody.model_validate_json(content).keys:
        try:
            claims = _KeyClaims.model_validate(entry)
            keys[claims.kid] = jwt.PyJWK(claims.model_dump(), algorithm=_ALGORITHM)
        except (ValidationError, jwt.PyJWTError):
            continue
    return keys
