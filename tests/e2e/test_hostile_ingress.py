"""The running ingress against whatever arrives on its socket: no server error, no death, no memory."""

import asyncio
import contextlib
import gzip
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
from tests.e2e._broken_requests import raw_bytes
from tests.e2e._signed_nonsense import CONTENT
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


async def test_raw_bytes_do_no_harm(ingress: System) -> None:
    """A thousand broken requests get no server error, and leave a process that lives, works and has not grown."""
    random, makers, signer = Random(5_010), Makers(Random(2)), Signer.of(ingress)  # noqa: S311 - as above
    gate = asyncio.Semaphore(8)  # few at once: what sheds load on a busy machine is another test

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
