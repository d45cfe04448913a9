import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest

from hubspot_client import (
    AnswerLostError,
    CallLimits,
    HubSpotClient,
    HubSpotConnection,
    MalformedAnswerError,
    NewCommunication,
    NotSentError,
    ServerFaultError,
)
from hubspot_client.testing import ScriptedTransport

PORTAL = 62515
DETAILS = {"portalId": PORTAL, "uiDomain": "app.hubspot.test", "accountType": "STANDARD"}


class NeverAnswers(httpx2.AsyncBaseTransport):
    """Takes a request and keeps it."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Wait for something that never comes."""
        await asyncio.Event().wait()
        raise AssertionError(request)


class DripsForever(httpx2.AsyncByteStream):
    """A body without an end."""

    def __init__(self) -> None:
        self.chunks = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.chunks += 1
            yield b" " * 1024


async def access_token(portal_id: int) -> str:
    """An access token that names its account."""
    return f"access-token-of-{portal_id}"


async def test_a_call_carries_the_account_s_token_and_asks_for_plain_json(
    client: HubSpotClient, transport: ScriptedTransport
) -> None:
    """The access token travels in the header alone, and the answer is asked for uncompressed."""
    transport.steps = [httpx2.Response(200, json=DETAILS)]

    await client.account_details(PORTAL)

    request = transport.requests[0]
    assert f"Bearer access-token-of-{PORTAL}" == request.headers["authorization"]
    assert "identity" == request.headers["accept-encoding"]
    assert "access-token" not in str(request.url)


@pytest.mark.parametrize(
    "trouble",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("late"),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(502),
    ],
    ids=["not sent", "answer lost", "malformed", "server fault"],
)
async def test_a_read_is_tried_again(
    client: HubSpotClient, transport: ScriptedTransport, trouble: httpx2.Response | Exception
) -> None:
    """A read that met a passing trouble is repeated, with a token asked for anew."""
    transport.steps = [trouble, httpx2.Response(200, json=DETAILS)]

    details = await client.account_details(PORTAL)

    assert "app.hubspot.test" == details.ui_domain
    assert 2 == len(transport.requests)


async def test_a_read_is_given_up_after_three_tries(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """Retries are capped; the last trouble is what the caller gets."""
    transport.steps = [httpx2.Response(500), httpx2.Response(502), httpx2.Response(503)]

    with pytest.raises(ServerFaultError) as caught:
        await client.account_details(PORTAL)

    assert 503 == caught.value.status
    assert [] == transport.steps


@pytest.mark.parametrize("status", [400, 401, 403, 404, 423, 429, 477])
async def test_a_refused_or_throttled_read_is_not_repeated(
    client: HubSpotClient, transport: ScriptedTransport, status: int
) -> None:
    """Neither a refusal nor a full budget gets better by asking again at once."""
    transport.steps = [httpx2.Response(status)]

    with pytest.raises(Exception, match=f"status={status}"):
        await client.account_details(PORTAL)

    assert 1 == len(transport.requests)


@pytest.mark.parametrize(
    "trouble",
    [httpx2.ConnectError("refused"), httpx2.ReadTimeout("late"), httpx2.Response(502), httpx2.Response(429)],
    ids=["not sent", "answer lost", "server fault", "limited"],
)
async def test_a_write_is_sent_once(
    client: HubSpotClient, transport: ScriptedTransport, trouble: httpx2.Response | Exception
) -> None:
    """Whatever happens to a write, it is not repeated here."""
    transport.steps = [trouble, httpx2.Response(204)]

    with pytest.raises(Exception, match="Error"):
        await client.uninstall(PORTAL)

    assert 1 == len(transport.requests)


async def test_a_redirect_is_not_followed(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """A token never follows an answer to another host."""
    transport.steps = [httpx2.Response(307, headers={"location": "https://elsewhere.test/"})]

    with pytest.raises(MalformedAnswerError):
        await client.uninstall(PORTAL)

    assert 1 == len(transport.requests)


async def test_the_budget_ends_a_call_whose_answer_never_comes() -> None:
    """After the whole budget the call is over, and the write may have happened."""
    limits = CallLimits(total_seconds=0.01)
    async with HubSpotConnection("https://api.hubapi.test", limits=limits, transport=NeverAnswers()) as connection:
        with pytest.raises(AnswerLostError, match="BudgetSpent"):
            await HubSpotClient(connection, access_token).uninstall(PORTAL)


async def test_the_budget_covers_the_access_token() -> None:
    """A token that never comes ends the call too, and then nothing was sent."""

    async def no_token(portal_id: int) -> str:
        await asyncio.Event().wait()
        raise AssertionError(portal_id)

    limits = CallLimits(total_seconds=0.01)
    async with HubSpotConnection("https://api.hubapi.test", limits=limits, transport=NeverAnswers()) as connection:
        with pytest.raises(NotSentError, match="BudgetSpent"):
            await HubSpotClient(connection, no_token).uninstall(PORTAL)


@pytest.mark.parametrize("failure", [LookupError("no such tenant"), TimeoutError("oauth is slow")], ids=repr)
async def test_what_the_token_s_source_raises_reaches_the_caller(
    connection: HubSpotConnection, failure: Exception
) -> None:
    """A failure to get a token is not HubSpot's, not even a timeout, and is passed on as it is."""

    async def no_token(_portal_id: int) -> str:
        raise failure

    with pytest.raises(type(failure)) as caught:
        await HubSpotClient(connection, no_token).account_details(PORTAL)

    assert failure is caught.value


async def test_a_body_beyond_the_limit_is_not_read_to_its_end(transport: ScriptedTransport) -> None:
    """Reading stops at the limit, and a success that cannot be read is a malformed answer."""
    body = DripsForever()
    transport.steps = [httpx2.Response(201, stream=body)]
    limits = CallLimits(response_bytes=4096)
    async with HubSpotConnection("https://api.hubapi.test", limits=limits, transport=transport) as connection:
        client = HubSpotClient(connection, access_token)
        with pytest.raises(MalformedAnswerError):
            await client.communications.batch_create(
                PORTAL, {"t": NewCommunication("904", "Hi", datetime(2026, 11, 22, tzinfo=UTC))}
            )

    assert 5 == body.chunks


async def test_a_compressed_body_is_not_unpacked(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """What was not asked for is not unfolded in memory, however small it looks."""
    bomb = gzip.compress(json.dumps(DETAILS).encode())
    headers = {"content-encoding": "gzip"}
    transport.steps = [httpx2.Response(200, stream=httpx2.ByteStream(bomb), headers=headers) for _ in range(3)]

    with pytest.raises(MalformedAnswerError):
        await client.account_details(PORTAL)


async def test_a_protocol_error_that_quotes_a_header_is_not_passed_on(
    client: HubSpotClient, transport: ScriptedTransport
) -> None:
    """Only the kind of a transport failure is told, for its text can hold the token."""
    transport.steps = [httpx2.LocalProtocolError("Illegal header value b'Bearer secret'")]

    with pytest.raises(AnswerLostError) as caught:
        await client.uninstall(PORTAL)

    assert "AnswerLostError category=LocalProtocolError" == str(caught.value)
    assert None is caught.value.__cause__
    assert caught.value.__suppress_context__


async def test_the_version_chooses_the_paths(transport: ScriptedTransport) -> None:
    """The whole client speaks the version its connection was opened with."""
    transport.steps = [httpx2.Response(200, content=json.dumps(DETAILS))]
    async with HubSpotConnection("https://api.hubapi.test", version="2026-03", transport=transport) as connection:
        await HubSpotClient(connection, access_token).account_details(PORTAL)

    assert "/account-info/2026-03/details" == transport.requests[0].url.path
