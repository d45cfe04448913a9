"""The gateway as its own process, over real connections."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from harness import ports
from harness.processes import Command, Supervisor

pytestmark = pytest.mark.integration

BODY = b'{"text":"Zo\xc3\xab"}\x00'
REQUEST = b"POST /api/hubspot/widget/./a%2Fb/%7e?e=rep%40acme.test&n=a%20b&&e=2 HTTP/1.1\r\n"


async def test_bytes_on_the_wire_pass_unchanged(tmp_path: Path) -> None:
    """The request line and the body that a service reads are those that the client wrote."""
    seen: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def service(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.set_result(head + await reader.readexactly(len(BODY)))
        writer.write(b"HTTP/1.1 204 No Content\r\nX-Answer: yes\r\n\r\n")
        await writer.drain()
        writer.close()

    port = ports.free_port()
    async with await asyncio.start_server(service, ports.LOOPBACK) as server:
        with Supervisor() as supervisor:
            gateway(supervisor, tmp_path, port, service_port=server.sockets[0].getsockname()[1])
            answer = await exchange(port, REQUEST + b"Host: localhost\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)

    assert (await seen).startswith(REQUEST)
    assert (await seen).endswith(b"\r\n\r\n" + BODY)
    assert answer.startswith(b"HTTP/1.1 204")
    assert b"x-answer: yes" in answer.lower()


async def test_a_service_that_is_away_is_a_502(tmp_path: Path) -> None:
    """Nobody listens behind the gateway: the client is told so in JSON at once."""
    port = ports.free_port()
    with Supervisor() as supervisor:
        gateway(supervisor, tmp_path, port, service_port=ports.free_port())
        answer = await exchange(port, b"GET /api/hubspot/widget/context HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 502")
    assert b'"code":3004' in answer


def gateway(supervisor: Supervisor, folder: Path, port: int, *, service_port: int) -> None:
    """Start a gateway with every service at one port."""
    service = f"http://127.0.0.1:{service_port}"
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        **{f"GATEWAY_{name}_URL": service for name in ("OAUTH", "WEBHOOKS", "ACTIONS", "CHERT")},
    }
    arguments = (sys.executable, "-m", "harness.gateway")
    process = supervisor.start(
        Command(name="gateway", arguments=arguments, log=folder / "gateway.log", environment=environment)
    )
    process.wait_ready(lambda: ports.answers(port), seconds=20)


async def exchange(port: int, request: bytes) -> bytes:
    """One raw request; the head of its answer and what came with it."""
    reader, writer = await asyncio.open_connection(ports.LOOPBACK, port)
    writer.write(request)
    await writer.drain()
    answer = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in answer.lower().splitlines() if b"content-length" in line), 0)
    answer += await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
    return answer
