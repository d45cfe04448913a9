"""Which of Chert's answers are final."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest

from actions.adapters.chert import ChertMessenger
from actions.errors import NotDeliveredError
from actions.models import Accepted, Outgoing, Refused
from chassis.settings import NotLoadedError
from chert_client import ChertClient
from chert_client.testing import ScriptedTransport
from contracts.failures import Code

MESSAGE = Outgoing(phone="+14155551234", body="Hi", name="Ada", external_id="904", phone_line_id=None)
SENT = {
    "status": "sent",
    "message_id": "m1",
    "lead_id": "l1",
    "lead_created": True,
    "convo_id": "c1",
    "phone_line_id": "p1",
}


def client_over(transport: ScriptedTransport, *, loaded: bool = True) -> ChertClient:
    """A client at a fixed time."""

    def secret() -> bytes:
        if not loaded:
            raise NotLoadedError("absent")
        return b"0123456789abcdef0123456789abcdef"

    return ChertClient(
        "https://console.chert.test",
        signing_secret=secret,
        now=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        transport=transport,
    )


@pytest.fixture
def transport() -> ScriptedTransport:
    """An empty script; tests append to its steps."""
    return ScriptedTransport()


@pytest.fixture
async def messenger(transport: ScriptedTransport) -> AsyncIterator[ChertMessenger]:
    """Chert, answering from the script."""
    async with client_over(transport) as client:
        yield ChertMessenger(client)


def failed(status: int, code: int | None, words: str, **more: object) -> httpx2.Response:
    """A failure body of `/send`."""
    return httpx2.Response(status, json={"status": "failed", "code": code, "message": words, **more})


async def test_a_message_is_handed_over(messenger: ChertMessenger, transport: ScriptedTransport) -> None:
    """The claim key is the idempotency key, and the answer's ids are kept."""
    transport.steps.append(httpx2.Response(200, json=SENT))

    outcome = await messenger.send("acme", "wf:1:ap-1", MESSAGE)

    [request] = transport.requests
    assert Accepted(message_id="m1", lead_id="l1", lead_created=True, phone_line_id="p1") == outcome
    assert request.headers["x-chert-tenant"] == "acme"
    assert json.loads(request.content) == {
        "phone": "+14155551234",
        "body": "Hi",
        "idempotency_key": "wf:1:ap-1",
        "name": "Ada",
        "external_id": "904",
    }


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (failed(402, 2008, "daily cap reached", retryable=False), Refused(code=2008, error="daily cap reached")),
        (failed(400, 1005, "no links"), Refused(code=1005, error="no links")),
        (failed(409, 1012, ""), Refused(code=1012, error="refused by Chert with code 1012")),
        (failed(400, 1009, "x" * 600), Refused(code=1009, error="x" * 500)),
    ],
)
async def test_a_final_refusal_keeps_code_and_words(
    messenger: ChertMessenger, transport: ScriptedTransport, answer: httpx2.Response, refused: Refused
) -> None:
    """What Chert refuses for good is an outcome, in Chert's own words as far as there are any."""
    transport.steps.append(answer)

    assert refused == await messenger.send("acme", "wf:1:ap-1", MESSAGE)


@pytest.mark.parametrize(
    ("step", "may_have_happened", "code", "retry_after"),
    [
        (failed(503, 4002, "saturated", retryable=True, retry_after=600), False, Code.LINES_SATURATED, 600),
        (failed(429, 1007, "slow down", retryable=True, retry_after=2), False, Code.RATE_LIMITED, 2),
        (failed(500, 3001, "oops", retryable=True), True, Code.INTERNAL, None),
        (failed(502, 4001, "delivery failed"), True, Code.DELIVERY_FAILED, None),
        (failed(401, 2004, "bad signature"), False, Code.UNAVAILABLE, None),
        (failed(400, 1002, "not now", retryable=True), False, Code.UNAVAILABLE, None),
        (httpx2.Response(404, text="<html>"), False, Code.UNAVAILABLE, None),
        (httpx2.Response(502, text="<html>"), True, Code.UNAVAILABLE, None),
        (httpx2.Response(200, text="{"), True, Code.UNAVAILABLE, None),
        (httpx2.ConnectError("refused"), False, Code.UNAVAILABLE, None),
        (httpx2.ReadTimeout("late"), True, Code.UNAVAILABLE, None),
    ],
)
async def test_anything_else_is_temporary(
    messenger: ChertMessenger,
    transport: ScriptedTransport,
    step: httpx2.Response | Exception,
    may_have_happened: bool,
    code: Code,
    retry_after: float | None,
) -> None:
    """Retryable, ambiguous, unspoken, or about our credential: nothing final, and whether it may have gone out."""
    transport.steps.append(step)

    with pytest.raises(NotDeliveredError) as postponed:
        await messenger.send("acme", "wf:1:ap-1", MESSAGE)

    error = postponed.value
    assert (may_have_happened, code, retry_after) == (error.may_have_happened, error.code, error.retry_after_seconds)


async def test_a_secret_that_is_not_loaded_is_temporary(transport: ScriptedTransport) -> None:
    """Without its credential this service does not call, and says that nothing was sent."""
    async with client_over(transport, loaded=False) as client:
        with pytest.raises(NotDeliveredError) as postponed:
            await ChertMessenger(client).send("acme", "wf:1:ap-1", MESSAGE)

    assert (False, []) == (postponed.value.may_have_happened, transport.requests)
