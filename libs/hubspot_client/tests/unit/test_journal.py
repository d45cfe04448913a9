import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hubspot_client import (
    AccessTokenExpiredError,
    AccessTokenInvalidError,
    AppRejectedError,
    AppTokens,
    CallLimits,
    HubSpotConnection,
    HubSpotError,
    JournalClient,
    JournalEvent,
    JournalOffsetLostError,
    JournalPage,
    JournalPageUnreadableError,
    MalformedAnswerError,
    MissingScopesError,
    NotFoundError,
    OAuthClient,
    ServerFaultError,
)
from hubspot_client.testing import ScriptedTransport

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OFFSET = "0d5c1f4e-7a51-4f5b-8b5e-2a4c7a3f9d10"
LINK = "https://files.hubspot.test/journal/page?X-Signature=canary%2Flink"
TOKEN = {"access_token": "canary-app", "expires_in": 1800, "token_type": "bearer", "token_use": "client_credentials"}
PLACE = {"currentOffset": OFFSET, "expiresAt": "2026-11-22T12:05:00Z", "url": LINK}
ENTRY = {
    "type": "app_lifecycle_event",
    "action": "APP_UNINSTALL",
    "portalId": 62515,
    "occurredAt": 1795348800000,
    "eventTypeId": "4-1916193",
    "properties": {"hs_app_id": "4242", "hs_app_install_level": "PORTAL"},
}
EVENT = JournalEvent(62515, 4242, "4-1916193", NOON)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        """The moment."""
        return self.moment


@pytest.fixture
def clock() -> Clock:
    """Noon."""
    return Clock()


@pytest.fixture
def tokens(connection: HubSpotConnection, clock: Clock) -> AppTokens:
    """The tokens of one app."""
    oauth = OAuthClient(connection, client_id="client", client_secret=lambda: "canary-secret", now=clock)
    return AppTokens(oauth, now=clock)


@pytest.fixture
def journal(connection: HubSpotConnection, tokens: AppTokens) -> JournalClient:
    """The journal of one app."""
    return JournalClient(connection, tokens)


def file_of(*entries: object) -> httpx2.Response:
    """A page's file."""
    return httpx2.Response(200, json={"offset": OFFSET, "publishedAt": 1795348800000, "journalEvents": entries})


def token_calls(transport: ScriptedTransport) -> int:
    """How often a token was asked for."""
    return sum(request.url.path.endswith("/token") for request in transport.requests)


async def test_the_app_s_token_comes_from_its_own_credentials(tokens: AppTokens, transport: ScriptedTransport) -> None:
    """hubspot-contract.md sections 1.2 and 3.3: grant, credentials and the journal's three scopes, in the form."""
    transport.steps = [httpx2.Response(200, json=TOKEN)]

    assert "canary-app" == await tokens()

    request = transport.requests[0]
    assert ("POST", "/oauth/2026-09/token", b"") == (request.method, request.url.path, request.url.query)
    assert {
        "grant_type": "client_credentials",
        "client_id": "client",
        "client_secret": "canary-secret",
        "scope": "developer.webhooks_journal.read developer.webhooks_journal.subscriptions.read "
        "developer.webhooks_journal.subscriptions.write",
    } == dict(parse_qsl(request.content.decode(), strict_parsing=True))


async def test_a_token_is_kept_until_a_minute_before_its_end(
    tokens: AppTokens, transport: ScriptedTransport, clock: Clock
) -> None:
    """At 1,739 of 1,800 seconds it still serves; at 1,740 a new one is asked for."""
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(200, json=TOKEN | {"access_token": "next"})]

    first = await tokens()
    clock.moment = NOON + timedelta(seconds=1739)
    kept = await tokens()
    clock.moment = NOON + timedelta(seconds=1740)

    assert ["canary-app", "canary-app", "next"] == [first, kept, await tokens()]


async def test_many_that_wait_for_a_token_share_one_call(tokens: AppTokens, transport: ScriptedTransport) -> None:
    """Twenty at once, one request."""
    transport.steps = [httpx2.Response(200, json=TOKEN)]

    assert {"canary-app"} == set(await asyncio.gather(*(tokens() for _ in range(20))))
    assert 1 == len(transport.requests)


async def test_a_refused_app_is_no_revoked_grant(journal: JournalClient, transport: ScriptedTransport) -> None:
    """`BAD_SCOPES` is our configuration; it says nothing about any account."""
    transport.steps = [httpx2.Response(400, json={"status": "BAD_SCOPES", "error": "invalid_scope"})]

    with pytest.raises(AppRejectedError):
        await journal.next(None)


@pytest.mark.parametrize("status", [200, 201, 409])
async def test_a_subscription_is_made_or_there_already(
    journal: JournalClient, transport: ScriptedTransport, status: int
) -> None:
    """A repeat's 409 is as good as the first 201."""
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(status)]

    await journal.subscribe_uninstalls()

    request = transport.requests[1]
    assert ("POST", "/webhooks-journal/subscriptions/2026-03") == (request.method, request.url.path)
    assert "Bearer canary-app" == request.headers["authorization"]
    assert (
        b'{"subscriptionType": "APP_LIFECYCLE_EVENT", "eventTypeId": "4-1916193", "properties": []}' == request.content
    )


async def test_a_refused_subscription_says_why(journal: JournalClient, transport: ScriptedTransport) -> None:
    """Any other refusal is its leaf."""
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(403, json={"category": "MISSING_SCOPES"})]

    with pytest.raises(MissingScopesError):
        await journal.subscribe_uninstalls()


@pytest.mark.parametrize(
    ("offset", "path"),
    [
        (None, "/webhooks-journal/journal/2026-03/earliest"),
        (OFFSET, f"/webhooks-journal/journal/2026-03/offset/{OFFSET}/next"),
    ],
)
async def test_a_page_is_fetched_from_where_hubspot_says(
    journal: JournalClient, transport: ScriptedTransport, offset: str | None, path: str
) -> None:
    """The place is asked for with the app's token; the presigned link is fetched as it came and without it."""
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(200, json=PLACE), file_of(ENTRY)]

    assert JournalPage(OFFSET, (EVENT,)) == await journal.next(offset)

    _, place, file = transport.requests
    assert ("GET", path, "Bearer canary-app") == (place.method, place.url.path, place.headers["authorization"])
    assert ("GET", LINK) == (file.method, str(file.url))
    assert "authorization" not in file.headers


async def test_nothing_newer_is_no_page(journal: JournalClient, transport: ScriptedTransport) -> None:
    """204, and no file is asked for."""
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(204)]

    assert None is await journal.next(OFFSET)


async def test_the_version_of_the_journal_is_chosen_apart(
    connection: HubSpotConnection, tokens: AppTokens, transport: ScriptedTransport
) -> None:
    """The rollout of 2026-09 can be chosen whatever the connection speaks."""
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(204)]

    await JournalClient(connection, tokens, version="2026-09").next(None)

    assert "/webhooks-journal/journal/2026-09/earliest" == transport.requests[1].url.path


@pytest.mark.parametrize("status", [404, 410])
async def test_an_offset_that_hubspot_does_not_have_is_lost(
    journal: JournalClient, transport: ScriptedTransport, status: int
) -> None:
    """Past three days, or never known: its own error, not to be tried again."""
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(status, text="<html>")]

    with pytest.raises(JournalOffsetLostError, match=f"status={status}"):
        await journal.next(OFFSET)


@pytest.mark.parametrize("offset", ["", "../latest", "a/b", "a\n", "é", "a" * 101])
async def test_what_cannot_be_an_offset_is_lost_without_a_call(
    journal: JournalClient, transport: ScriptedTransport, offset: str
) -> None:
    """Nothing that is no offset ever stands in a path."""
    with pytest.raises(JournalOffsetLostError):
        await journal.next(offset)

    assert [] == transport.requests


async def test_a_missing_route_is_no_lost_offset(journal: JournalClient, transport: ScriptedTransport) -> None:
    """The earliest page needs no offset, so its 404 is about the path."""
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(404)]

    with pytest.raises(NotFoundError) as caught:
        await journal.next(None)

    assert not isinstance(caught.value, JournalOffsetLostError)


@pytest.mark.parametrize(
    ("category", "error"),
    [("EXPIRED_AUTHENTICATION", AccessTokenExpiredError), ("INVALID_AUTHENTICATION", AccessTokenInvalidError)],
)
async def test_a_refused_token_is_forgotten(
    journal: JournalClient, transport: ScriptedTransport, category: str, error: type[HubSpotError]
) -> None:
    """The call fails, and the next one asks for a new token however long the old one had to live."""
    refused = httpx2.Response(401, json={"category": category})
    transport.steps = [httpx2.Response(200, json=TOKEN), refused, httpx2.Response(200, json=TOKEN)]
    transport.steps += [httpx2.Response(401, json={"category": category}), httpx2.Response(200, json=TOKEN)]
    transport.steps += [httpx2.Response(204)]

    with pytest.raises(error):
        await journal.next(None)
    with pytest.raises(error):
        await journal.subscribe_uninstalls()

    assert None is await journal.next(None)
    assert 3 == token_calls(transport)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "file:///etc/passwd"},
        {"url": "/relative"},
        {"url": "https://"},
        {"url": "https://files.test:port/"},
        {"url": "https://files.test/\x00"},
        {"url": f"https://files.test/{'a' * 8192}"},
        {"url": None},
        {"currentOffset": "../earliest"},
        {"currentOffset": None},
    ],
    ids=lambda change: str(change)[:40],
)
async def test_a_place_that_is_none_is_malformed(
    journal: JournalClient, transport: ScriptedTransport, change: dict[str, object]
) -> None:
    """Only an HTTP address is fetched, and only what can stand in a path is an offset."""
    places = [httpx2.Response(200, json=PLACE | change) for _ in range(3)]
    transport.steps = [httpx2.Response(200, json=TOKEN), *places]

    with pytest.raises(MalformedAnswerError):
        await journal.next(None)

    assert [] == transport.steps


@pytest.mark.parametrize(
    "answers",
    [
        [httpx2.Response(403, text="<Error><Code>AccessDenied</Code></Error>")],
        [httpx2.Response(404)],
        [httpx2.Response(200, text="<html>") for _ in range(3)],
        [httpx2.Response(200, json={"journalEvents": None}) for _ in range(3)],
        [httpx2.Response(302, headers={"location": "https://elsewhere.test"}) for _ in range(3)],
    ],
    ids=["expired", "gone", "not JSON", "no entries", "elsewhere"],
)
async def test_an_unreadable_page_says_which(
    journal: JournalClient, transport: ScriptedTransport, answers: list[httpx2.Response]
) -> None:
    """The error has the page's offset, so that a caller can step over it, and never the link."""
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(200, json=PLACE), *answers]

    with pytest.raises(JournalPageUnreadableError) as caught:
        await journal.next(None)

    assert OFFSET == caught.value.offset
    assert "canary" not in f"{caught.value!r} {caught.value}"
    assert [] == transport.steps


async def test_a_store_that_is_down_is_no_unreadable_page(journal: JournalClient, transport: ScriptedTransport) -> None:
    """A passing trouble of the file's server stays what it is."""
    down = [httpx2.Response(503) for _ in range(3)]
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(200, json=PLACE), *down]

    with pytest.raises(ServerFaultError):
        await journal.next(None)


class Endless(httpx2.AsyncByteStream):
    """A file without an end."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" " * 1024


async def test_a_page_beyond_the_limit_is_not_read_to_its_end(transport: ScriptedTransport, clock: Clock) -> None:
    """The connection's limit counts for files too."""
    files = [httpx2.Response(200, stream=Endless()) for _ in range(3)]
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(200, json=PLACE), *files]
    limits = CallLimits(response_bytes=4096)
    async with HubSpotConnection("https://api.hubapi.test", limits=limits, transport=transport) as connection:
        oauth = OAuthClient(connection, client_id="client", client_secret=lambda: "secret", now=clock)
        with pytest.raises(JournalPageUnreadableError):
            await JournalClient(connection, AppTokens(oauth, now=clock)).next(None)


async def test_entries_of_another_form_are_left_out_and_counted(
    journal: JournalClient, transport: ScriptedTransport
) -> None:
    """One odd entry never hides the others; a missing app id and unknown members are no oddity."""
    bare = {name: ENTRY[name] for name in ("portalId", "occurredAt", "eventTypeId")} | {"new": [1]}
    odd = [{}, None, "text", ENTRY | {"portalId": "x"}, ENTRY | {"occurredAt": 10**40}, ENTRY | {"portalId": 0}]
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(200, json=PLACE), file_of(*odd, ENTRY, bare)]

    page = await journal.next(None)

    assert JournalPage(OFFSET, (EVENT, JournalEvent(62515, None, "4-1916193", NOON)), unreadable=6) == page


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*ENTRY, "hs_app_id", "journalEvents"]), inner),
)


@given(document=JSON | st.fixed_dictionaries({"journalEvents": st.lists(JSON)}))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_file_is_a_page_or_a_typed_error(
    journal: JournalClient, transport: ScriptedTransport, tokens: AppTokens, document: object
) -> None:
    """Whatever stands in the file, reading it is total and no entry goes uncounted."""
    tokens.forget()
    files = [httpx2.Response(200, json=document) for _ in range(3)]
    transport.steps = [httpx2.Response(200, json=TOKEN), httpx2.Response(200, json=PLACE), *files]

    try:
        page = await journal.next(None)
    except JournalPageUnreadableError:
        return

    assert page is not None
    assert isinstance(document, dict)
    assert len(document["journalEvents"]) == len(page.events) + page.unreadable
