import asyncio
import hashlib
import hmac

import httpx2
import pytest

from simulators.chert.app import create_app
from simulators.chert.models import Tenant
from simulators.chert.replies import reply as reply_of_lead
from simulators.chert.settings import ChertSimulatorSettings
from simulators.chert.simulator import ChertSimulator
from simulators.chert.testing import ApiClient, Receiver
from simulators.clock import ManualClock

PHONE = "+14155551234"


async def reply(api: ApiClient, **fields: object) -> dict[str, str]:
    """A lead's reply, with these fields over the usual ones."""
    order = {"phone": PHONE, "text": "Yes, please", **fields}
    response = await api.http.post(f"/control/tenants/{api.tenant}/replies", json=order)
    assert 202 == response.status_code
    receipt: dict[str, str] = response.json()
    return receipt


async def delivery(api: ApiClient, event_id: str) -> dict[str, object]:
    """What became of an event's delivery."""
    found: dict[str, object] = (await api.http.get(f"/control/events/{event_id}")).json()["delivery"]
    return found


async def settle(chert: ChertSimulator, clock: ManualClock) -> None:
    """Lets time pass, as far as somebody waits for it, until every delivery has ended."""
    settled = asyncio.create_task(chert.webhooks.settle())
    while not settled.done():
        await asyncio.sleep(0)
        if clock.waiting:
            clock.advance(1)
    await settled


def signature(secret: str, request: httpx2.Request) -> str:
    """The modern signature header that this request should carry."""
    timestamp = request.headers["X-Webhook-Timestamp"]
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + request.content, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


async def test_a_reply_is_delivered_as_published(
    api: ApiClient, chert: ChertSimulator, receiver: Receiver, settings: ChertSimulatorSettings
) -> None:
    """A reply arrives as a `message.received` envelope that names tenant, chat, sender and text."""
    sent = (await api.call("POST", "/send", {"phone": PHONE, "body": "Hi"})).json()
    receipt = await reply(api)
    await chert.webhooks.settle()
    (body,) = receiver.bodies
    line = next(line for line in chert.state.tenant("acme").lines if line.id == sent["phone_line_id"])
    owner = {"handle": line.phone_number, "service": "imessage", "is_me": True}
    lead = {"handle": PHONE, "service": "imessage", "is_me": False}
    expected = {
        "event": "message.received",
        "event_id": receipt["event_id"],
        "timestamp": "2026-09-21T14:13:20.000Z",
        "api_version": "v1",
        "webhook_version": "2026-05-04",
        "event_type": "message.received",
        "trace_id": body["trace_id"],
        "partner_id": "acme",
        "data": {
            "chat": {"id": sent["lead_id"], "is_group": False, "handles": [owner, lead], "owner_handle": owner},
            "message": {
                "id": receipt["message_id"],
                "direction": "inbound",
                "sender_handle": lead,
                "parts": [{"type": "text", "value": "Yes, please"}],
            },
        },
    }
    assert expected == body
    assert sent["lead_id"] == receipt["chat_id"]


async def test_headers_of_a_delivery(
    api: ApiClient, chert: ChertSimulator, receiver: Receiver, settings: ChertSimulatorSettings
) -> None:
    """A delivery is a POST to the configured address, signed over its bytes, and names event and subscription."""
    receipt = await reply(api, text="Zoë, café 🎉")
    await chert.webhooks.settle()
    (request,) = receiver.requests
    (subscription,) = chert.state.subscriptions.values()
    assert ("POST", settings.webhook_url) == (request.method, str(request.url))
    assert signature(settings.webhook_secret.get_secret_value(), request) == request.headers["X-Webhook-Signature"]
    assert "message.received" == request.headers["X-Webhook-Event"]
    assert receipt["event_id"] == request.headers["X-Webhook-Event-Id"]
    assert subscription.id == request.headers["X-Webhook-Subscription-Id"]


async def test_older_forms(api: ApiClient, chert: ChertSimulator, receiver: Receiver) -> None:
    """The older envelope, the nested envelope and both older header forms come when they are asked for."""
    older = await reply(api, envelope="older", signature="legacy")
    await chert.webhooks.settle()
    nested = await reply(api, envelope="nested", signature="legacy_chert")
    await chert.webhooks.settle()
    (first, second), (older_body, nested_body) = receiver.requests, receiver.bodies
    assert (PHONE, "Yes, please", older["message_id"]) == tuple(
        older_body[name] for name in ("from", "text", "message_guid")
    )
    assert first.headers["X-Webhook-Signature"].startswith("v1,1790000000,")
    assert {"type", "event_id", "lead_id", "convo_id", "payload"} == set(nested_body)
    assert (nested["chat_id"], nested["event_id"]) == (nested_body["lead_id"], nested_body["event_id"])
    assert "X-Webhook-Signature" not in second.headers
    assert second.headers["x-chert-signature"].startswith("v1,1790000000,")


@pytest.mark.parametrize(
    ("answers", "status", "attempts"),
    [
        ([200], "delivered", [200]),
        ([204], "delivered", [204]),
        ([400, 200], "failed", [400]),
        ([301, 200], "failed", [301]),
        ([503, 200], "delivered", [503, 200]),
        ([0, 500, 200], "delivered", [None, 500, 200]),
        ([500, 0, 503, 200], "failed", [500, None, 503]),
    ],
)
async def test_outcomes(
    api: ApiClient,
    chert: ChertSimulator,
    receiver: Receiver,
    clock: ManualClock,
    answers: list[int],
    status: str,
    attempts: list[int | None],
) -> None:
    """2xx delivers, 3xx and 4xx are final, 5xx and silence get up to three attempts, and the event tells each one."""
    receiver.statuses = list(answers)
    receipt = await reply(api)
    await settle(chert, clock)
    found = await delivery(api, receipt["event_id"])
    listed = found["attempts"]
    assert isinstance(listed, list)
    assert (status, attempts) == (found["status"], [attempt["status"] for attempt in listed])
    assert (status == "delivered") == (found["delivered_at"] is not None)


async def test_back_off_follows_the_clock(
    api: ApiClient, chert: ChertSimulator, receiver: Receiver, clock: ManualClock
) -> None:
    """The second attempt comes 2 s after the first, the third 8 s after the second, each signed anew."""
    receiver.statuses = [500, 500, 500]
    began = clock.now()
    await reply(api)
    await settle(chert, clock)
    timestamps = [int(request.headers["X-Webhook-Timestamp"]) - int(began) for request in receiver.requests]
    assert [0, 2, 10] == timestamps
    assert 3 == len({request.headers["X-Webhook-Signature"] for request in receiver.requests})


async def test_the_log_comes_before_the_delivery(settings: ChertSimulatorSettings, clock: ManualClock) -> None:
    """While an event is on its way for the first time, the log has it already, pending."""
    seen: list[str] = []

    def look_into_the_log(request: httpx2.Request) -> httpx2.Response:
        seen.append(chert.state.event(request.headers["X-Webhook-Event-Id"]).status)
        return httpx2.Response(200)

    app = create_app(settings, clock=clock, transport=httpx2.MockTransport(look_into_the_log))
    chert: ChertSimulator = app.state.chert
    tenant = chert.state.add_tenant(Tenant("acme", "p1", "Acme", None, lines=[]))
    async with app.router.lifespan_context(app):
        event, _ = reply_of_lead(chert, tenant, PHONE, "Yes")
        await chert.webhooks.settle()
    assert (["pending"], "delivered") == (seen, event.status)


async def test_redelivery(api: ApiClient, chert: ChertSimulator, receiver: Receiver, clock: ManualClock) -> None:
    """A redelivered event has the same bytes and id under a fresh signature."""
    receipt = await reply(api)
    await chert.webhooks.settle()
    clock.advance(60)
    answer = await api.http.post(f"/control/events/{receipt['event_id']}/redeliver")
    await chert.webhooks.settle()
    first, second = receiver.requests
    assert (202, receipt["event_id"]) == (answer.status_code, answer.json()["event_id"])
    assert (first.content, first.headers["X-Webhook-Event-Id"]) == (
        second.content,
        second.headers["X-Webhook-Event-Id"],
    )
    assert first.headers["X-Webhook-Signature"] != second.headers["X-Webhook-Signature"]


async def test_the_platform_subscription_hears_all_tenants(
    api: ApiClient, stranger: ApiClient, chert: ChertSimulator, receiver: Receiver
) -> None:
    """Replies of every tenant go to the one configured address, and `partner_id` tells them apart."""
    await reply(api)
    await reply(stranger)
    await chert.webhooks.settle()
    assert {"acme", "globex"} == {body["partner_id"] for body in receiver.bodies}


async def test_shutdown_gives_up_what_is_on_its_way(api: ApiClient, chert: ChertSimulator, receiver: Receiver) -> None:
    """A delivery that waits for its next attempt does not hold up the end."""
    receiver.statuses = [500]
    await reply(api)
    await chert.webhooks.cancel()
    await chert.webhooks.settle()
    assert len(receiver.requests) <= 1
