"""A stranger who knocks at every door while the whole system works: forgeries, noise, poison, and no hurry."""

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Final

import httpx2
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from poison import POISONS

from contracts.topics import MESSAGE_RECEIVED
from harness.system import System
from harness.waiting import pace

DOORS: Final = (
    "/api/hubspot/webhook",
    "/api/hubspot/uninstall",
    "/api/chert/webhook",
    "/api/hubspot/send",
    "/api/hubspot/options/phone-lines",
    "/api/hubspot/widget/send",
)
CLOSED: Final = ("/internal/tenants/1", "/ops/keys", "/metrics", "/readyz", "/internal/activity/1")
"""What the outside must not reach at all."""
KNOCKS: Final = 20
SLOW: Final = 40
SLOW_SECONDS: Final = 8.0
CALL_SECONDS: Final = 40.0
POISON_KEY: Final = b"stranger:chat"
BAD_GATEWAY: Final = (502, 503, 504)
"""What is answered when something is away, which here it is."""


@dataclass
class Stranger:
    """Somebody who knows the addresses and no secret.

    Attributes:
        answers: what was answered, by status; 0 when no answer came.
        accepted: doors that let them in, with the status.
        bodies: what they were told.
    """

    system: System
    answers: Counter[int] = field(default_factory=Counter)
    accepted: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    @property
    def server_errors(self) -> int:
        """Answers that are bugs."""
        return sum(count for status, count in self.answers.items() if status >= 500 and status not in BAD_GATEWAY)

    async def knock(self, how: str, serial: int) -> None:
        """In one of the ways there are."""
        match how:
            case "forged":
                await self._forge()
            case "nonsense":
                await self._make_noise(Random(serial))  # noqa: S311 - repeatable
            case "poison":
                await self._poison()
            case _:
                await self._dawdle()

    async def _forge(self) -> None:
        """Calls that look right in everything but the secret, and calls of what is not open to anybody."""
        async with httpx2.AsyncClient(trust_env=False, timeout=CALL_SECONDS) as http:
            await asyncio.gather(*(self._call(http, "POST", door) for door in DOORS for _ in range(KNOCKS)))
            await asyncio.gather(*(self._call(http, "GET", door) for door in CLOSED))

    async def _call(self, http: httpx2.AsyncClient, method: str, door: str) -> None:
        body = json.dumps([{"portalId": 60_000_000, "subscriptionType": "contact.creation", "objectId": 1}]).encode()
        now = str(int(self.system.now() * 1000))
        url = f"{self.system.addresses.gateway_url}{door}"
        signed = hmac.digest(b"a guess", f"{method}{url}".encode() + body + now.encode(), hashlib.sha256).hex()
        headers = {"X-HubSpot-Signature-v3": signed, "X-HubSpot-Request-Timestamp": now, "X-Chert-Signature": signed}
        try:
            answer = await http.request(method, url, content=body, headers=headers)
        except httpx2.TransportError:
            self.answers[0] += 1
            return
        self.answers[answer.status_code] += 1
        self.bodies.append(answer.text)
        if answer.is_success:
            self.accepted.append(f"{method} {door}: {answer.status_code}")

    async def _make_noise(self, random: Random) -> None:
        """Bytes that resemble HTTP, straight at every service."""
        for service in self.system.services:
            port = self.system.addresses.ports[service]
            for _ in range(KNOCKS):
                head = (
                    f"POST {random.choice(DOORS)} HTTP/1.1\r\nHost: x\r\nContent-Length: {random.choice((-1, 7, 'x'))}"
                )
                await self._send(port, head.encode() + b"\r\n\r\n" + random.randbytes(random.randrange(200)))

    async def _send(self, port: int, content: bytes) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(2.0):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(content)
                first = (await reader.readline()).split(b" ")
                self.answers[int(first[1]) if len(first) > 1 and first[1].isdigit() else 0] += 1
                writer.close()

    async def _poison(self) -> None:
        """What no consumer can read, on a topic."""
        bootstrap = self.system.addresses.kafka_bootstrap
        with contextlib.suppress(KafkaError):
            async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=2 * 1024 * 1024) as producer:
                for make in POISONS:
                    value, headers = make()
                    await producer.send_and_wait(MESSAGE_RECEIVED.name, value=value, key=POISON_KEY, headers=headers)

    async def _dawdle(self) -> None:
        """Connections to every service that begin a request and never end it."""
        writers = []
        for service in self.system.services:
            for _ in range(SLOW):
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.system.addresses.ports[service])
                    writer.write(b"POST /api/hubspot/webhook HTTP/1.1\r\nHost: localhost\r\nContent-")
                    writers.append(writer)
        await pace(SLOW_SECONDS)
        for writer in writers:
            writer.close()
