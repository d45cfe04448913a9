"""The HTTP edge, with real signatures."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings

from chassis.clock import ManualClock, milliseconds
from chassis.lifespan import Plumbing, service_app
from chassis.settings import RereadFile
from webhooks.adapters.in_memory import InMemoryPublisher
from webhooks.api.asgi import SignedRoutes
from webhooks.api.openapi import describe
from webhooks.api.turns import Turns
from webhooks.app import reception
from webhooks.settings import IngressSecrets

BASE = "https://app.example.test"
SECRET, OLD_SECRET, CHERT_SECRET = "client-secret", "client-secret-before", "ab" * 32
TENANT_SECRET = "cd" * 32
CLOCK = ManualClock()
UNINSTALLED = [{"eventId": 7, "portalId": 1, "occurredAt": 1_795_348_800_000, "subscriptionType": "app.uninstalled"}]


def build(publisher: InMemoryPublisher, secrets: Callable[[], IngressSecrets]) -> SignedRoutes:
    """The app on an in-memory publisher."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    plumbing = Plumbing(clock=CLOCK)
    app = service_app("webhooks", "", plumbing, lifespan)
    describe(app)
    return SignedRoutes(app, reception(secrets, publisher, Turns(), plumbing, public_base_url=BASE))


def signed(path: str, body: bytes, secret: str = SECRET, age_ms: int = 0) -> dict[str, str]:
    """HubSpot's v3 headers for a request."""
    timestamp = str(milliseconds(CLOCK.now()) - age_ms)
    text = f"POST{BASE}{path}".encode() + body + timestamp.encode()
    digest = hmac.digest(secret.encode(), text, hashlib.sha256)
    return {
        "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
        "X-HubSpot-Request-Timestamp": timestamp,
    }


async def post(
    app: SignedRoutes, path: str, body: bytes, headers: dict[str, str] | list[tuple[str, str]]
) -> httpx2.Response:
    """Call the app."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE) as client:
        return await client.post(path, content=body, headers=headers)


@pytest.fixture
def publisher() -> InMemoryPublisher:
    """Keeps what is told."""
    return InMemoryPublisher()


SECRETS = IngressSecrets.model_validate(
    {
        "hubspot_client_secrets": [SECRET, OLD_SECRET],
        "chert_webhook_secrets": [CHERT_SECRET],
        "chert_tenant_webhook_secrets": {"acme": [TENANT_SECRET]},
    }
)


@pytest.fixture
def app(publisher: InMemoryPublisher) -> SignedRoutes:
    """The app with a rotated client secret, and a tenant with a Chert subscription of its own."""
    return build(publisher, lambda: SECRETS)


BODY = json.dumps(UNINSTALLED).encode()
PATH = "/api/hubspot/webhook"


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
@pytest.mark.parametrize("path", ["/api/hubspot/uninstall", "/api/hubspot/webhook", "/api/hubspot/webhook?a=b%20c"])
async def test_a_signed_delivery_is_acknowledged(
    app: SignedRoutes, publisher: InMemoryPublisher, path: str, secret: str
) -> None:
    """Either secret of a rotation signs, on either route, query included."""
    response = await post(app, path, BODY, signed(path, BODY, secret))

    assert response.status_code == 200
    assert response.json() == {"ok": True, "accepted": 1, "rejected": 0, "ignored": 0}
    assert len(publisher.published) == 1


@pytest.mark.parametrize(
    ("headers", "code", "reason"),
    [
        ({}, 2012, "missing_signature"),
        ({"X-HubSpot-Signature-v3": "x" * 44}, 2012, "missing_timestamp"),
        (signed("/api/hubspot/uninstall", BODY, "other"), 2004, "bad_signature"),
        (signed("/api/hubspot/webhook", BODY), 2004, "bad_signature"),
        (signed("/api/hubspot/uninstall", BODY, age_ms=300_001), 2013, "stale"),
        (signed("/api/hubspot/uninstall", BODY, age_ms=-300_001), 2013, "stale"),
        ([*signed("/api/hubspot/uninstall", BODY).items()] * 2, 2012, "missing_signature"),
    ],
)
async def test_an_unauthentic_delivery_is_a_typed_401(
    app: SignedRoutes, publisher: InMemoryPublisher, headers: dict[str, str], code: int, reason: str
) -> None:
    """Unsigned, wrongly signed, stale and future requests are 401 with the contract's code, and nothing is told."""
    response = await post(app, "/api/hubspot/uninstall", BODY, headers)

    body = response.json()
    assert response.status_code == 401
    assert (code, reason, False, False) == (body["code"], body["reason"], body["retryable"], body["ok"])
    assert response.headers["x-trace-id"] == body["trace_id"]
    assert publisher.published == []


async def test_a_secret_that_is_not_loaded_is_503(publisher: InMemoryPublisher, tmp_path: Path) -> None:
    """Without the secret nothing can be said about a signature, so the sender is asked to come again."""
    app = build(publisher, RereadFile(tmp_path / "absent.json", IngressSecrets, CLOCK).read)
    response = await post(app, "/api/hubspot/webhook", BODY, signed("/api/hubspot/webhook", BODY))

    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"


async def test_a_broker_that_is_away_is_503(app: SignedRoutes, publisher: InMemoryPublisher) -> None:
    """What is not stored is not acknowledged."""
    publisher.away = True

    response = await post(app, "/api/hubspot/webhook", BODY, signed("/api/hubspot/webhook", BODY))

    assert (response.status_code, response.json()["retryable"]) == (503, True)


@pytest.mark.parametrize(("body", "code"), [(b"{", 1004), (b"{}", 1002)])
async def test_a_signed_body_that_is_no_delivery_is_400(app: SignedRoutes, body: bytes, code: int) -> None:
    """Broken JSON and another shape are told apart."""
    response = await post(app, "/api/hubspot/webhook", body, signed("/api/hubspot/webhook", body))

    assert (400, code) == (response.status_code, response.json()["code"])


async def test_over_a_mebibyte_is_413(app: SignedRoutes) -> None:
    """A body over 1 MiB is refused before it is read."""
    response = await post(app, "/api/hubspot/webhook", b" " * (1024 * 1024 + 1), {})

    assert (response.status_code, response.json()["ok"]) == (413, False)


@pytest.mark.parametrize("form", ["t={ts},v1={mac}", "v1,{ts},{mac}"])
async def test_chert_signs_in_both_forms(app: SignedRoutes, publisher: InMemoryPublisher, form: str) -> None:
    """The modern and the older header form are both taken."""
    body, ts = b'{"event": "reaction.added"}', int(CLOCK.now().timestamp())
    mac = hmac.new(CHERT_SECRET.encode(), f"{ts}.".encode() + body, hashlib.sha256).hexdigest()

    response = await post(app, "/api/chert/webhook", body, {"X-Webhook-Signature": form.format(ts=ts, mac=mac)})

    assert (response.status_code, response.json()["ignored"]) == (200, 1)


async def test_chert_unsigned_is_401(app: SignedRoutes) -> None:
    """A webhook of Chert without a signature is refused."""
    response = await post(app, "/api/chert/webhook", b"{}", {})

    assert (response.status_code, response.json()["code"]) == (401, 2012)


async def chert(app: SignedRoutes, body: bytes, secret: str) -> httpx2.Response:
    """Deliver as Chert, signed with that secret."""
    ts = int(CLOCK.now().timestamp())
    mac = hmac.new(secret.encode(), f"{ts}.".encode() + body, hashlib.sha256).hexdigest()
    return await post(app, "/api/chert/webhook", body, {"x-chert-signature": f"v1,{ts},{mac}"})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"event": "reaction.added", "partner_id": "acme"}', 200),
        (b'{"type": "reaction.added", "payload": {"partner_id": "acme"}}', 200),
        (b'{"event": "reaction.added", "partner_id": "other"}', 401),
        (b'{"type": "reaction.added", "partner_id": "acme", "payload": {"partner_id": "other"}}', 401),
        (b'{"event": "reaction.added"}', 401),
        (b"[]", 401),
    ],
)
async def test_a_tenants_own_secret_signs_for_it_alone(app: SignedRoutes, body: bytes, status: int) -> None:
    """A tenant with a subscription of its own may sign what is its own, in any form, and nothing else."""
    assert status == (await chert(app, body, TENANT_SECRET)).status_code


async def test_a_secret_is_read_again_without_a_restart(publisher: InMemoryPublisher, tmp_path: Path) -> None:
    """A rotated client secret is in force a second later, and the one that it replaced is not."""
    path, clock = tmp_path / "secrets.json", CLOCK
    path.write_text(json.dumps({"hubspot_client_secrets": [OLD_SECRET], "chert_webhook_secrets": ["x"]}))
    app = build(publisher, RereadFile(path, IngressSecrets, clock).read)

    async def statuses() -> list[int]:
        return [
            (await post(app, PATH, BODY, signed(PATH, BODY, secret))).status_code for secret in (SECRET, OLD_SECRET)
        ]

    before = await statuses()
    path.write_text(json.dumps({"hubspot_client_secrets": [SECRET], "chert_webhook_secrets": ["xy"]}))
    clock.advance(1)

    assert [401, 200] == before
    assert [200, 401] == await statuses()


async def test_counts_have_bounded_labels(app: SignedRoutes) -> None:
    """A type that does not exist is counted as `other`, whatever it is called."""
    events = [{**UNINSTALLED[0], "subscriptionType": name} for name in ("deal.creation", "made.up.1", "made.up.2")]
    body = json.dumps(events).encode()
    await post(app, PATH, body, signed(PATH, body))

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE) as client:
        metrics = (await client.get("/metrics")).text

    assert 'ignored_events_total{route="hubspot",type="deal.creation"} 1.0' in metrics
    assert 'ignored_events_total{route="hubspot",type="other"} 2.0' in metrics
    assert "made.up" not in metrics


async def test_other_methods_and_encodings_are_refused(app: SignedRoutes) -> None:
    """The routes take POST alone, and no compressed body: nothing is ever unpacked."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE) as client:
        got = await client.get(PATH)
        packed = await client.post(PATH, content=b"x", headers={"Content-Encoding": "gzip"})

    assert (405, "POST", 415) == (got.status_code, got.headers["allow"], packed.status_code)


schema = schemathesis.openapi.from_asgi("/openapi.json", build(InMemoryPublisher(), lambda: SECRETS))


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_breaks_the_document(case: schemathesis.Case) -> None:
    """Whatever is sent, there is no server error and no answer that the document does not declare."""
    case.call_and_validate()
