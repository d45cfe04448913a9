"""Bodies that a sender might sign: near HubSpot's and Chert's own forms, and far from them."""

import json

from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KNOWN = st.sampled_from(
    [
        "app.uninstalled",
        "contact.creation",
        "contact.propertyChange",
        "contact.deletion",
        "contact.merge",
        "contact.restore",
        "contact.privacyDeletion",
        "object.creation",
        "deal.creation",
    ]
)
EVENT = st.fixed_dictionaries(
    {},
    optional={
        "eventId": st.integers() | JSON,
        "portalId": st.integers(min_value=1) | JSON,
        "appId": st.integers() | JSON,
        "occurredAt": st.integers(min_value=0, max_value=2**63) | JSON,
        "subscriptionType": KNOWN | JSON,
        "objectId": st.integers(min_value=1) | JSON,
        "objectTypeId": st.just("0-1") | JSON,
        "propertyName": st.sampled_from(["phone", "mobilephone", "email"]) | JSON,
        "primaryObjectId": st.integers(min_value=1) | JSON,
        "mergedObjectIds": st.lists(st.integers(min_value=1), max_size=4) | JSON,
        "newObjectId": st.integers(min_value=1) | JSON,
        "changeSource": JSON,
        "sourceId": JSON,
    },
)
ENVELOPE = st.fixed_dictionaries(
    {},
    optional={
        "event": st.just("message.received") | JSON,
        "event_id": st.text(max_size=40) | JSON,
        "timestamp": st.just("2026-11-22T12:00:00Z") | JSON,
        "partner_id": st.text(max_size=20) | JSON,
        "payload": JSON,
        "from": JSON,
        "to": JSON,
        "text": JSON,
        "message_guid": JSON,
        "data": st.fixed_dictionaries(
            {},
            optional={
                "chat": st.fixed_dictionaries({"id": st.text(max_size=10) | JSON}) | JSON,
                "message": st.fixed_dictionaries(
                    {"id": st.text(max_size=10) | JSON, "sender_handle": st.fixed_dictionaries({"handle": JSON})},
                    optional={"parts": st.lists(JSON, max_size=3), "direction": st.just("inbound") | JSON},
                )
                | JSON,
            },
        )
        | JSON,
    },
)
CONTENT = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.lists(EVENT, max_size=5).map(lambda events: json.dumps(events).encode()),
    ENVELOPE.map(lambda envelope: json.dumps(envelope, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    st.integers(min_value=1, max_value=20_000).map(lambda depth: b"[" * depth + b"]" * depth),
)
