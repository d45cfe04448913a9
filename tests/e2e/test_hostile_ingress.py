"""The running ingress against whatever arrives on its socket: no server error, no death, no memory."""

import asyncio
import contextlib
import gzip
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.faults._ingress_deliveries import (
    CHERT,
    CONTACTS,
    UNINSTALL,
    Makers,
    Signer,
    raw_request,
    request,
)

from harness.connections import Connection
from harness.memory import MemoryWatch
from harness.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MIB = 1024 * 1024
MOST_GROWTH = 8.0
"""MiB."""
PATIENCE = 30.0
"""Seconds for one connection; the server's own deadlines are shorter."""
LINGER = 0.25
"""Seconds for which a client that has said everything waits before it closes its side."""
ROUTES = (UNINSTALL, CONTACTS, CHERT)
WARM = 500


@pytest.fixture(scope="module", autouse=True)
def warmed(ingress: System) -> None:
    """The service as large as some load makes it."""
    asyncio.run(warm(ingress))


@pytest.fixture(scope="module")
def http(ingress: System) -> Iterator[httpx2.Client]:
    """A client of the service."""
    with httpx2.Client(base_url=ingress.url("webhooks"), trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def operations(ingress: System) -> list[Any]:
    """What the service's document describes."""
    schema = schemathesis.openapi.from_url(f"{ingress.url('webhooks')}/openapi.json")
    return [operation.ok() for operation in schema.get_all_operations()]


async def warm(system: System) -> None:
    """Deliver for a while, rightly and wrongly."""
    makers, signer = Makers(Random(1)), Signer.of(system)  # noqa: S311 - a repeatable choice, no secret
    async with await Connection.open(system.url("webhooks")) as connection:
        for number in range(WARM):
            delivery = makers.any()
            body = delivery.body()
            headers = signer.sign(delivery, body, time.time()) if number % 2 else []
            await connection.exchange(request(delivery, headers, body))


async def is_well(system: System) -> bool:
    """Whether the process lives and takes a delivery."""
    delivery = Makers(Random(), first_account=77_000_000).uninstalls(1)  # noqa: S311 - as above
    body = delivery.body()
    wire = request(delivery, Signer.of(system).sign(delivery, body, time.time()), body)
    async with await Connection.open(system.url("webhooks")) as connection:
        answer = await connection.exchange(wire)
    return answer.status == 200 and system.processes["webhooks"].running


async def answers_to(system: System, content: AsyncIterator[bytes]) -> list[int]:
    """The statuses that came back for what was written, until the server or the content ended."""
    place = urlsplit(system.url("webhooks"))
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        async with asyncio.timeout(PATIENCE):
            reading = asyncio.create_task(reader.read(-1))
            await _written(writer, content, reading)
            came = await reading
    except ConnectionError:
        return []
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", came)]


async def _written(writer: asyncio.StreamWriter, content: AsyncIterator[bytes], reading: "asyncio.Task[bytes]") -> None:
    with contextlib.suppress(OSError):
        async for piece in content:
            writer.write(piece)
            await writer.drain()
            if reading.done():
                return
        await asyncio.wait({reading}, timeout=LINGER)  # a server may drop what it does not know to be awaited
        writer.write_eof()


async def whole(content: bytes) -> AsyncIterator[bytes]:
    """One piece."""
    yield content


def raw_bytes(random: Random, valid: bytes) -> bytes:
    """Something that resembles a request, more or less."""
    head, _, body = valid.partition(b"\r\n\r\n")
    place, length = random.randrange(len(valid)), random.randrange(1, 60)
    noise = random.randbytes(random.randrange(1, 400))
    return random.choice(
        (
            noise,
            valid[:place],
            valid[:place] + noise + valid[place:],
            valid[:place] + valid[place + length :],
            valid + valid[place : place + length],
            bytes(byte ^ (1 << random.randrange(8)) if random.random() < 0.02 else byte for byte in valid),
            _with_line(head, random.choice(LINES) + random.choice((b"", noise))) + body,
            random.choice(REQUEST_LINES) + b"\r\n" + head.partition(b"\r\n")[2] + b"\r\n\r\n" + body,
            _with_line(head, b"Transfer-Encoding: chunked") + random.choice(CHUNKS) + noise,
            valid * random.randrange(2, 6) + noise,
        )
    )


def _with_line(head: bytes, line: bytes) -> bytes:
    first, _, rest = head.partition(b"\r\n")
    return first + b"\r\n" + line + b"\r\n" + rest + b"\r\n\r\n"


LINES = (
    b"Content-Length: -1",
    b"Content-Length: 1e3",
    b"Content-Length: 99999999999999999999999",
    b"Content-Length: 5",
    b"Content-Length: 5, 6",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding : chunked",
    b"Expect: 100-continue",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x",
    b"Connection: close, keep-alive",
    b"Host:",
    b" folded: line",
    b"no colon",
    b": no name",
    b"X-\0: nul",
    b"X-HubSpot-Signature-v3: \xff\xfe",
    b"\r\n".join(b"X-%d: %d" % (number, number) for number in range(500)),
    b"X-Long: " + b"a" * 20_000,
)
REQUEST_LINES = (
    b"POST /api/hubspot/webhook HTTP/9.9",
    b"POST /api/hubspot/webhook",
    b"POST  /api/hubspot/webhook  HTTP/1.1",
    b"post /api/hubspot/webhook HTTP/1.1",
    b"POST * HTTP/1.1",
    b"POST http://evil.example/api/hubspot/webhook HTTP/1.1",
    b"POST //api//hubspot/../webhook HTTP/1.1",
    b"POST /api/hubspot/webhook?%00%zz%u1234=\xff HTTP/1.1",
    b"POST /%2e%2e/%00 HTTP/1.1",
    b"POST /" + b"a" * 20_000 + b" HTTP/1.1",
    b"CONNECT evil.example:443 HTTP/1.1",
    b"PRI * HTTP/2.0",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)
CHUNKS = (b"ffffffffffffffff\r\n", b"-1\r\n", b"0x5\r\n", b"5;a=b\r\nhello\r\n", b"5\r\nhello", b"0\r\n\r\n", b"\r\n")


async def test_raw_bytes_do_no_harm(ingress: System) -> None:
    """A thousand broken requests get no server error, and leave a process that lives, works and has not grown."""
    random, makers, signer = Random(5_010), Makers(Random(2)), Signer.of(ingress)  # noqa: S311 - as above
    gate = asyncio.Semaphore(64)

    async def send() -> list[int]:
        delivery = makers.any()
        body = delivery.body()
        valid = request(delivery, signer.sign(delivery, body, time.time()), body)
        async with gate:
            return await answers_to(ingress, whole(raw_bytes(random, valid)))

    with MemoryWatch(ingress.processes["webhooks"]) as memory:
        statuses = [status for statuses in await asyncio.gather(*(send() for _ in range(1_000))) for status in statuses]

    assert [] == [status for status in statuses if status >= 500]
    assert {200, 400, 401} <= set(statuses)
    assert await is_well(ingress)
    assert memory.growth <= MOST_GROWTH


async def endless(head: bytes, piece: bytes, pieces: int) -> AsyncIterator[bytes]:
    """A request that goes on and on."""
    yield head
    for _ in range(pieces):
        yield piece


POST = b"POST /api/hubspot/webhook HTTP/1.1\r\nHost: localhost\r\n"
BOMB = gzip.compress(b"[" + b" " * (200 * MIB - 2) + b"]", compresslevel=9)
JUST_OVER = 65_536
"""Bytes; with what is before them all is read when the limit is passed, so that no reset overtakes the answer."""
TOO_MUCH = {
    "200 MiB, said beforehand": (POST + b"Content-Length: %d\r\n\r\n" % (200 * MIB), b"a" * 65_536, 3_200, 413),
    "200 MiB in chunks": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n",
        b"10000\r\n" + b"a" * 65_536 + b"\r\n",
        3_200,
        413,
    ),
    "endless chunks of one byte": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 10_000, 150, 413),
    "64 KB in one header": (POST + b"X-Long: ", b"a" * JUST_OVER, 1, 431),
    "64 KB in many headers": (POST, b"X: y\r\n" * (JUST_OVER // 6), 1, 431),
    "64 KB in the target": (b"POST /api/hubspot/webhook?", b"a" * JUST_OVER, 1, 431),
}


@pytest.mark.parametrize("name", TOO_MUCH)
async def test_too_much_is_refused_and_not_kept(ingress: System, name: str) -> None:
    """What is over a limit gets its own status as soon as that is known, and its bytes are not held in memory."""
    head, piece, pieces, status = TOO_MUCH[name]

    with MemoryWatch(ingress.processes["webhooks"]) as memory:
        statuses = await answers_to(ingress, endless(head, piece, pieces))

    assert [status] == statuses
    assert memory.growth <= MOST_GROWTH
    assert await is_well(ingress)


async def test_a_compressed_body_is_not_unpacked(ingress: System) -> None:
    """200 MiB of JSON that travel as 200 KB, signed rightly, are refused for what they are, packed."""
    signer = Signer.of(ingress)
    headers = signer.hubspot("POST", CONTACTS, BOMB, str(int(time.time() * 1000)))
    wire = raw_request(b"POST", CONTACTS.encode(), [*headers, (b"Content-Encoding", b"gzip")], BOMB)

    with MemoryWatch(ingress.processes["webhooks"]) as memory:
        statuses = await answers_to(ingress, whole(wire))

    assert len(statuses) == 1
    assert statuses[0] in {400, 413, 415}
    assert memory.growth <= MOST_GROWTH
    assert await is_well(ingress)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KNOWN = st.sampled_from(
    [
        "app.uninstalled",
        "contact.creation",
        "contact.propertyChange",
        "contact.deletion",
        "contact.merge",
        "contact.restore",
        "contact.privacyDeletion",
        "object.creation",
        "deal.creation",
    ]
)
EVENT = st.fixed_dictionaries(
    {},
    optional={
        "eventId": st.integers() | JSON,
        "portalId": st.integers(min_value=1) | JSON,
        "appId": st.integers() | JSON,
        "occurredAt": st.integers(min_value=0, max_value=2**63) | JSON,
        "subscriptionType": KNOWN | JSON,
        "objectId": st.integers(min_value=1) | JSON,
        "objectTypeId": st.just("0-1") | JSON,
        "propertyName": st.sampled_from(["phone", "mobilephone", "email"]) | JSON,
        "primaryObjectId": st.integers(min_value=1) | JSON,
        "mergedObjectIds": st.lists(st.integers(min_value=1), max_size=4) | JSON,
        "newObjectId": st.integers(min_value=1) | JSON,
        "changeSource": JSON,
        "sourceId": JSON,
    },
)
ENVELOPE = st.fixed_dictionaries(
    {},
    optional={
        "event": st.just("message.received") | JSON,
        "event_id": st.text(max_size=40) | JSON,
        "timestamp": st.just("2026-11-22T12:00:00Z") | JSON,
        "partner_id": st.text(max_size=20) | JSON,
        "payload": JSON,
        "from": JSON,
        "to": JSON,
        "text": JSON,
        "message_guid": JSON,
        "data": st.fixed_dictionaries(
            {},
            optional={
                "chat": st.fixed_dictionaries({"id": st.text(max_size=10) | JSON}) | JSON,
                "message": st.fixed_dictionaries(
                    {"id": st.text(max_size=10) | JSON, "sender_handle": st.fixed_dictionaries({"handle": JSON})},
                    optional={"parts": st.lists(JSON, max_size=3), "direction": st.just("inbound") | JSON},
                )
                | JSON,
            },
        )
        | JSON,
    },
)
CONTENT = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.lists(EVENT, max_size=5).map(lambda events: json.dumps(events).encode()),
    ENVELOPE.map(lambda envelope: json.dumps(envelope, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    st.integers(min_value=1, max_value=20_000).map(lambda depth: b"[" * depth + b"]" * depth),
)


@given(route=st.sampled_from(ROUTES), body=CONTENT)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_sender_signs_is_taken_or_refused(
    ingress: System, http: httpx2.Client, route: str, body: bytes
) -> None:
    """Behind a right signature any body is a 200, with what is wrong set aside, or a 400; never a server error."""
    signer, now = Signer.of(ingress), time.time()
    if route == CHERT:
        headers = signer.chert(body, str(int(now)), older=False)
    else:
        headers = signer.hubspot("POST", route, body, str(int(now * 1000)))

    answer = http.post(route, content=body, headers={name.decode(): value.decode() for name, value in headers})

    assert answer.status_code in {200, 400}
    assert answer.json()["ok"] == (answer.status_code == 200)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_breaks_the_document(operations: list[Any], data: st.DataObject) -> None:
    """Whatever the document allows or forbids is answered as the document says, and without a server error."""
    operation = data.draw(st.sampled_from(operations))
    case = data.draw(operation.as_strategy())

    case.call_and_validate()
