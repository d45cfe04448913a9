"""HubSpot's contact events: what each becomes, and that msgspec and `contracts` agree on which are sound."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError
from pydantic.alias_generators import to_camel

from chassis.clock import ManualClock
from chassis.randomness import SeededRandomness
from chassis.tracing import Traces
from contracts import contacts
from contracts.deliveries import DeliveryRejected
from contracts.envelope import EventData
from webhooks.adapters.admission import InFlight
from webhooks.adapters.in_memory import InMemoryPublisher, TrustingVerifier
from webhooks.errors import NotStoredError
from webhooks.handlers.hubspot import receive_hubspot_delivery
from webhooks.models.deliveries import Delivery, Receipt, Taken

TRACE = Traces(SeededRandomness()).of(None)
UNMERGED = "mergedObjectIds: none, or too many"
DEEP = b"[" * 10_000 + b"]" * 10_000
MS = 1_795_348_800_123
AT = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=MS)
EVENT: dict[str, Any] = {
    "eventId": 100,
    "subscriptionId": 12345,
    "portalId": 62515,
    "appId": 54321,
    "occurredAt": MS,
    "subscriptionType": "contact.creation",
    "attemptNumber": 0,
    "objectId": 904,
    "changeSource": "CRM_UI",
    "sourceId": "userId:42",
}


def take(body: bytes) -> tuple[Taken, InMemoryPublisher]:
    """Deliver a body."""
    publisher, outcomes = InMemoryPublisher(), list[Taken | NotStoredError]()
    receive_hubspot_delivery(
        Delivery(b"POST", b"http://localhost/x", {}, body, TRACE),
        outcomes.append,
        verifier=TrustingVerifier(),
        publisher=publisher,
        admission=InFlight(ManualClock()),
        clock=ManualClock(),
    )
    [outcome] = outcomes
    assert isinstance(outcome, Taken)
    return outcome, publisher


def told(**changes: object) -> tuple[str, str, EventData]:
    """Topic, event id and payload of the one event that a delivery of one becomes."""
    _, publisher = take(json.dumps([{**EVENT, **changes}]).encode())
    [event] = publisher.published
    assert event.key() == publisher.records[0].key
    return event.topic, event.id, event.data


CONTACT = {
    "portal_id": 62515, "contact_id": "904", "occurred_at": AT, "change_source": "CRM_UI", "source_id": "userId:42",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "more", "event_id", "data"),
    [
        ("creation", {}, "contact.created:62515:904", contacts.ContactCreated(**CONTACT)),
        ("deletion", {}, f"contact.deleted:62515:904:{MS}", contacts.ContactDeleted(**CONTACT)),
        ("restore", {}, f"contact.restored:62515:904:{MS}", contacts.ContactRestored(**CONTACT)),
        (
            "propertyChange",
            {"propertyName": "mobilephone", "propertyValue": "+14155550100"},
            f"contact.updated:62515:904:mobilephone:{MS}",
            contacts.ContactUpdated(**CONTACT, property="mobilephone"),
        ),
        (
            "merge",
            {"primaryObjectId": 904, "mergedObjectIds": [905, 904, 905], "numberOfPropertiesMoved": 3},
            f"contact.merged:62515:904:{MS}:100",
            contacts.ContactMerged(**CONTACT, merged_ids=("905",)),
        ),
        (
            "merge",
            {"primaryObjectId": 1, "mergedObjectIds": [2], "newObjectId": 904, "objectId": None},
            f"contact.merged:62515:904:{MS}:100",
            contacts.ContactMerged(**CONTACT, merged_ids=("2", "1")),
        ),
    ],
)
def test_both_forms_become_the_same_event(kind: str, more: dict[str, Any], event_id: str, data: EventData) -> None:
    """The `contact.` form and the `object.` form of a contact tell the same event under the same id."""
    plain = told(subscriptionType=f"contact.{kind}", **more)
    general = told(subscriptionType=f"object.{kind}", objectTypeId="0-1", subscriptionId=9, attemptNumber=7, **more)

    assert (event_id, data) == plain[1:]
    assert plain == general


def test_a_privacy_deletion_is_an_erasure() -> None:
    """`contact.privacyDeletion` becomes `contact.erased`."""
    topic, event_id, data = told(subscriptionType="contact.privacyDeletion")

    assert ("contact.erased", f"contact.erased:62515:904:{MS}") == (topic, event_id)
    assert contacts.ContactErased(**CONTACT) == data


def test_a_changed_number_is_never_on_the_topic() -> None:
    """The number that HubSpot sends along is left out, value and headers."""
    event = {**EVENT, "subscriptionType": "contact.propertyChange", "propertyName": "phone", "propertyValue": "+1415"}
    _, publisher = take(json.dumps([event]).encode())

    assert b"+1415" not in b"".join([publisher.records[0].value, *(v for _, v in publisher.records[0].headers)])


@pytest.mark.parametrize(
    "event",
    [
        {"subscriptionType": "object.creation", "objectTypeId": "0-2"},
        {"subscriptionType": "contact.propertyChange", "propertyName": "email"},
        {"subscriptionType": "contact.associationChange"},
        {"subscriptionType": "deal.creation"},
        {"subscriptionType": "made.up"},
    ],
)
def test_other_events_are_ignored_by_type(event: dict[str, Any]) -> None:
    """What nobody here needs is acknowledged, and its type is told to the counter."""
    taken, publisher = take(json.dumps([{**EVENT, **event}]).encode())

    assert [event["subscriptionType"]] == taken.ignored
    assert [] == publisher.records


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"objectId": None}, "objectId is missing"),
        ({"objectId": -1}, "objectId is out of range"),
        ({"objectId": 10**20}, "objectId is out of range"),
        ({"subscriptionType": "object.creation"}, "objectTypeId is missing"),
        ({"subscriptionType": "contact.propertyChange"}, "propertyName is missing"),
        ({"subscriptionType": "contact.merge"}, UNMERGED),
        (
            {"subscriptionType": "contact.merge", "mergedObjectIds": list(range(252))},
            "mergedObjectIds: none, or too many",
        ),
        ({"subscriptionType": "contact.deletion", "occurredAt": 10**17}, "occurredAt: out of range"),
        ({"sourceId": "x" * 201}, "Expected `str` of length <= 200 - at `$.sourceId`"),
    ],
)
def test_a_broken_contact_event_is_set_aside(event: dict[str, Any], reason: str) -> None:
    """What breaks its contract goes to `delivery.rejected` with the reason, under its account."""
    _, _, data = told(**event)

    assert isinstance(data, DeliveryRejected)
    assert (reason, "62515") == (data.reason, data.owner)


def test_a_later_attempt_at_a_broken_event_has_the_same_id() -> None:
    """What HubSpot repeats is recognised although it counts its attempts."""
    assert told(objectId=None, attemptNumber=0)[1] == told(objectId=None, attemptNumber=3)[1]


@pytest.mark.parametrize(
    "poison",
    [
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b"tru",
        b"9" * 5000,
        b'{"a": [1, "]"]}',
        b"NaN",
    ],
)
def test_one_poison_never_takes_its_batch_along(poison: bytes) -> None:
    """Whatever an element is made of, those beside it are told."""
    good = json.dumps(EVENT).encode()
    taken, publisher = take(b" [ %b ,%b, %b]" % (good, poison, good))

    assert Receipt(2, 1, 0) == taken.receipt
    assert ["contact.created", "delivery.rejected", "contact.created"] == [one.kind.topic for one in publisher.records]


class Reference(BaseModel):
    """What a HubSpot event is, said in pydantic; then `contracts` decides whether it is a sound `contact.created`."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore")

    event_id: StrictInt | StrictStr
    portal_id: StrictInt
    occurred_at: StrictInt
    subscription_type: StrictStr = Field(min_length=1, max_length=100)
    app_id: StrictInt | None = None
    object_id: StrictInt
    object_type_id: StrictStr | None = None
    property_name: StrictStr | None = None
    change_source: StrictStr | None = None
    source_id: StrictStr | None = None
    primary_object_id: StrictInt | None = None
    merged_object_ids: list[StrictInt] | None = None
    new_object_id: StrictInt | None = None


def by_contracts(event: object) -> contacts.ContactCreated | None:
    """The event as `contracts` takes it, or none."""
    try:
        read = Reference.model_validate(event)
        return contacts.ContactCreated(
            portal_id=read.portal_id,
            contact_id=str(read.object_id),
            occurred_at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=read.occurred_at),
            change_source=read.change_source,
            source_id=read.source_id,
        )
    except (ValidationError, OverflowError):
        return None


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**21), 10**21),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=3) | st.text(min_size=99, max_size=202),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
members = [*sorted(set(EVENT) - {"subscriptionType", "eventId"}), "changeFlag", "mergedObjectIds", "newObjectId"]


@given(
    changes=st.dictionaries(st.sampled_from(members), anything, max_size=3),
    dropped=st.sets(st.sampled_from(members), max_size=2),
)
def test_msgspec_accepts_and_refuses_what_contracts_does(changes: dict[str, Any], dropped: set[str]) -> None:
    """An event is told exactly if `contracts` takes it, and what is told is what `contracts` makes of it."""
    event = {name: value for name, value in {**EVENT, **changes}.items() if name not in dropped}
    expected = by_contracts(event)

    _, publisher = take(json.dumps([event]).encode())

    [got] = [one.data for one in publisher.published]
    assert (expected is None) == isinstance(got, DeliveryRejected)
    assert expected in {None, got}
