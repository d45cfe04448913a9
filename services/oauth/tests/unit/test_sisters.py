"""Asking Chert and the sister services: what their answers, and their silence, mean to us."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import httpx2
import pytest
from pydantic import SecretStr

from chassis.clock import ManualClock
from chassis.settings import NotLoadedError
from chassis.sisters import Sister
from chert_client import ChertClient
from chert_client.testing import ScriptedTransport
from contracts.internal import InboundMessage, SendActivityPage
from oauth.adapters.chert import FILES_AT_ONCE, FRESH_SECONDS, ChertFileContents, ChertPhoneLines, ChertProjectFacts
from oauth.adapters.sisters import SisterActivity, SisterMessages
from oauth.errors import (
    ActivityAwayError,
    AttachmentGoneError,
    ChertAwayError,
    MessagesAwayError,
    OAuthServiceError,
    ProjectInactiveError,
)

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
LINE = {"id": "line-1", "phone_number": "+14155550132", "is_active": True}

Ask = Callable[..., tuple[ChertPhoneLines, ScriptedTransport]]
AskFacts = Callable[[httpx2.Response], ChertProjectFacts]


@pytest.fixture
def ask(clock: ManualClock) -> Ask:
    """Lines from a scripted Chert."""

    def begin(*answers: httpx2.Response | Exception) -> tuple[ChertPhoneLines, ScriptedTransport]:
        transport = ScriptedTransport(answers)
        client = ChertClient("https://chert.test", signing_secret=lambda: b"s" * 32, now=clock.now, transport=transport)
        return ChertPhoneLines(client, clock), transport

    return begin


@pytest.fixture
def ask_facts(clock: ManualClock) -> AskFacts:
    """Facts from a Chert with one answer."""

    def begin(answer: httpx2.Response) -> ChertProjectFacts:
        transport = ScriptedTransport([answer])
        client = ChertClient("https://chert.test", signing_secret=lambda: b"s" * 32, now=clock.now, transport=transport)
        return ChertProjectFacts(client)

    return begin


def refusal(status: int, code: int) -> httpx2.Response:
    """A refusal of Chert's that no retry helps."""
    body = {"success": False, "error": {"code": code, "message": "x", "retryable": False}}
    return httpx2.Response(status, json=body)


async def test_lines_are_read_masked(ask: Ask, clock: ManualClock) -> None:
    """A line comes with its id and whether it is active; of its number only the end; and is remembered a moment."""
    lines, transport = ask(*[httpx2.Response(200, json={"phone_numbers": [LINE]}) for _ in range(2)])
    (line,) = await lines.of("acme")
    await lines.of("acme")

    assert ("line-1", "••• 0132", True) == (line.id, line.phone_number, line.active)
    assert 1 == len(transport.requests)
    assert "acme" == transport.requests[0].headers["x-chert-tenant"]
    clock.advance(FRESH_SECONDS)
    await lines.of("acme")
    assert 2 == len(transport.requests)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal(404, 2001), ProjectInactiveError),
        (refusal(403, 2005), ProjectInactiveError),
        (refusal(402, 2008), ProjectInactiveError),
        (refusal(401, 2004), ChertAwayError),
        (refusal(429, 1007), ChertAwayError),
    ],
)
async def test_chert_refuses_by_kind(ask: Ask, answer: httpx2.Response, expected: type[Exception]) -> None:
    """Only a refusal of the project says something of the project; one of our credential is our own trouble."""
    lines, _ = ask(*[answer for _ in range(3)])

    with pytest.raises(expected):
        await lines.of("acme")


HOOK = {"id": "s-1", "url": "https://chert.test/api/chert/webhook", "events": ["message.received"], "is_active": True}


@pytest.mark.parametrize(
    ("changed", "delivers"),
    [
        ({}, True),
        ({"events": []}, True),
        ({"events": ["reaction.added"]}, False),
        ({"is_active": False}, False),
        ({"url": "https://chert.test/api/chert/webhooks"}, False),
        ({"url": "https://dev-inbox"}, False),
    ],
)
async def test_replies_are_delivered_by_an_active_subscription_of_ours(
    ask_facts: AskFacts, changed: dict[str, object], delivers: bool
) -> None:
    """It is active, hears replies, and leads to our route; whose host that is, a proxy may hide."""
    others = {**HOOK, "url": "https://elsewhere.test/hook"}
    facts = ask_facts(httpx2.Response(200, json={"subscriptions": [others, HOOK | changed]}))

    assert delivers == await facts.delivers_replies("acme")


@pytest.mark.parametrize(
    ("answer", "template"),
    [
        (httpx2.Response(200, json={"campaign": {"template": "Hi"}}), "Hi"),
        (httpx2.Response(200, json={"campaign": {"template": ""}}), ""),
        (refusal(404, 2011), None),
    ],
)
async def test_a_project_s_template_is_told_or_not(
    ask_facts: AskFacts, answer: httpx2.Response, template: str | None
) -> None:
    """Where Chert does not serve that route, nothing is known of the template."""
    assert template == await ask_facts(answer).template("acme")


async def test_facts_are_away_when_chert_is(ask_facts: AskFacts) -> None:
    """A Chert that throttles says nothing of a project."""
    with pytest.raises(ChertAwayError):
        await ask_facts(refusal(429, 1007)).template("acme")
    with pytest.raises(ChertAwayError):
        await ask_facts(refusal(429, 1007)).delivers_replies("acme")


def sister(answer: httpx2.Response | Exception, seen: list[httpx2.Request]) -> Sister:
    """A sister that always answers so."""

    def serve(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(serve))
    return Sister("http://actions", lambda: SecretStr("credential"), client)


async def test_a_sister_is_asked_with_our_credential() -> None:
    """Account, moment and number go out; what it did comes back."""
    seen: list[httpx2.Request] = []
    activity = SisterActivity(actions=sister(httpx2.Response(200, json={"sends": []}), seen), timeline=None)

    assert SendActivityPage() == await activity.sends(7, SINCE, 5)
    assert "/internal/activity/7" == seen[0].url.path
    assert {"since": SINCE.isoformat(), "limit": "5"} == dict(seen[0].url.params)
    assert "Bearer credential" == seen[0].headers["authorization"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.ConnectError("nobody"),
        httpx2.Response(404, json={"detail": "Not Found"}),
        httpx2.Response(500, text="x"),
        httpx2.Response(200, json={"sends": [{}]}),
        NotLoadedError("no credential"),
    ],
)
async def test_a_sister_that_cannot_say_is_away(answer: httpx2.Response | Exception) -> None:
    """No answer, no such route, a fault, another form, no credential: it is away, and nothing worse."""
    activity = SisterActivity(actions=sister(answer, []), timeline=None)

    with pytest.raises(ActivityAwayError):
        await activity.sends(7, SINCE, 5)
    with pytest.raises(ActivityAwayError):
        await activity.replies(7, SINCE, 5)


async def test_a_message_is_asked_for_by_its_ids() -> None:
    """Whatever signs an id has, it stays one part of the path; what `timeline` keeps comes back."""
    seen: list[httpx2.Request] = []
    message = {"received_at": SINCE.isoformat(), "content_kept": False, "accounts": []}
    messages = SisterMessages(sister(httpx2.Response(200, json=message), seen))

    assert InboundMessage.model_validate(message) == await messages.read("acme", "chert:msg/1?")
    assert b"/internal/messages/acme/chert%3Amsg%2F1%3F" == seen[0].url.raw_path


def failure(status: int, code: int) -> httpx2.Response:
    """A refusal of a sister's that no retry helps."""
    body = {"ok": False, "error": "x", "code": code, "message": "x", "retryable": False, "trace_id": "t"}
    return httpx2.Response(status, json=body)


async def test_a_message_that_no_account_was_given_is_none() -> None:
    """A sister's 404 says that there is none."""
    assert None is await SisterMessages(sister(failure(404, 2011), [])).read("acme", "m1")


@pytest.mark.parametrize("answer", [httpx2.ConnectError("nobody"), failure(401, 2004), NotLoadedError("none"), None])
async def test_messages_are_away_when_timeline_is(answer: httpx2.Response | Exception | None) -> None:
    """No answer, a refused or missing credential, no address: nothing is said of whether there is such a message."""
    messages = SisterMessages(None if answer is None else sister(answer, []))

    with pytest.raises(MessagesAwayError):
        await messages.read("acme", "m1")


def files_from(clock: ManualClock, *answers: httpx2.Response | Exception) -> ChertFileContents:
    """Files from a scripted Chert."""
    transport = ScriptedTransport(answers)
    return ChertFileContents(
        ChertClient("https://chert.test", signing_secret=lambda: b"s" * 32, now=clock.now, transport=transport)
    )


async def test_a_file_is_read_from_chert(clock: ManualClock) -> None:
    """What Chert says of it, and its content."""
    headers = {"content-type": "image/png", "content-disposition": 'attachment; filename="a.png"'}
    files = files_from(clock, httpx2.Response(200, headers=headers, content=b"png"))

    async with files.open("acme", "in_1") as file:
        assert ("image/png", 3, "a.png") == (file.facts.content_type, file.facts.size_bytes, file.facts.name)
        assert b"png" == b"".join([piece async for piece in file.pieces])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal(404, 5001), AttachmentGoneError),
        (refusal(403, 2005), ProjectInactiveError),
        (refusal(429, 1007), ChertAwayError),
        (httpx2.ReadTimeout("late"), ChertAwayError),
    ],
)
async def test_a_file_is_refused_by_kind(
    clock: ManualClock, answer: httpx2.Response | Exception, expected: type[OAuthServiceError]
) -> None:
    """A file that Chert has not is gone; whatever else keeps it away is temporary."""
    with pytest.raises(expected):
        async with files_from(clock, answer).open("acme", "in_1"):
            pass


async def test_a_project_that_reads_many_files_slows_itself_alone(clock: ManualClock) -> None:
    """Past its share a project is put off, others are served, and what is closed makes room."""
    files = files_from(clock, *[httpx2.Response(200, content=b"x") for _ in range(FILES_AT_ONCE + 2)])
    async with AsyncExitStack() as opened:
        for _ in range(FILES_AT_ONCE):
            await opened.enter_async_context(files.open("acme", "in_1"))
        with pytest.raises(ChertAwayError):
            await opened.enter_async_context(files.open("acme", "in_1"))
        await opened.enter_async_context(files.open("globex", "in_1"))

    async with files.open("acme", "in_1") as file:
        assert [b"x"] == [piece async for piece in file.pieces]
