"""Deliveries from HubSpot."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import ManualClock
from chassis.randomness import SeededRandomness
from chassis.tracing import Traces
from contracts.deliveries import DeliveryRejected
from contracts.tenants import AppUninstalled
from webhooks.adapters.admission import InFlight
from webhooks.adapters.in_memory import InMemoryPublisher, TrustingVerifier
from webhooks.errors import NotStoredError, UnauthenticDeliveryError, UnreadableDeliveryError
from webhooks.handlers.hubspot import receive_hubspot_delivery
from webhooks.models.deliveries import Delivery, Receipt, Taken

TRACE = Traces(SeededRandomness()).of(None)
UNINSTALLED = {
    "eventId": 7,
    "subscriptionId": 1,
    "portalId": 62515,
    "appId": 54321,
    "occurredAt": 1_795_348_800_000,
    "subscriptionType": "app.uninstalled",
    "attemptNumber": 0,
}


def receive(
    content: object, publisher: InMemoryPublisher, refuse: str | None = None, body: bytes | None = None
) -> Receipt:
    """Take in a delivery with that content."""
    delivery = Delivery(
        b"POST", b"http://localhost/x", {}, json.dumps(content).encode() if body is None else body, TRACE
    )
    outcomes: list[Taken | NotStoredError] = []
    receive_hubspot_delivery(
        delivery,
        outcomes.append,
        verifier=TrustingVerifier(refuse),
        publisher=publisher,
        admission=InFlight(ManualClock()),
        clock=ManualClock(),
    )
    [outcome] = outcomes
    assert isinstance(outcome, Taken)
    return outcome.receipt


@pytest.fixture
def publisher() -> InMemoryPublisher:
    """Keeps what is told."""
    return InMemoryPublisher()


def test_an_uninstall_is_told(publisher: InMemoryPublisher) -> None:
    """A pushed uninstall becomes `app.uninstalled`, keyed by the account."""
    receipt = receive([UNINSTALLED], publisher)

    [event] = publisher.published
    assert Receipt(accepted=1) == receipt
    assert isinstance(event.data, AppUninstalled)
    assert (event.data.portal_id, event.data.app_id) == (62515, 54321)
    assert event.key() == b"62515"


def test_the_same_delivery_has_the_same_event_id(publisher: InMemoryPublisher) -> None:
    """A repeat, even as a later attempt, tells the same event id, so that consumers can drop it."""
    receive([UNINSTALLED], publisher)
    receive([{**UNINSTALLED, "attemptNumber": 3}], publisher)

    first, second = publisher.published
    assert first.id == second.id


def test_types_nobody_needs_are_acknowledged(publisher: InMemoryPublisher) -> None:
    """An unknown type is ignored, not refused: HubSpot would send the batch again."""
    receipt = receive([{**UNINSTALLED, "subscriptionType": "deal.creation"}], publisher)

    assert Receipt(ignored=1) == receipt
    assert publisher.published == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({**UNINSTALLED, "portalId": "x"}, "Expected `int`, got `str` - at `$.portalId`"),
        ({**UNINSTALLED, "portalId": -1}, "Expected `int` >= 1 - at `$.portalId`"),
        ({"portalId": 5}, "Object missing required field `eventId`"),
        ({**UNINSTALLED, "occurredAt": 10**30}, "occurredAt: out of range"),
        ("event", "Expected `object`, got `str`"),
        (None, "Expected `object`, got `null`"),
    ],
)
def test_one_bad_event_never_fails_its_batch(bad: object, reason: str, publisher: InMemoryPublisher) -> None:
    """What breaks its contract goes to `delivery.rejected` with the reason; the rest is told."""
    receipt = receive([bad, UNINSTALLED], publisher)

    rejection = publisher.published[0].data
    assert Receipt(accepted=1, rejected=1) == receipt
    assert isinstance(rejection, DeliveryRejected)
    assert reason == rejection.reason


@pytest.mark.parametrize(
    ("body", "broken_json"),
    [
        (b"", True),
        (b"[", True),
        (b"\xff", True),
        (b"[" * 100_000, True),
        (b"{}", False),
        (b"null", False),
        (b"[1}", True),
        (b"[1,,2]", True),
        (b"[NaN] x", True),
    ],
)
def test_a_body_that_is_no_delivery_is_refused(body: bytes, broken_json: bool, publisher: InMemoryPublisher) -> None:
    """What is not an array of events is refused, and nothing is told."""
    with pytest.raises(UnreadableDeliveryError) as caught:
        receive(None, publisher, body=body)

    assert broken_json == caught.value.broken_json
    assert publisher.published == []


def test_more_than_a_hundred_events_are_refused(publisher: InMemoryPublisher) -> None:
    """HubSpot promises at most 100 events; more is not from HubSpot's sender."""
    assert Receipt(accepted=100) == receive([UNINSTALLED] * 100, publisher)

    with pytest.raises(UnreadableDeliveryError):
        receive([UNINSTALLED] * 101, publisher)


def test_an_unauthentic_delivery_is_not_even_read(publisher: InMemoryPublisher) -> None:
    """The signature is checked before any work."""
    with pytest.raises(UnauthenticDeliveryError):
        receive(None, publisher, refuse="bad_signature", body=b"[")


def test_a_broker_that_is_away_is_not_hidden(publisher: InMemoryPublisher) -> None:
    """Without the broker's word there is no receipt."""
    publisher.away = True

    with pytest.raises(NotStoredError):
        receive([UNINSTALLED], publisher)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_understanding_is_total(event: object) -> None:
    """Whatever an authentic event holds, it is told, set aside or ignored."""
    receipt = receive([event], InMemoryPublisher())

    assert receipt.accepted + receipt.rejected + receipt.ignored == 1
