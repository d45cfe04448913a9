"""The whole service on the real Kafka."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import TopicAlreadyExistsError

from chassis.lifespan import Plumbing
from harness.backends import Broker
from harness.topics import create_topic
from harness.waiting import eventually
from webhooks.app import TOLD, build
from webhooks.settings import Settings

pytestmark = pytest.mark.integration

BASE = "http://localhost:8080"
SECRET = "client-secret"
PORTAL = 73_951


def delivery(event_ids: Iterable[int]) -> tuple[bytes, dict[str, str]]:
    """Signed uninstalls."""
    now = int(time.time() * 1000)
    common = {"portalId": PORTAL, "occurredAt": now, "subscriptionType": "app.uninstalled"}
    body = json.dumps([{"eventId": event_id, **common} for event_id in event_ids]).encode()
    text = f"POST{BASE}/api/hubspot/uninstall".encode() + body + str(now).encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), text, hashlib.sha256)).decode()
    return body, {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": str(now)}


async def post(client: httpx2.AsyncClient, *event_ids: int) -> httpx2.Response:
    """Deliver them."""
    body, headers = delivery(event_ids)
    return await client.post("/api/hubspot/uninstall", content=body, headers=headers)


@pytest.fixture
async def client(kafka_bootstrap: str, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the running service, its topics made."""
    for topic in TOLD:
        with suppress(TopicAlreadyExistsError):
            await create_topic(kafka_bootstrap, topic, partitions=1)
    secrets = tmp_path / "webhooks.json"
    secrets.write_text(json.dumps({"hubspot_client_secrets": [SECRET], "chert_webhook_secrets": ["x"]}))
    settings = Settings(
        port=0, kafka_bootstrap=kafka_bootstrap, public_base_url=BASE, environment="development", secrets_file=secrets
    )
    service = build(settings, Plumbing())
    transport = httpx2.ASGITransport(service)
    lifespan = service.app.router.lifespan_context(service.app)
    async with lifespan, httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
        await eventually(lambda: _ready(client), what="the service to be ready", seconds=20)
        yield client


async def _ready(client: httpx2.AsyncClient) -> bool:
    return (await client.get("/readyz")).is_success


async def on_topic(bootstrap: str) -> set[int]:
    """Event ids on the topic, from its beginning to its end."""
    consumer = AIOKafkaConsumer("app.uninstalled", bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        found: set[int] = set()
        while [place for place, end in ends.items() if await consumer.position(place) < end]:
            polled = await consumer.getmany(timeout_ms=500)
            found |= {
                event_number(record.headers) for records in polled.values() for record in records if ours(record.key)
            }
        return found
    finally:
        await consumer.stop()


def ours(key: bytes) -> bool:
    """Whether a record is of this test's account; others use the same Kafka."""
    return key == str(PORTAL).encode()


def event_number(headers: tuple[tuple[str, bytes], ...]) -> int:
    """HubSpot's event id, from the id of ours."""
    return int(dict(headers)["ce_id"].split(b":")[2])


async def test_what_is_acknowledged_is_on_the_topic_and_an_outage_is_a_503(
    client: httpx2.AsyncClient, kafka: Broker, kafka_bootstrap: str
) -> None:
    """A 200 is in Kafka; while the broker is frozen the answer is 503 within a second; then it works again."""
    first = await post(client, 1)

    kafka.pause()
    began = time.monotonic()
    frozen = await post(client, 2)
    took = time.monotonic() - began
    kafka.resume()

    await eventually(lambda: _accepted(client), what="the service to work again", seconds=20)

    assert 200 == first.status_code
    assert 503 == frozen.status_code
    assert "retry-after" in frozen.headers
    assert took < 1.0
    assert {1, 3} <= await on_topic(kafka_bootstrap)


async def _accepted(client: httpx2.AsyncClient) -> bool:
    return (await post(client, 3)).is_success


async def test_every_event_of_a_large_delivery_is_on_the_topic(
    client: httpx2.AsyncClient, kafka_bootstrap: str
) -> None:
    """A delivery of a hundred events, which goes out compressed, is read like any other."""
    many = range(1001, 1101)

    answer = await post(client, *many)

    assert 200 == answer.status_code
    assert set(many) <= await on_topic(kafka_bootstrap)
