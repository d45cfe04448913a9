"""HubSpot's answers in this service's words."""

import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from chassis.clock import ManualClock
from chassis.sisters import Sister
from hubspot_client import HubSpotConnection
from hubspot_client.testing import ScriptedTransport
from timeline.adapters.hubspot import HubSpotTimeline
from timeline.adapters.oauth import OAuthAccessTokens
from timeline.errors import (
    AccessRefusedError,
    AccountThrottledError,
    AccountUnreachableError,
    ContactGoneError,
    RecordLockedError,
    ReplyError,
    ReplyRefusedError,
    TimelineError,
    WriteUnknownError,
)
from timeline.models import Candidate, Found, Note

PORTAL = 62515
NOTE = Note("904", "<p>Hi</p>", datetime(2026, 11, 22, 12, tzinfo=UTC))
Answers = Callable[..., tuple[HubSpotTimeline, ScriptedTransport]]


class Tokens:
    """An `oauth` that gives out a new token each time."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self, _: httpx2.Request) -> httpx2.Response:
        """The next token."""
        self.given += 1
        token = {"access_token": f"token-{self.given}", "expires_at": "2026-11-22T13:00:00Z", "generation": 1}
        return httpx2.Response(200, json=token)


class Counter:
    """Who is told of calls."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.searches: list[int] = []

    def called(self, portal_id: int) -> None:
        """A call."""
        self.calls.append(portal_id)

    def searched(self, portal_id: int) -> None:
        """A search."""
        self.searches.append(portal_id)

    def told(self, portal_id: int, maximum: int, remaining: int) -> None:
        """Nothing tells limits here."""


@pytest.fixture
async def answering() -> AsyncIterator[Answers]:
    """Makes a HubSpot that answers from a script."""
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(Tokens()))
    tokens = OAuthAccessTokens(Sister("http://oauth", lambda: SecretStr("credential"), client), ManualClock())

    def answering(*steps: httpx2.Response | Exception) -> tuple[HubSpotTimeline, ScriptedTransport]:
        transport = ScriptedTransport(steps)
        return HubSpotTimeline(HubSpotConnection("http://hubspot", transport=transport), tokens, Counter()), transport

    async with client:
        yield answering


def refusal(status: int, category: str = "X", message: str = "no", **headers: str) -> httpx2.Response:
    """An error answer."""
    return httpx2.Response(status, json={"category": category, "message": message}, headers=headers)


async def test_a_note_is_one_create_with_its_association(answering: Answers) -> None:
    """A note goes out as one call: channel SMS, logged from the CRM, at its time, on its contact."""
    timeline, transport = answering(httpx2.Response(201, json={"id": "77", "properties": {}}))

    assert "77" == await timeline.create(PORTAL, NOTE, trace_id="62515:acme:m1")

    [request] = transport.requests
    body: dict[str, Any] = json.loads(request.content)
    assert "Bearer token-1" == request.headers["authorization"]
    assert {
        "hs_communication_channel_type": "SMS",
        "hs_communication_logged_from": "CRM",
        "hs_communication_body": "<p>Hi</p>",
        "hs_timestamp": "2026-11-22T12:00:00.000Z",
    } == body["properties"]
    assert "904" == body["associations"][0]["to"]["id"]
    assert "62515:acme:m1" == body["objectWriteTraceId"]


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (refusal(500), WriteUnknownError),
        (refusal(504), WriteUnknownError),
        (refusal(521), WriteUnknownError),
        (httpx2.ReadTimeout("x"), WriteUnknownError),
        (httpx2.RemoteProtocolError("x"), WriteUnknownError),
        (httpx2.Response(201, text="<html>"), WriteUnknownError),
        (httpx2.ConnectError("x"), AccountUnreachableError),
        (httpx2.PoolTimeout("x"), AccountUnreachableError),
        (refusal(429), AccountThrottledError),
        (refusal(477), AccountThrottledError),
        (refusal(423), RecordLockedError),
        (refusal(401, "EXPIRED_AUTHENTICATION"), AccessRefusedError),
        (refusal(401, "INVALID_AUTHENTICATION"), AccessRefusedError),
        (refusal(403, "MISSING_SCOPES"), AccessRefusedError),
        (refusal(403), ReplyRefusedError),
        (refusal(404), ContactGoneError),
        (refusal(400, "VALIDATION_ERROR"), ReplyRefusedError),
        (refusal(409), ReplyRefusedError),
        (refusal(418), ReplyRefusedError),
    ],
)
async def test_a_failed_create_says_whether_it_may_have_been_written(
    answering: Answers, step: httpx2.Response | Exception, kind: type[TimelineError]
) -> None:
    """Every end of a create has one kind, and only those that may have been written are unknown."""
    timeline, transport = answering(step)

    with pytest.raises(kind):
        await timeline.create(PORTAL, NOTE, trace_id="62515:acme:m1")

    assert 1 == len(transport.requests)


async def test_the_wait_that_hubspot_asks_for_is_kept(answering: Answers) -> None:
    """`Retry-After` travels with the error."""
    timeline, _ = answering(refusal(429, **{"retry-after": "7"}), refusal(477, **{"retry-after": "3600"}))

    waits = []
    for _ in range(2):
        with pytest.raises(AccountThrottledError) as caught:
            await timeline.create(PORTAL, NOTE, trace_id="x")
        waits.append(caught.value.retry_after_seconds)

    assert [7.0, 3600.0] == waits


async def test_hubspots_words_are_kept_apart_from_the_reason(answering: Answers) -> None:
    """What HubSpot says may quote content: it is kept with the error, never in its text."""
    timeline, _ = answering(refusal(400, "VALIDATION_ERROR", "Property value Hello there was not valid"))

    with pytest.raises(ReplyError) as caught:
        await timeline.create(PORTAL, NOTE, trace_id="x")

    assert "Property value Hello there was not valid" == caught.value.words
    assert "Hello" not in f"{caught.value} {caught.value.reason}"


async def test_a_refused_token_is_asked_for_again(answering: Answers) -> None:
    """After 401 the next call has another access token."""
    timeline, transport = answering(
        refusal(401, "EXPIRED_AUTHENTICATION"), httpx2.Response(201, json={"id": "77", "properties": {}})
    )
    with pytest.raises(AccessRefusedError):
        await timeline.create(PORTAL, NOTE, trace_id="x")

    await timeline.create(PORTAL, NOTE, trace_id="x")

    assert ["Bearer token-1", "Bearer token-2"] == [request.headers["authorization"] for request in transport.requests]


async def test_a_search_gives_candidates_with_their_numbers(answering: Answers) -> None:
    """A find has its id and the numbers that are written there, to be verified."""
    found = {"id": "904", "properties": {"phone": "(415) 555-1234", "mobilephone": None}}
    timeline, _ = answering(httpx2.Response(200, json={"total": 1, "results": [found]}))

    answer = await timeline.by_phones(PORTAL, ["4155551234"])

    assert Found([Candidate("904", ("(415) 555-1234",))], whole=True) == answer


async def every(records: Mapping[str, Collection[str]]) -> Collection[str]:
    """All of them are unread."""
    return records


async def test_a_read_that_fails_leaves_nothing_open(answering: Answers) -> None:
    """A read changes nothing, so whatever keeps it from an answer, the account waits and no write is in doubt."""
    timeline, _ = answering(*[refusal(502)] * 6)

    with pytest.raises(AccountUnreachableError):
        await timeline.by_phones(PORTAL, ["4155551234"])
    with pytest.raises(AccountUnreachableError):
        _ = [written async for written in timeline.written(PORTAL, ["904"], every)]


async def test_each_note_of_a_batch_has_its_own_end(answering: Answers) -> None:
    """A batch that was answered with 207 says for each note whether it was written, and by which id."""
    failure = {"category": "VALIDATION_ERROR", "message": "no", "context": {"objectWriteTraceId": ["b"]}}
    mixed = {"results": [{"id": "77", "objectWriteTraceId": "a"}], "numErrors": 1, "errors": [failure]}
    timeline, transport = answering(httpx2.Response(207, json=mixed))

    results = await timeline.create_batch(PORTAL, {"a": NOTE, "b": NOTE, "c": NOTE})

    assert "77" == results["a"]
    assert isinstance(results["b"], ReplyRefusedError)
    assert isinstance(results["c"], WriteUnknownError)
    assert 1 == len(transport.requests)


@pytest.mark.parametrize(("step", "kind"), [(refusal(504), WriteUnknownError), (refusal(429), AccountThrottledError)])
async def test_a_failed_batch_says_whether_it_may_have_been_written(
    answering: Answers, step: httpx2.Response, kind: type[TimelineError]
) -> None:
    """A batch that failed as a whole is in doubt as a whole, or not at all."""
    timeline, _ = answering(step)

    with pytest.raises(kind):
        await timeline.create_batch(PORTAL, {"a": NOTE, "b": NOTE})


async def test_a_contact_is_found_where_it_is_now(answering: Answers) -> None:
    """A contact is where it was, where it was merged into, or nowhere."""
    answers = [httpx2.Response(200, json={"id": name, "properties": {}}) for name in ("904", "905")]
    timeline, _ = answering(*answers, refusal(404), refusal(403, "MISSING_SCOPES"))

    assert ["904", "905", None] == [await timeline.whereabouts(PORTAL, "904") for _ in range(3)]
    with pytest.raises(AccessRefusedError):
        await timeline.whereabouts(PORTAL, "904")
