"""The adapters to HubSpot's contacts and to what Chert tells, over scripted transports."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import stamina
from pydantic import SecretStr

from actions.adapters.access_tokens import OAuthAccessTokens
from actions.adapters.contacts import RECENT_SECONDS, SCHEMA_SECONDS, STALE_SECONDS, HubSpotContacts
from actions.adapters.facts import ChertFacts
from actions.errors import (
    ActionsError,
    AuthorityAwayError,
    ContactGoneError,
    ContactUnreadableError,
    HubSpotAwayError,
    HubSpotBusyError,
    UnknownTenantError,
)
from actions.models import Attachment, Campaign, ChatHistory, ChatMessage, Contact, PhoneLine, Window
from chassis.clock import ManualClock
from chassis.settings import NotLoadedError
from chassis.sisters import Sister
from chert_client import ChertClient
from chert_client.testing import ScriptedTransport as ChertScript
from hubspot_client import HubSpotConnection
from hubspot_client.testing import ScriptedTransport

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RECORD = {"id": "904", "properties": {"phone": "+14155551234", "mobilephone": None, "firstname": "Ada"}}
NOT_FOUND = httpx2.Response(404, json={"success": False, "error": {"status": 404, "code": 2011, "message": "No"}})


@pytest.fixture(autouse=True)
def retries_never_wait() -> Iterator[None]:
    """As many tries as in production, without the pauses."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


def token(name: str, expires_at: datetime) -> httpx2.Response:
    """What `oauth` answers."""
    return httpx2.Response(200, json={"access_token": name, "expires_at": expires_at.isoformat(), "generation": 1})


@pytest.fixture
def oauth() -> ScriptedTransport:
    """`oauth`, which has one good token."""
    return ScriptedTransport([token("token-1", NOON + timedelta(minutes=30))])


@pytest.fixture
async def access_tokens(oauth: ScriptedTransport, clock: ManualClock) -> AsyncIterator[OAuthAccessTokens]:
    """Access tokens."""
    async with httpx2.AsyncClient(transport=oauth) as http:
        yield OAuthAccessTokens(Sister("http://oauth.test", lambda: SecretStr("c"), http), clock)


@pytest.fixture
def hubspot() -> ScriptedTransport:
    """HubSpot."""
    return ScriptedTransport()


@pytest.fixture
async def reader(
    hubspot: ScriptedTransport, access_tokens: OAuthAccessTokens, clock: ManualClock
) -> AsyncIterator[HubSpotContacts]:
    """Contacts."""
    async with HubSpotConnection("https://api.hubapi.test", transport=hubspot) as connection:
        yield HubSpotContacts(connection, access_tokens, clock)


@pytest.fixture
def chert() -> ChertScript:
    """Chert."""
    return ChertScript()


@pytest.fixture
async def telling(chert: ChertScript, clock: ManualClock) -> AsyncIterator[ChertFacts]:
    """What Chert tells."""
    async with ChertClient(
        "https://chert.test", signing_secret=lambda: b"secret", now=clock.now, transport=chert
    ) as client:
        yield ChertFacts(client, clock)


async def test_a_contact_is_shown_as_read_for_a_moment(
    reader: HubSpotContacts, hubspot: ScriptedTransport, clock: ManualClock
) -> None:
    """A card that polls costs one call in that time; a send reads anew; what was forgotten is read again."""
    hubspot.steps = [httpx2.Response(200, json=RECORD) for _ in range(4)]

    assert Contact("904", phone="+14155551234", firstname="Ada") == await reader.recent(62515, "904")
    await reader.recent(62515, "904")
    assert 1 == len(hubspot.requests)
    await reader.read(62515, "904")
    assert 2 == len(hubspot.requests)
    reader.forget(62515, "904")
    await reader.recent(62515, "904")
    clock.advance(STALE_SECONDS)
    await reader.recent(62515, "904")

    assert 4 == len(hubspot.requests)
    assert {"properties": "phone,mobilephone,firstname,lastname,company"} == dict(hubspot.requests[3].url.params)
    assert {"Bearer token-1"} == {request.headers["authorization"] for request in hubspot.requests}


async def test_a_contact_that_changed_is_shown_as_it_is(
    reader: HubSpotContacts, hubspot: ScriptedTransport, clock: ManualClock
) -> None:
    """After a few seconds it is read again, and a HubSpot that answers soon is waited for."""
    changed = {"id": "904", "properties": {"phone": "+14155551234", "firstname": "Grace"}}
    hubspot.steps = [httpx2.Response(200, json=RECORD), httpx2.Response(200, json=changed)]
    await reader.recent(62515, "904")
    clock.advance(RECENT_SECONDS)

    shown = [await reader.recent(62515, "904") for _ in range(2)]

    assert ["Grace", "Grace"] == [contact.firstname for contact in shown]
    assert 2 == len(hubspot.requests)


@pytest.mark.parametrize(
    ("answer", "kind"), [(404, ContactGoneError), (403, ContactUnreadableError), (401, HubSpotAwayError)]
)
async def test_a_contact_that_is_gone_is_not_shown(
    reader: HubSpotContacts,
    hubspot: ScriptedTransport,
    oauth: ScriptedTransport,
    clock: ManualClock,
    answer: int,
    kind: type[ActionsError],
) -> None:
    """Once a read has learned it, nobody is shown the contact as it was; a bad token is no such."""
    hubspot.steps = [httpx2.Response(200, json=RECORD), *(httpx2.Response(answer, json={}) for _ in range(3))]
    oauth.steps += [token("token-2", NOON + timedelta(minutes=30))]
    await reader.recent(62515, "904")
    clock.advance(RECENT_SECONDS)
    with pytest.raises(kind):
        await reader.read(62515, "904")

    if kind is HubSpotAwayError:
        assert "Ada" == (await reader.recent(62515, "904")).firstname
    else:
        with pytest.raises(kind):
            await reader.recent(62515, "904")


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([httpx2.Response(404, json={"category": "OBJECT_NOT_FOUND"})], ContactGoneError),
        ([httpx2.Response(403, json={"category": "MISSING_SCOPES"})], ContactUnreadableError),
        ([httpx2.Response(429, json={"category": "RATE_LIMITS"}, headers={"Retry-After": "3"})], HubSpotBusyError),
        ([httpx2.Response(477)], HubSpotBusyError),
        ([httpx2.Response(401, json={"category": "INVALID_AUTHENTICATION"})], HubSpotAwayError),
        ([httpx2.Response(502)] * 3, HubSpotAwayError),
        ([httpx2.ConnectError("away")] * 3, HubSpotAwayError),
    ],
)
async def test_what_hubspot_answers_has_a_meaning(
    answers: list[httpx2.Response | Exception],
    kind: type[ActionsError],
    reader: HubSpotContacts,
    hubspot: ScriptedTransport,
) -> None:
    """Every end of a read is one of ours, and nothing of it is remembered."""
    hubspot.steps = [*answers, httpx2.Response(200, json=RECORD)]

    with pytest.raises(kind):
        await reader.recent(62515, "904")


async def test_a_busy_hubspot_leaves_the_card_what_it_knew(
    reader: HubSpotContacts, hubspot: ScriptedTransport, clock: ManualClock
) -> None:
    """For a minute the card shows the contact as it was; a send never goes by that, nor anyone after an erasure."""
    busy = [httpx2.Response(429, json={"category": "RATE_LIMITS"}) for _ in range(4)]
    hubspot.steps = [httpx2.Response(200, json=RECORD), *busy]
    first = await reader.recent(62515, "904")
    clock.advance(RECENT_SECONDS)

    assert first == await reader.recent(62515, "904")
    with pytest.raises(HubSpotBusyError):
        await reader.read(62515, "904")
    clock.advance(STALE_SECONDS - RECENT_SECONDS)
    with pytest.raises(HubSpotBusyError):
        await reader.recent(62515, "904")
    reader.forget(62515, "904")
    with pytest.raises(HubSpotBusyError):
        await reader.recent(62515, "904")


async def test_a_refused_token_is_not_used_again(
    reader: HubSpotContacts, hubspot: ScriptedTransport, oauth: ScriptedTransport
) -> None:
    """After HubSpot refused it, the next call asks `oauth` for another."""
    oauth.steps = [token("token-1", NOON + timedelta(hours=1)), token("token-2", NOON + timedelta(hours=1))]
    hubspot.steps = [httpx2.Response(401, json={}), httpx2.Response(200, json=RECORD)]

    with pytest.raises(HubSpotAwayError):
        await reader.recent(62515, "904")
    await reader.recent(62515, "904")

    assert ["Bearer token-1", "Bearer token-2"] == [request.headers["authorization"] for request in hubspot.requests]


async def test_a_token_is_not_used_in_its_last_minute(
    access_tokens: OAuthAccessTokens, oauth: ScriptedTransport, clock: ManualClock
) -> None:
    """It is asked about anew 60 seconds before its end."""
    oauth.steps = [token("token-1", NOON + timedelta(seconds=90)), token("token-2", NOON + timedelta(hours=1))]
    first = [await access_tokens(62515), await access_tokens(62515)]
    clock.advance(30.0)

    assert ["token-1", "token-1", "token-2"] == [*first, await access_tokens(62515)]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, 2001, UnknownTenantError),
        (403, 2010, UnknownTenantError),
        (401, 2004, AuthorityAwayError),
        (503, 3002, AuthorityAwayError),
    ],
)
async def test_a_token_that_oauth_refuses(
    status: int, code: int, kind: type[ActionsError], access_tokens: OAuthAccessTokens, oauth: ScriptedTransport
) -> None:
    """An account that is not connected is told apart from an `oauth` that cannot be asked."""
    failure = {"error": "no", "code": code, "message": "No.", "retryable": status == 503, "trace_id": "0" * 32}
    oauth.steps = [httpx2.Response(status, json=failure)]

    with pytest.raises(kind):
        await access_tokens(62515)


async def test_the_schema_is_read_once_a_day(
    reader: HubSpotContacts, hubspot: ScriptedTransport, oauth: ScriptedTransport, clock: ManualClock
) -> None:
    """Which of the two properties an account lacks is asked once in 24 hours."""
    oauth.steps = [token(f"token-{number}", NOON + timedelta(days=2)) for number in range(2)]
    hubspot.steps = [httpx2.Response(207, json={"results": [{"name": "phone"}]}) for _ in range(2)]
    first = [await reader.missing_phone_properties(62515) for _ in range(2)]
    clock.advance(SCHEMA_SECONDS)

    assert [{"mobilephone"}] * 3 == [*first, await reader.missing_phone_properties(62515)]
    assert 2 == len(hubspot.requests)
    assert {"mobilephone", "phone"} == {one["name"] for one in json.loads(hubspot.requests[0].content)["inputs"]}


async def test_a_schema_that_cannot_be_read_explains_nothing(
    reader: HubSpotContacts, hubspot: ScriptedTransport
) -> None:
    """It only explains, so nothing fails without it."""
    hubspot.steps = [httpx2.Response(403, json={"category": "MISSING_SCOPES"})]

    assert frozenset() == await reader.missing_phone_properties(62515)


async def test_a_history_is_told(telling: ChertFacts, chert: ChertScript) -> None:
    """Bubbles, parts, times and sides, as Chert has them."""
    message = {
        "id": "m-1",
        "direction": "inbound",
        "status": "received",
        "created_at": "2026-11-22T12:00:00Z",
        "parts": [
            {"type": "text", "value": "Look"},
            {"type": "text", "value": "here"},
            {"type": "media", "attachment_id": "in_1"},
        ],
    }
    chert.steps = [httpx2.Response(200, json={"messages": [message], "has_more": True})]

    expected = ChatMessage(
        id="m-1",
        inbound=True,
        text="Look\n\nhere",
        attachments=(Attachment("media", "in_1", None),),
        at=NOON,
        status="received",
    )
    assert ChatHistory((expected,), has_more=True) == await telling.history("acme", "lead-1")


async def test_a_chat_that_is_not_there_is_empty(telling: ChertFacts, chert: ChertScript) -> None:
    """Not there is known; not answered is not."""
    chert.steps = [NOT_FOUND, *[httpx2.Response(502)] * 3]

    assert ChatHistory() == await telling.history("acme", "lead-1")
    assert await telling.history("acme", "lead-1") is None


async def test_lines_and_campaign_are_asked_once_in_a_while(telling: ChertFacts, chert: ChertScript) -> None:
    """Every card of a project shows the same for some seconds."""
    capacity = {
        "daily_cap": 100,
        "first_touches_today": 3,
        "window": {"start": "09:00", "end": "17:00"},
        "timezone": "UTC",
        "auto_dial": False,
    }
    chert.steps = [
        httpx2.Response(200, json={"phone_numbers": [{"id": "line-1", "phone_number": "+1555", "is_active": True}]}),
        httpx2.Response(200, json={"capacity": capacity}),
        httpx2.Response(200, json={"campaign": {"template": "Hi"}}),
    ]

    assert [(PhoneLine("line-1", "+1555", is_active=True),)] * 2 == [await telling.lines("acme") for _ in range(2)]
    assert [Campaign("Hi", 3, 100, Window("09:00", "17:00"), "UTC", auto_dial=False)] * 2 == [
        await telling.campaign("acme") for _ in range(2)
    ]


async def test_what_chert_does_not_tell_is_absent(telling: ChertFacts, chert: ChertScript) -> None:
    """Where the unpublished routes are not served, nothing fails."""
    chert.steps = [NOT_FOUND, NOT_FOUND, NOT_FOUND]

    assert (None, None, (False, None)) == (
        await telling.chat_of("acme", "+14155551234"),
        await telling.campaign("acme"),
        await telling.next_send("acme", "lead-1"),
    )


async def test_without_its_secret_nothing_is_told(chert: ChertScript, clock: ManualClock) -> None:
    """A secret that is not loaded is a temporary fault, as if Chert were away."""

    def absent() -> bytes:
        raise NotLoadedError("absent")

    async with ChertClient("https://chert.test", signing_secret=absent, now=clock.now, transport=chert) as client:
        telling = ChertFacts(client, clock)

        assert (None, None, (False, None)) == (
            await telling.history("acme", "lead-1"),
            await telling.lines("acme"),
            await telling.next_send("acme", "lead-1"),
        )
