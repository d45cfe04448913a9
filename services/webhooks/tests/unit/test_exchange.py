"""The signed routes inside uvicorn's protocol: bytes in, bytes out."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from chassis.clock import ManualClock, milliseconds
from chassis.edge import MAX_BODY_BYTES
from chassis.lifespan import Plumbing
from webhooks.adapters.in_memory import InMemoryPublisher
from webhooks.api.bodies import PartialBytes
from webhooks.api.exchange import ExchangeProtocol
from webhooks.api.reception import Reception
from webhooks.api.turns import Turns
from webhooks.app import reception
from webhooks.models.deliveries import Record
from webhooks.ports import Stored
from webhooks.settings import IngressSecrets

BASE, SECRET, PATH = "https://app.example.test", "client-secret", "/api/hubspot/webhook"
CLOCK = ManualClock()
SECRETS = IngressSecrets.model_validate({"hubspot_client_secrets": [SECRET], "chert_webhook_secrets": ["x"]})
BODY = json.dumps(
    [{"eventId": 7, "portalId": 1, "occurredAt": 1_795_348_800_000, "subscriptionType": "app.uninstalled"}]
).encode()


class HeldPublisher(InMemoryPublisher):
    """Keeps records, and tells nobody before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Stored] = []

    def publish(self, records: list[Record], stored: Stored) -> None:  # type: ignore[override]  # a list in tests
        """Keep the records."""
        super().publish(records, lambda _: self.waiting.append(stored))

    def let_go(self, *, durable: bool = True) -> None:
        """Tell everybody."""
        waiting, self.waiting = self.waiting, []
        for stored in waiting:
            stored(durable)


class Transport(asyncio.Transport):
    """A connection that remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closed = b"", False

    def write(self, data: bytes) -> None:
        """Remember it."""
        self.written += data

    def close(self) -> None:
        """Remember it."""
        self.closed = True

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.closed

    def pause_reading(self) -> None:
        """Nothing reads here."""

    def resume_reading(self) -> None:
        """Nothing reads here."""

    @property
    def statuses(self) -> list[int]:
        """The statuses of the answers so far."""
        return [int(part[:3]) for part in self.written.split(b"HTTP/1.1 ")[1:]]


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    """The app behind: takes whatever comes to it, with a status of its own."""
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 299, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


class Connection:
    """One connection to a protocol with a publisher that is held."""

    def __init__(self) -> None:
        self.publisher, self.transport = HeldPublisher(), Transport()
        plumbing = Plumbing(clock=CLOCK)
        self.reception: Reception = reception(lambda: SECRETS, self.publisher, Turns(), plumbing, public_base_url=BASE)
        config = uvicorn.Config(behind, lifespan="off", log_config=None)
        config.load()
        self.protocol = ExchangeProtocol(
            reception=self.reception, config=config, server_state=ServerState(), app_state={}
        )
        self.protocol.connection_made(self.transport)

    def send(self, *pieces: bytes) -> None:
        """Have the protocol read these, one after the other."""
        for piece in pieces:
            self.protocol.data_received(piece)


@pytest.fixture
async def connection() -> Connection:
    """A connection."""
    return Connection()


def head(*more: str, body: bytes = BODY, length: bool = True, method: str = "POST", target: str = PATH) -> bytes:
    """The head of a signed request."""
    timestamp = str(milliseconds(CLOCK.now()))
    text = f"{method}{BASE}{target}".encode() + body + timestamp.encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), text, hashlib.sha256)).decode()
    lines = [f"{method} {target} HTTP/1.1", "Host: x", f"X-HubSpot-Signature-v3: {signature}"]
    lines += [f"X-HubSpot-Request-Timestamp: {timestamp}", *more, *([f"Content-Length: {len(body)}"] if length else [])]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def test_an_answer_waits_for_the_broker(connection: Connection) -> None:
    """Nothing is written before the records are durable; then one whole answer is, and the connection stays."""
    connection.send(head() + BODY)
    assert b"" == connection.transport.written

    connection.publisher.let_go()

    top, _, body = connection.transport.written.partition(b"\r\n\r\n")
    assert [200] == connection.transport.statuses
    assert {"ok": True, "accepted": 1, "rejected": 0, "ignored": 0} == json.loads(body)
    assert b"content-length: %d\r\n" % len(body) in top + b"\r\n"
    assert not connection.transport.closed


def test_what_is_not_stored_is_503(connection: Connection) -> None:
    """When the broker does not acknowledge in time the sender hears it, and when to come again."""
    connection.send(head() + BODY)
    connection.publisher.let_go(durable=False)

    assert [503] == connection.transport.statuses
    assert b"retry-after: 1\r\n" in connection.transport.written


@pytest.mark.parametrize(
    "pieces",
    [
        [bytes([byte]) for byte in head() + BODY],
        [head("Transfer-Encoding: chunked", length=False), b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)],
        [head(target=f"{PATH}?a=b%20c"), BODY[:5], BODY[5:]],
    ],
)
def test_a_request_may_come_in_any_pieces(connection: Connection, pieces: list[bytes]) -> None:
    """Byte by byte, in chunks or in two parts, it is the same delivery, and nothing of it stays held."""
    connection.send(*pieces)
    connection.publisher.let_go()

    assert [200] == connection.transport.statuses
    assert 0 == connection.reception.partial.held


async def test_pipelined_requests_are_answered_in_order(connection: Connection) -> None:
    """What is sent before the last answer waits for it, each on whichever layer it belongs to."""
    elsewhere = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    connection.send(head() + BODY + elsewhere + elsewhere)
    assert b"" == connection.transport.written

    connection.publisher.let_go()
    await settled(lambda: connection.transport.statuses == [200, 299, 299])
    connection.send(head() + BODY)
    connection.publisher.let_go()

    assert [200, 299, 299, 200] == connection.transport.statuses


async def settled(condition: Callable[[], bool]) -> None:
    """Let tasks run until a condition holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - tasks of uvicorn, which tell nobody
            await asyncio.sleep(0)


async def test_other_paths_and_expectations_go_on_to_asgi(connection: Connection) -> None:
    """What the protocol does not answer itself reaches the app behind, body included."""
    connection.send(b"POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
    await settled(lambda: connection.transport.statuses == [299])
    connection.send(head("Expect: 100-continue") + BODY)
    await settled(lambda: 299 in connection.transport.statuses[1:])

    assert [299, 100, 299] == connection.transport.statuses


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (head(method="GET") + BODY, 405),
        (head("Content-Encoding: gzip") + BODY, 415),
        (head(body=b" " * (MAX_BODY_BYTES + 1)), 413),
        (head("Transfer-Encoding: chunked", length=False) + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 17, 413),
        (b"POST /api/chert/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 401),
    ],
)
def test_a_refusal_is_typed_and_changes_nothing(connection: Connection, request_bytes: bytes, status: int) -> None:
    """Method, encoding, size and signature are refused with a failure body, as soon as that is known."""
    connection.send(request_bytes)

    assert [status] == connection.transport.statuses
    assert not json.loads(connection.transport.written.partition(b"\r\n\r\n")[2])["ok"]
    assert [] == connection.publisher.records
    assert 0 == connection.reception.partial.held


def test_after_an_early_refusal_the_connection_goes_on(connection: Connection) -> None:
    """What is left of a refused body is thrown away, and the next request is served."""
    body = b" " * (MAX_BODY_BYTES + 1)
    connection.send(head(body=body), body[:1000], body[1000:], head() + BODY)
    connection.publisher.let_go()

    assert [413, 200] == connection.transport.statuses


def test_a_client_that_leaves_leaves_nothing_behind(connection: Connection) -> None:
    """Whether it goes in the middle of its body or before its answer, nothing stays held and nothing is written."""
    connection.send(head() + BODY[:10])
    assert 10 == connection.reception.partial.held
    connection.protocol.connection_lost(None)
    assert 0 == connection.reception.partial.held

    second = Connection()
    second.send(head() + BODY)
    second.protocol.connection_lost(None)
    second.publisher.let_go()
    assert b"" == second.transport.written


def test_unfinished_bodies_together_are_bounded(connection: Connection) -> None:
    """When clients that dawdle hold all the room, the next one is asked to come again; whole bodies still pass."""
    connection.reception.partial.hold(8 * 1024 * 1024)
    connection.send(head(), BODY[:5], BODY[5:])
    connection.send(head() + BODY)
    connection.publisher.let_go()

    assert [503, 200] == connection.transport.statuses


def test_a_stopping_server_closes_after_the_answer(connection: Connection) -> None:
    """When uvicorn stops, what is under way is answered with `Connection: close`."""
    connection.send(head() + BODY)
    connection.protocol.shutdown()
    connection.publisher.let_go()

    assert [200] == connection.transport.statuses
    assert b"connection: close\r\n" in connection.transport.written
    assert connection.transport.closed


def test_partial_bytes_are_given_back() -> None:
    """What was released can be held again."""
    partial = PartialBytes(10)
    partial.hold(10)
    partial.release(10)
    partial.hold(10)

    assert 10 == partial.held
