"""Deliveries from HubSpot."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import ManualClock
from chassis.randomness import SeededRandomness
from chassis.tracing import trace_from
from contracts.deliveries import DeliveryRejected
from contracts.tenants import AppUninstalled
from webhooks.adapters.admission import InFlight
from webhooks.adapters.in_memory import InMemoryPublisher, TrustingVerifier
from webhooks.errors import NotStoredError, UnauthenticDeliveryError, UnreadableDeliveryError
from webhooks.handlers.hubspot import receive_hubspot_delivery
from webhooks.models.deliveries import Delivery, Receipt

TRACE = trace_from(None, SeededRandomness())
UNINSTALLED = {
    "eventId": 7,
    "subscriptionId": 1,
    "portalId": 62515,
    "appId": 54321,
    "occurredAt": 1_795_348_800_000,
    "subscriptionType": "app.uninstalled",
    "attemptNumber": 0,
}


async def receive(
    content: object, publisher: InMemoryPublisher, refuse: str | None = None, body: bytes | None = None
) -> Receipt:
    """Take in a delivery with that content."""
    delivery = Delivery(
        b"POST", b"http://localhost/x", {}, json.dumps(content).encode() if body is None else body, TRACE
    )
    receipt, _ = await receive_hubspot_delivery(
        delivery,
        verifier=TrustingVerifier(refuse),
        publisher=publisher,
        admission=InFlight(),
        clock=ManualClock(),
    )
    return receipt


@pytest.fixture
def publisher() -> InMemoryPublisher:
    """Keeps what is told."""
    return InMemoryPublisher()


async def test_an_uninstall_is_told(publisher: InMemoryPublisher) -> None:
    """A pushed uninstall becomes `app.uninstalled`, keyed by the account."""
    receipt = await receive([UNINSTALLED], publisher)

    [event] = publisher.published
    assert Receipt(accepted=1) == receipt
    assert isinstance(event.data, AppUninstalled)
    assert (event.data.portal_id, event.data.app_id) == (62515, 54321)
    assert event.key() == b"62515"


async def test_the_same_delivery_has_the_same_event_id(publisher: InMemoryPublisher) -> None:
    """A repeat, even as a later attempt, tells the same event id, so that consumers can drop it."""
    await receive([UNINSTALLED], publisher)
    await receive([{**UNINSTALLED, "attemptNumber": 3}], publisher)

    first, second = publisher.published
    assert first.id == second.id


async def test_types_nobody_needs_are_acknowledged(publisher: InMemoryPublisher) -> None:
    """An unknown type is ignored, not refused: HubSpot would send the batch again."""
    receipt = await receive([{**UNINSTALLED, "subscriptionType": "deal.creation"}], publisher)

    assert Receipt(ignored=1) == receipt
    assert publisher.published == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({**UNINSTALLED, "portalId": "x"}, "portalId: int_parsing"),
        ({**UNINSTALLED, "portalId": -1}, "portalId: greater_than"),
        ({"portalId": 5}, "eventId: missing"),
        ({**UNINSTALLED, "occurredAt": 10**30}, "occurredAt: out of range"),
        ("event", "event: model_type"),
        (None, "event: model_type"),
    ],
)
async def test_one_bad_event_never_fails_its_batch(bad: object, reason: str, publisher: InMemoryPublisher) -> None:
    """What breaks its contract goes to `delivery.rejected` with the reason; the rest is told."""
    receipt = await receive([bad, UNINSTALLED], publisher)

    rejection = publisher.published[0].data
    assert Receipt(accepted=1, rejected=1) == receipt
    assert isinstance(rejection, DeliveryRejected)
    assert reason == rejection.reason


@pytest.mark.parametrize(
    ("body", "broken_json"),
    [(b"", True), (b"[", True), (b"\xff", True), (b"[" * 100_000, True), (b"{}", False), (b"null", False)],
)
async def test_a_body_that_is_no_delivery_is_refused(
    body: bytes, broken_json: bool, publisher: InMemoryPublisher
) -> None:
    """What is not an array of events is refused, and nothing is told."""
    with pytest.raises(UnreadableDeliveryError) as caught:
        await receive(None, publisher, body=body)

    assert broken_json == caught.value.broken_json
    assert publisher.published == []


async def test_more_than_a_hundred_events_are_refused(publisher: InMemoryPublisher) -> None:
    """HubSpot promises at most 100 events; more is not from HubSpot's sender."""
    assert Receipt(accepted=100) == await receive([UNINSTALLED] * 100, publisher)

    with pytest.raises(UnreadableDeliveryError):
        await receive([UNINSTALLED] * 101, publisher)


async def test_an_unauthentic_delivery_is_not_even_read(publisher: InMemoryPublisher) -> None:
    """The signature is checked before any work."""
    with pytest.raises(UnauthenticDeliveryError):
        await receive(None, publisher, refuse="bad_signature", body=b"[")


async def test_a_broker_that_is_away_is_not_hidden(publisher: InMemoryPublisher) -> None:
    """Without the broker's word there is no receipt."""
    publisher.away = True

    with pytest.raises(NotStoredError):
        await receive([UNINSTALLED], publisher)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
async def test_understanding_is_total(event: object) -> None:
    """Whatever an authentic event holds, it is told, set aside or ignored."""
    receipt = await receive([event], InMemoryPublisher())

    assert receipt.accepted + receipt.rejected + receipt.ignored == 1
