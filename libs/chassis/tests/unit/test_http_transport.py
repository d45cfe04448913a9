"""HTTP over aiohttp: what is sent, what is read, and how everything that can break is said."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import pytest
import trustme

from chassis.http_transport import AiohttpTransport, HttpConnections
from harness.waiting import eventually, pace

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HANG = b"\x00hang"
"""In place of bytes: nothing more comes, and the connection stays open."""
TOO_LONG = 65_536
"""A head, in bytes."""
MAX_WAITING_BYTES = 1024 * 1024
SECONDS = 30.0
PATIENT = httpx2.Timeout(SECONDS)
AT_ONCE = httpx2.Timeout(SECONDS, read=0.05)


@dataclass
class Server:
    """Answers each request of a connection with the next of its scripts, a list of pieces; then it closes.

    Attributes:
        scripts: what is sent after each request; the last one is for all further ones.
        requests: what came, in order.
        opened: how many connections there were.
        ended: how many of them are closed.
    """

    scripts: list[list[bytes]]
    requests: list[bytes] = field(default_factory=list)
    opened: int = 0
    ended: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.opened += 1
        try:
            while (request := await _request(reader)) is not None:
                self.requests.append(request)
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                for piece in script:
                    if piece == HANG:
                        await reader.read()
                        return
                    writer.write(piece)
                    await writer.drain()
                if script[-1:] == [b""]:
                    return
        except ConnectionError:
            return
        finally:
            writer.close()
            self.ended += 1


async def _request(reader: asyncio.StreamReader) -> bytes | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0]) if lengths else 0)


Serving = Callable[..., Awaitable[Server]]


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    """Starts servers."""
    servers: list[asyncio.Server] = []

    async def serve(*scripts: list[bytes], certificate: ssl.SSLContext | None = None) -> Server:
        server = Server(list(scripts))
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=certificate)
        servers.append(listening)
        scheme = "http" if certificate is None else "https"
        server.url = f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        return server

    yield serve
    for server in servers:
        server.close()


@asynccontextmanager
async def client(
    *,
    certificates: ssl.SSLContext | None = None,
    seconds: httpx2.Timeout = PATIENT,
    connections: int = 10,
    idle_seconds: float = SECONDS,
) -> AsyncIterator[httpx2.AsyncClient]:
    """httpx2's client over aiohttp."""
    transport = AiohttpTransport(connections, idle_seconds=idle_seconds, trusted=certificates)
    async with httpx2.AsyncClient(transport=transport, timeout=seconds) as http:
        yield http


async def until(holds: Callable[[], bool]) -> None:
    """Return once something holds."""

    async def asked() -> bool:
        return holds()

    await eventually(asked, what="the server to have seen it", seconds=SECONDS)


async def test_a_request_goes_out_whole(serving: Serving) -> None:
    """Method, target, every header and the body arrive as httpx2 made them."""
    server = await serving([OK])
    async with client() as http:
        answer = await http.post(f"{server.url}/a%20b?c=d%2Fe", headers={"X-One": "1"}, data={"code": "x y"})

    assert (200, "OK", "HTTP/1.1", b"ok") == (
        answer.status_code,
        answer.reason_phrase,
        answer.http_version,
        answer.content,
    )
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a%20b?c=d%2Fe HTTP/1.1\r\n")
    assert b"\r\nx-one: 1" in head.lower()
    assert f"\r\nhost: {server.url.removeprefix('http://')}".encode() in head.lower()
    assert b"code=x+y" == body


@pytest.mark.parametrize(
    "pieces",
    [
        [OK],
        [OK[index : index + 1] for index in range(len(OK))],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n", b"1\r\nk\r\n0\r\nX-Trailer: t\r\n\r\n"],
        [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" + OK],
    ],
)
async def test_an_answer_is_read_in_every_form(serving: Serving, pieces: list[bytes]) -> None:
    """In one piece or many, with a length or in chunks, after interim answers: it is the same, and the next follows."""
    server = await serving(pieces)
    async with client() as http:
        answers = [await http.get(server.url) for _ in range(3)]

    assert [(200, b"ok")] * 3 == [(answer.status_code, answer.content) for answer in answers]
    assert not any({"link", "x-trailer"} & set(answer.headers) for answer in answers)
    assert 1 == server.opened


async def test_without_httpx2_s_client_it_is_the_same(serving: Serving) -> None:
    """A request that is given in parts goes out whole, and its answer's headers are found in whatever case."""
    server = await serving([b"HTTP/1.1 201 Made\r\nRETRY-AFTER: 3\r\nContent-Length: 2\r\n\r\no", b"k"])
    connections = HttpConnections()
    try:
        for _ in range(2):
            answer = await connections.send("POST", f"{server.url}/a%2Fb?c", {"x-one": "1"}, b"body", {"read": SECONDS})
            pieces = [piece async for piece in answer.pieces()]
            await answer.aclose()
            assert (201, "Made", "3", b"ok") == (
                answer.status,
                answer.reason,
                answer.headers.get("retry-after"),
                b"".join(pieces),
            )
    finally:
        await connections.aclose()

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a%2Fb?c HTTP/1.1\r\n")
    assert b"\r\nx-one: 1" in head.lower()
    assert b"body" == body
    assert 1 == server.opened


async def test_a_body_may_end_with_its_connection(serving: Serving) -> None:
    """An answer without a length ends when the server closes; the next goes over another connection."""
    server = await serving([b"HTTP/1.1 200 OK\r\n\r\no", b"k", b""])
    async with client() as http:
        answers = [await http.get(server.url) for _ in range(2)]

    assert [b"ok", b"ok"] == [answer.content for answer in answers]
    assert 2 == server.opened


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ([b""], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 200 OK\r\nContent-Le", b""], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", b""], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok", b""], httpx2.RemoteProtocolError),
        ([b"SSH-2.0-OpenSSH\r\n"], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok"], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 200 OK\r\nX: " + b"x" * TOO_LONG, HANG], httpx2.RemoteProtocolError),
        ([HANG], httpx2.ReadTimeout),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", HANG], httpx2.ReadTimeout),
    ],
)
async def test_what_is_no_answer_is_an_error(
    serving: Serving, script: list[bytes], error: type[httpx2.TransportError]
) -> None:
    """An answer that ends early, never ends, cannot be read or is too long is an error, and ends its connection."""
    server = await serving(script, [OK])
    seconds = AT_ONCE if error is httpx2.ReadTimeout else PATIENT
    async with client(seconds=seconds) as http:
        with pytest.raises(error):
            await http.post(server.url)
        http.timeout = PATIENT
        assert b"ok" == (await http.get(server.url)).content

    assert 2 == server.opened


async def test_what_nobody_asked_for_is_nobodys_answer(serving: Serving) -> None:
    """What follows an answer, at once or later, is never taken for the answer to the next request."""
    planted = b"HTTP/1.1 403 Planted\r\nContent-Length: 7\r\n\r\nplanted"
    for script in ([OK + planted], [OK, planted]):
        server = await serving(script, [OK])
        async with client() as http:
            first = await http.get(server.url)
            second = await http.get(server.url) if script == [OK + planted] else first

        assert [(200, b"ok")] * 2 == [(answer.status_code, answer.content) for answer in (first, second)]
        assert "planted" not in str(first.headers)


@pytest.mark.parametrize(
    "script", [[OK, b""], [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"]]
)
async def test_a_connection_that_ends_is_not_used_again(serving: Serving, script: list[bytes]) -> None:
    """Where the server closes after its answer, or says that it will, the next request goes over another connection."""
    server = await serving(script)
    async with client() as http:
        for number in range(1, 4):
            assert b"ok" == (await http.get(server.url)).content
            await until(lambda number=number: server.ended == number)  # type: ignore[misc]  # bound, not asked for

    assert 3 == server.opened


async def test_an_old_connection_is_not_used(serving: Serving) -> None:
    """A connection that was idle for longer than it is kept is closed."""
    server = await serving([OK])
    async with client(idle_seconds=0.0) as http:
        await http.get(server.url)
        await http.get(server.url)
        await until(lambda: server.ended >= 1)

    assert 2 == server.opened


async def test_no_more_connections_than_allowed(serving: Serving) -> None:
    """Requests beyond the limit wait for a connection, as long as they may, and then say so."""
    server = await serving([HANG])
    async with client(connections=1, seconds=httpx2.Timeout(SECONDS, pool=0.01)) as http:
        first = asyncio.create_task(http.get(server.url))
        await until(lambda: len(server.requests) == 1)
        with pytest.raises(httpx2.ConnectTimeout):
            await http.get(server.url)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        server.scripts = [[OK]]
        assert b"ok" == (await http.get(server.url)).content

    assert 2 == server.opened


async def test_whoever_stops_waiting_leaves_nothing_behind(serving: Serving) -> None:
    """A request that is cancelled, and an answer that is not read to its end, close their connection."""
    server = await serving([HANG], [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", HANG])
    async with client() as http:
        waiting = asyncio.create_task(http.get(server.url))
        await until(lambda: len(server.requests) == 1)
        waiting.cancel()
        await until(lambda: server.ended == 1)
        async with http.stream("GET", server.url) as answer:
            assert b"ok" == await anext(answer.aiter_bytes())
        await until(lambda: server.ended == 2)


async def test_a_body_that_is_not_taken_waits_with_the_server(serving: Serving) -> None:
    """Of a long body no more lies in memory than is allowed, and all of it comes when it is taken."""
    part = b"x" * 65_536
    server = await serving([b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (512 * len(part)), *[part] * 512])
    async with client() as http, http.stream("GET", server.url) as answer:
        most = total = 0
        async for piece in answer.aiter_raw():
            most, total = max(most, len(piece)), total + len(piece)
            await pace(0)  # so that more can come

    assert 512 * len(part) == total
    assert MAX_WAITING_BYTES >= most


async def test_an_answer_that_nobody_takes_harms_no_other(serving: Serving) -> None:
    """Whether a body was left small or long, whole or not, the next request gets its own answer."""
    for length in (10, MAX_WAITING_BYTES + 1, 40 * MAX_WAITING_BYTES):
        server = await serving([b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length], [OK])
        async with client() as http:
            async with http.stream("GET", server.url) as answer:
                assert 200 == answer.status_code
            assert b"ok" == (await http.get(server.url)).content


@pytest.mark.parametrize("value", ["a\r\nX-Planted: 1", "a\nb", "a\x00b"])
async def test_a_header_cannot_begin_another(serving: Serving, value: str) -> None:
    """A value that would end its line is refused before anything is sent."""
    server = await serving([OK])
    async with client() as http:
        with pytest.raises(httpx2.LocalProtocolError):
            await http.get(server.url, headers={"X-One": value})
        with pytest.raises(httpx2.LocalProtocolError):
            await http.request("GET / HTTP/1.1\r\nX: ", server.url)

    assert [] == server.requests


async def test_a_server_that_is_not_there() -> None:
    """Nobody listening, and a scheme that is not HTTP, are errors that say that nothing was sent."""
    async with client() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get("http://127.0.0.1:1/")
        with pytest.raises(httpx2.UnsupportedProtocol):
            await http.get("ftp://127.0.0.1/")


async def test_certificates_are_checked(serving: Serving) -> None:
    """Over TLS only a server whose certificate is trusted, and is its own, is spoken to."""
    authority, another = trustme.CA(), trustme.CA()
    trusting, trusting_another = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(trusting)
    another.configure_trust(trusting_another)
    for name, certificates, is_right in (
        ("127.0.0.1", trusting, True),
        ("127.0.0.2", trusting, False),
        ("127.0.0.1", trusting_another, False),
    ):
        shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(shown)
        server = await serving([OK], certificate=shown)
        async with client(certificates=certificates) as http:
            if is_right:
                assert [b"ok", b"ok"] == [(await http.get(server.url)).content for _ in range(2)]
            else:
                with pytest.raises(httpx2.ConnectError):
                    await http.get(server.url)
        assert (2 if is_right else 0) == len(server.requests)
