import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import count

import httpx2
import pytest
from opentelemetry import context, trace

from chert_client import (
    AnswerLostError,
    CallLimits,
    ChertClient,
    ChertError,
    LinesSaturatedError,
    MalformedAnswerError,
    NotFoundError,
    OutgoingMessage,
    ServerFaultError,
    sign,
)
from chert_client.testing import ScriptedTransport

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = 1_790_000_000
TENANT = "acme"
MESSAGE = OutgoingMessage(phone="+14155550100", body="Zoë — Hi", idempotency_key="wf:1:c-1", external_id="904")
SENT = {
    "status": "sent",
    "message_id": "46eb1003c8b54b7ea8f1c2b03e9a7d12",
    "lead_id": "lead-1",
    "lead_created": True,
    "convo_id": "convo-1",
    "phone_line_id": "line-1",
    "test_lead": False,
}


@pytest.fixture
def span() -> Iterator[trace.SpanContext]:
    """The trace that the test runs in."""
    span = trace.SpanContext(0xA1, 0xB2, is_remote=False, trace_flags=trace.TraceFlags(1))
    token = context.attach(trace.set_span_in_context(trace.NonRecordingSpan(span)))
    yield span
    context.detach(token)


async def test_a_message_is_sent(client: ChertClient, transport: ScriptedTransport) -> None:
    """chert-contract.md section 14.2: what is not given is left out, and the answer says what became of it."""
    transport.steps = [httpx2.Response(200, json=SENT)]

    sent = await client.send(TENANT, MESSAGE)

    request = transport.requests[0]
    assert ("POST", "/api/v1/send") == (request.method, request.url.path)
    assert {
        "phone": "+14155550100",
        "body": "Zoë — Hi",
        "idempotency_key": "wf:1:c-1",
        "external_id": "904",
    } == json.loads(request.content)
    assert "46eb1003c8b54b7ea8f1c2b03e9a7d12" == sent.message_id
    assert ("lead-1", True, "convo-1", "line-1") == (
        sent.lead_id,
        sent.lead_created,
        sent.convo_id,
        sent.phone_line_id,
    )


async def test_a_request_is_signed_over_its_exact_bytes(client: ChertClient, transport: ScriptedTransport) -> None:
    """chert-contract.md section 14.1: signature and tenant come together; there is no bearer token."""
    transport.steps = [httpx2.Response(200, json=SENT)]

    await client.send(TENANT, MESSAGE)

    request = transport.requests[0]
    assert sign(SECRET, request.content, NOW) == request.headers["x-chert-signature"]
    assert TENANT == request.headers["x-chert-tenant"]
    assert "application/json" == request.headers["content-type"]
    assert "authorization" not in request.headers


async def test_the_same_message_is_the_same_bytes(client: ChertClient, transport: ScriptedTransport) -> None:
    """A repeat under one key must not look like another body."""
    transport.steps = [httpx2.Response(200, json=SENT), httpx2.Response(200, json=SENT)]

    await client.send(TENANT, MESSAGE)
    await client.send(TENANT, MESSAGE)

    assert transport.requests[0].content == transport.requests[1].content


async def test_half_a_surrogate_pair_is_chert_s_to_refuse(client: ChertClient, transport: ScriptedTransport) -> None:
    """A text that UTF-8 cannot say still makes a request, never an error of ours."""
    transport.steps = [httpx2.Response(200, json=SENT)]

    await client.send(TENANT, OutgoingMessage(phone="+14155550100", body="\ud83d", idempotency_key="k"))

    assert rb'"\ud83d"' in transport.requests[0].content


@pytest.mark.parametrize(
    "trouble",
    [httpx2.ConnectError("refused"), httpx2.ReadTimeout("late"), httpx2.Response(503), httpx2.Response(200)],
    ids=["not sent", "answer lost", "server fault", "malformed"],
)
async def test_a_send_is_one_try(
    client: ChertClient, transport: ScriptedTransport, trouble: httpx2.Response | Exception
) -> None:
    """Each try of a send is its caller's to record, so none is made here."""
    transport.steps = [trouble, httpx2.Response(200, json=SENT)]

    with pytest.raises(ChertError):
        await client.send(TENANT, MESSAGE)

    assert 1 == len(transport.requests)


async def test_saturated_lines_say_when_to_come_back(client: ChertClient, transport: ScriptedTransport) -> None:
    """chert-contract.md section 13.3: 4002 is worth another try, and surely sent nothing."""
    body = {"status": "failed", "code": 4002, "message": "saturated", "retryable": True, "retry_after": 600}
    transport.steps = [httpx2.Response(503, json=body, headers={"x-trace-id": "t-1"})]

    with pytest.raises(LinesSaturatedError) as caught:
        await client.send(TENANT, MESSAGE)

    assert (True, 600.0, False, "t-1") == (
        caught.value.retryable,
        caught.value.retry_after_seconds,
        caught.value.may_have_happened,
        caught.value.trace_id,
    )


async def test_every_try_of_a_read_is_signed_anew(transport: ScriptedTransport) -> None:
    """chert-contract.md section 4.2: re-sign on retry, never reuse; the secret may have been rotated as well."""
    seconds = count(NOW)
    secrets = iter([b"old", b"new"])
    transport.steps = [httpx2.Response(502), httpx2.Response(200, json={"phone_numbers": []})]
    async with ChertClient(
        "https://console.chert.test",
        signing_secret=lambda: next(secrets),
        now=lambda: datetime.fromtimestamp(next(seconds), UTC),
        transport=transport,
    ) as client:
        await client.phone_numbers(TENANT)

    assert [sign(b"old", b"", NOW), sign(b"new", b"", NOW + 1)] == [
        request.headers["x-chert-signature"] for request in transport.requests
    ]


async def test_a_read_is_given_up_after_three_tries(client: ChertClient, transport: ScriptedTransport) -> None:
    """Retries are capped; the last trouble is what the caller gets."""
    transport.steps = [httpx2.Response(500), httpx2.ReadError("broken"), httpx2.Response(503)]

    with pytest.raises(ServerFaultError) as caught:
        await client.phone_numbers(TENANT)

    assert 503 == caught.value.status


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(500, json={"error": {"code": 3001, "retryable": False}}),
        httpx2.Response(500, json={"error": {"code": 3003}}),
        httpx2.Response(429, json={"error": {"code": 1007, "retry_after": 1}}),
        httpx2.Response(404, json={"error": {"code": 2002}}),
    ],
    ids=["flagged", "not configured", "throttled", "refused"],
)
async def test_what_would_not_get_better_at_once_is_not_repeated(
    client: ChertClient, transport: ScriptedTransport, answer: httpx2.Response
) -> None:
    """Chert's flag is obeyed, and when it throttles, the caller decides."""
    transport.steps = [answer]

    with pytest.raises(ChertError):
        await client.phone_numbers(TENANT)

    assert 1 == len(transport.requests)


async def test_lines_are_read(client: ChertClient, transport: ScriptedTransport) -> None:
    """chert-contract.md section 14.5."""
    line = {
        "id": "line-1",
        "phone_line_id": "line-1",
        "phone_number": "+14155550111",
        "service": "imessage",
        "is_active": True,
        "capabilities": ["imessage", "send", "receive"],
    }
    transport.steps = [httpx2.Response(200, json={"phone_numbers": [line]})]

    (read,) = await client.phone_numbers(TENANT)

    assert ("line-1", "+14155550111", True) == (read.id, read.phone_number, read.is_active)
    assert ("imessage", "send", "receive") == read.capabilities
    assert "/api/v1/phone-numbers" == transport.requests[0].url.path


async def test_subscriptions_are_read(client: ChertClient, transport: ScriptedTransport) -> None:
    """chert-contract.md section 14.6: without events a subscription hears all; a secret is not taken over."""
    ours = {"id": "s-1", "url": "https://x.test/hook", "events": ["message.received"], "is_active": True}
    transport.steps = [
        httpx2.Response(200, json={"subscriptions": [ours, {"id": "s-2", "url": "https://y.test", "secret": "s3cret"}]})
    ]

    first, second = await client.webhook_subscriptions(TENANT)

    assert (True, ("message.received",)) == (first.is_active, first.events)
    assert (False, ()) == (second.is_active, second.events)
    assert "s3cret" not in repr(second)
    assert "/api/v1/webhook-subscriptions" == transport.requests[0].url.path


async def test_a_chat_s_messages_are_read(client: ChertClient, transport: ScriptedTransport) -> None:
    """chert-contract.md section 14.4: parts of unknown types do no harm, and the text is that of the text parts."""
    message = {
        "id": "m-1",
        "chat_id": "lead-1",
        "direction": "inbound",
        "status": "received",
        "created_at": "2026-05-24T01:35:34.000Z",
        "delivered_at": None,
        "parts": [
            {"type": "text", "value": "Hi"},
            {"type": "media", "attachment_id": "in_1"},
            {"type": "hologram", "depth": 3},
            {"type": "text", "value": "there"},
        ],
    }
    transport.steps = [httpx2.Response(200, json={"messages": [message], "has_more": True})]

    history = await client.chat_messages(TENANT, "lead-1")

    assert history.has_more
    assert "Hi\nthere" == history.messages[0].text
    assert datetime(2026, 5, 24, 1, 35, 34, tzinfo=UTC) == history.messages[0].created_at
    assert "/api/v1/chats/lead-1/messages" == transport.requests[0].url.path


@pytest.mark.parametrize("chat_id", ["", "..", "a/b", "a?b", "é", "a" * 129])
async def test_a_chat_id_that_cannot_stand_in_a_path_is_never_sent(
    client: ChertClient, transport: ScriptedTransport, chat_id: str
) -> None:
    """Such a chat does not exist."""
    with pytest.raises(NotFoundError):
        await client.chat_messages(TENANT, chat_id)

    assert [] == transport.requests


async def test_a_page_of_events_is_read(client: ChertClient, transport: ScriptedTransport) -> None:
    """chert-contract.md section 14.8: only what is given is asked for, moments in UTC."""
    row = {
        "id": "e-1",
        "type": "message.received",
        "event_id": "chert:msg:1",
        "lead_id": "lead-1",
        "payload": {"data": {"deep": [1, None]}},
        "delivery": {"status": "failed", "attempts": [{"status": 503}]},
        "created_at": "2026-05-24T01:35:34Z",
    }
    transport.steps = [httpx2.Response(200, json={"events": [row, {"id": "e-2"}], "next_cursor": "c", "count": 2})]
    since = datetime(2026, 11, 22, 13, 0, tzinfo=timezone(timedelta(hours=1)))

    page = await client.events(TENANT, event_type="message.received", since=since, cursor="b")

    assert {
        "type": "message.received",
        "since": "2026-11-22T12:00:00Z",
        "cursor": "b",
        "limit": "200",
    } == dict(transport.requests[0].url.params)
    assert ("c", ["e-1", "e-2"]) == (page.next_cursor, [event.id for event in page.events])
    assert {"data": {"deep": [1, None]}} == page.events[0].payload
    assert ("failed", None) == (page.events[0].delivery_status, page.events[1].delivery_status)


async def test_a_call_belongs_to_its_trace(
    client: ChertClient, transport: ScriptedTransport, span: trace.SpanContext
) -> None:
    """The trace goes on at Chert's side (W3C Trace Context)."""
    transport.steps = [httpx2.Response(200, json=SENT)]

    await client.send(TENANT, MESSAGE)

    assert f"00-{span.trace_id:032x}-{span.span_id:016x}-01" == transport.requests[0].headers["traceparent"]


async def test_the_budget_ends_a_call_whose_answer_never_comes() -> None:
    """After the whole budget the call is over, and the send may have happened."""

    async def never(_request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with ChertClient(
        "https://console.chert.test",
        signing_secret=lambda: SECRET,
        now=lambda: datetime.fromtimestamp(NOW, UTC),
        limits=CallLimits(total_seconds=0.01),
        transport=httpx2.MockTransport(never),
    ) as client:
        with pytest.raises(AnswerLostError, match="BudgetSpent"):
            await client.send(TENANT, MESSAGE)


async def test_a_body_beyond_the_limit_is_malformed(transport: ScriptedTransport) -> None:
    """More than the limit is not kept, and the send may have happened."""
    transport.steps = [httpx2.Response(200, json=SENT)]
    async with ChertClient(
        "https://console.chert.test",
        signing_secret=lambda: SECRET,
        now=lambda: datetime.fromtimestamp(NOW, UTC),
        limits=CallLimits(response_bytes=10),
        transport=transport,
    ) as client:
        with pytest.raises(MalformedAnswerError) as caught:
            await client.send(TENANT, MESSAGE)

    assert caught.value.may_have_happened


def test_what_people_wrote_never_shows_in_a_log() -> None:
    """A message's text shows neither number nor body."""
    assert "OutgoingMessage(idempotency_key='wf:1:c-1', external_id='904', phone_line_id=None)" == repr(MESSAGE)


async def test_a_subscription_is_made_in_one_try(client: ChertClient, transport: ScriptedTransport) -> None:
    """chert-contract.md section 14.6: the secret is told once, and shows itself nowhere."""
    told = {"url": "https://x.test/w", "events": ["message.received"]}
    made = {"id": "s1", **told, "is_active": True, "secret": "f" * 64}
    transport.steps = [httpx2.Response(201, json={"subscription": made})]

    new = await client.subscribe(TENANT, "https://x.test/w", ["message.received"])

    assert told == json.loads(transport.requests[0].content)
    assert ("f" * 64, True) == (new.secret.get_secret_value(), new.is_active)
    assert "ffff" not in repr(new)


async def test_a_subscription_is_activated(client: ChertClient, transport: ScriptedTransport) -> None:
    """A change names what changes and nothing else."""
    changed = {"id": "s1", "url": "https://x.test/w", "events": [], "is_active": True}
    transport.steps = [httpx2.Response(200, json={"subscription": changed})]

    assert (await client.activate_subscription(TENANT, "s1")).is_active

    request = transport.requests[0]
    assert ("PATCH", "/api/v1/webhook-subscriptions/s1") == (request.method, request.url.path)
    assert {"is_active": True} == json.loads(request.content)


@pytest.mark.parametrize("subscription_id", ["", "../send", "a/b", "s1?x"])
async def test_what_is_no_subscription_s_id_is_never_called(
    client: ChertClient, transport: ScriptedTransport, subscription_id: str
) -> None:
    """An id that cannot stand in a path is not found."""
    with pytest.raises(NotFoundError):
        await client.activate_subscription(TENANT, subscription_id)
    assert [] == transport.requests
