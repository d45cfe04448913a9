"""Who is signed in."""

import asyncio
import base64
import hmac
from datetime import timedelta

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.clock import ManualClock
from oauth.adapters.in_memory import InMemoryConsole
from oauth.adapters.in_memory.console import AUDIENCE, ISSUER, SESSION_SECONDS
from oauth.adapters.sessions import FRESH_SECONDS, KEPT_TOKENS, RETRY_SECONDS, STALE_SECONDS, JwtSessionVerifier
from oauth.errors import SessionInvalidError, SessionKeysAwayError
from oauth.models import Project


async def test_a_session_says_who_and_what(
    sessions: JwtSessionVerifier, console: InMemoryConsole, acme: Project, globex: Project
) -> None:
    """A good token gives the user and their projects with the slugs of Chert's API."""
    session = await sessions.verify(console.session("ada", acme, globex))

    assert ("ada", "Ada", (acme, globex)) == (session.user_id, session.name, session.projects)
    assert globex == session.project(globex.id)
    assert session.project("p-others") is None


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-app"},
        {"aud": None},
        {"iss": "https://evil.test"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"exp": None},
        {"exp": 1},
        {"iat": None},
        {"nbf": 9e12},
        {"projects": None},
        {"projects": [{"id": "p"}]},
        {"projects": [{"id": "p", "name": "P", "tenant": "../other"}]},
    ],
)
async def test_a_session_with_a_wrong_claim_is_none(
    sessions: JwtSessionVerifier, console: InMemoryConsole, acme: Project, claims: dict[str, object]
) -> None:
    """Another audience or issuer, a past expiry, a missing or odd claim: the token is no session."""
    with pytest.raises(SessionInvalidError):
        await sessions.verify(console.session("ada", acme, **claims))


async def test_a_session_ends(
    sessions: JwtSessionVerifier, console: InMemoryConsole, clock: ManualClock, acme: Project
) -> None:
    """A session is good until the second it expires."""
    token = console.session("ada", acme)
    clock.advance(SESSION_SECONDS - 1)
    await sessions.verify(token)
    clock.advance(1)

    with pytest.raises(SessionInvalidError):
        await sessions.verify(token)


def forged(key_id: str = "first", algorithm: str = "ES256", **header: str) -> str:
    """A token by someone who has not got the console's key."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "mallory", "iat": 0, "exp": 9_999_999_999, "projects": []}
    key = {"ES256": generate_private_key(SECP256R1()), "HS256": "x" * 64, "none": None}[algorithm]
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": key_id, **header})


async def test_a_forged_session_is_none(sessions: JwtSessionVerifier) -> None:
    """A token of another key, of another algorithm or of none is refused, and names no key of its own."""
    for token in (forged(), forged(algorithm="HS256"), forged(algorithm="none"), forged(jku="https://evil.test")):
        with pytest.raises(SessionInvalidError):
            await sessions.verify(token)


async def test_a_public_key_is_no_secret_to_sign_with(sessions: JwtSessionVerifier, console: InMemoryConsole) -> None:
    """A token signed by HMAC with the public key's text is refused (RFC 8725, section 2.1)."""
    public = console._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _, claims, _ = console.session("ada").split(".")
    signed = _base64url(b'{"alg": "HS256", "kid": "first"}') + "." + claims
    signature = _base64url(hmac.digest(public, signed.encode(), "sha256"))

    with pytest.raises(SessionInvalidError):
        await sessions.verify(f"{signed}.{signature}")


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(token=st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_-]{0,40}(\.[A-Za-z0-9_-]{0,40}){0,4}", fullmatch=True))
async def test_whatever_comes_is_refused_quietly(sessions: JwtSessionVerifier, token: str) -> None:
    """Any text in place of a token is one typed refusal."""
    with pytest.raises(SessionInvalidError):
        await sessions.verify(token)


async def test_an_oversized_token_is_not_read(sessions: JwtSessionVerifier, console: InMemoryConsole) -> None:
    """A token larger than a cookie can be is refused before anything is decoded or fetched."""
    with pytest.raises(SessionInvalidError):
        await sessions.verify("a" * 10_000)

    assert 0 == console.fetches


async def test_the_key_set_is_fetched_once(
    sessions: JwtSessionVerifier, console: InMemoryConsole, clock: ManualClock, acme: Project
) -> None:
    """Sessions verified at the same time and later share one fetch, until the key set is old."""
    token = console.session("ada", acme)
    await asyncio.gather(*(sessions.verify(token) for _ in range(20)))
    clock.advance(FRESH_SECONDS)
    await sessions.verify(token)
    assert 1 == console.fetches

    clock.advance(1)
    await sessions.verify(token)
    assert 2 == console.fetches


async def test_a_new_key_is_found(
    sessions: JwtSessionVerifier, console: InMemoryConsole, clock: ManualClock, acme: Project
) -> None:
    """A key id that is not known yet is looked up at once; the key that left the set is not trusted any more."""
    old = console.session("ada", acme)
    await sessions.verify(old)
    console.rotate_key("second")
    clock.advance(RETRY_SECONDS)
    await sessions.verify(console.session("ada", acme))

    with pytest.raises(SessionInvalidError):
        await sessions.verify(old)


async def test_a_verification_does_not_outlive_its_key(
    sessions: JwtSessionVerifier, console: InMemoryConsole, clock: ManualClock, acme: Project
) -> None:
    """A token that was good under a key is refused once another key has that id, however often it was seen."""
    token = console.session("ada", acme)
    for _ in range(3):
        await sessions.verify(token)
    console.rotate_key("first")
    clock.advance(FRESH_SECONDS + 1)

    with pytest.raises(SessionInvalidError):
        await sessions.verify(token)


async def test_a_token_is_known_by_all_of_it(
    sessions: JwtSessionVerifier, console: InMemoryConsole, acme: Project
) -> None:
    """After a token was verified, another with the same header and claims and a wrong signature is still refused."""
    token = console.session("ada", acme)
    await sessions.verify(token)
    signed, _, signature = token.rpartition(".")

    with pytest.raises(SessionInvalidError):
        await sessions.verify(f"{signed}.{signature[::-1]}")


async def test_no_more_verifications_are_kept_than_that(
    sessions: JwtSessionVerifier, console: InMemoryConsole, acme: Project
) -> None:
    """However many tokens come, only the latest ones are remembered, and the others are verified anew."""
    tokens = [console.session(f"user-{number}", acme) for number in range(KEPT_TOKENS + 1)]
    for token in tokens:
        await sessions.verify(token)

    assert KEPT_TOKENS == sessions.kept
    assert "user-0" == (await sessions.verify(tokens[0])).user_id


async def test_unknown_key_ids_cause_few_fetches(
    sessions: JwtSessionVerifier, console: InMemoryConsole, clock: ManualClock
) -> None:
    """However many unknown key ids come, the console is asked once in a while only."""
    for number in range(50):
        with pytest.raises(SessionInvalidError):
            await sessions.verify(forged(f"unknown-{number}"))
        clock.advance(RETRY_SECONDS / 10)

    assert 5 == console.fetches


async def test_a_console_that_is_away_is_not_the_users_fault(
    sessions: JwtSessionVerifier, console: InMemoryConsole, clock: ManualClock, acme: Project
) -> None:
    """Without any key set a session cannot be judged, which is temporary; as soon as the console is back it can."""
    console.away = True
    with pytest.raises(SessionKeysAwayError):
        await sessions.verify(console.session("ada", acme))

    console.away = False
    clock.advance(RETRY_SECONDS)
    await sessions.verify(console.session("ada", acme))


async def test_known_keys_outlive_an_outage_for_a_while(
    sessions: JwtSessionVerifier, console: InMemoryConsole, clock: ManualClock, acme: Project
) -> None:
    """While the console is away known keys are used for an hour, and then no longer."""
    await sessions.verify(console.session("ada", acme))
    console.away = True
    clock.advance(STALE_SECONDS)
    await sessions.verify(console.session("ada", acme))
    clock.advance(1)

    with pytest.raises(SessionKeysAwayError):
        await sessions.verify(console.session("ada", acme))


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(500),
        httpx2.Response(302, headers={"location": "https://evil.test"}),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, json={"keys": "none"}),
        httpx2.Response(200, content=b'{"keys": [' + b" " * 70_000 + b"]}"),
        httpx2.Response(200, content=b"\xff"),
    ],
)
async def test_a_key_set_that_cannot_be_read_is_temporary(
    sessions: JwtSessionVerifier, console: InMemoryConsole, acme: Project, answer: httpx2.Response
) -> None:
    """An error, a redirect, a page, the wrong shape or too much of it in place of a key set blames no session."""
    console.answer = answer

    with pytest.raises(SessionKeysAwayError):
        await sessions.verify(console.session("ada", acme))


@pytest.mark.parametrize(
    "keys", [[], [1], [{"kty": "EC", "kid": "first", "crv": "P-256", "x": "?", "y": "?"}], [{"kty": "oct", "k": "eA"}]]
)
async def test_keys_of_other_kinds_are_left_out(
    sessions: JwtSessionVerifier, console: InMemoryConsole, acme: Project, keys: list[object]
) -> None:
    """A key set without a usable key of the id verifies nothing, and an odd key in it harms nothing."""
    console.answer = httpx2.Response(200, json={"keys": keys})

    with pytest.raises(SessionInvalidError):
        await sessions.verify(console.session("ada", acme))


async def test_a_session_of_the_future_issue_time_is_accepted(
    sessions: JwtSessionVerifier, console: InMemoryConsole, clock: ManualClock, acme: Project
) -> None:
    """An issue time slightly ahead of our clock is no reason to refuse: clocks differ."""
    ahead = int((clock.now() + timedelta(seconds=5)).timestamp())

    await sessions.verify(console.session("ada", acme, iat=ahead))
