"""The envelope."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import MAX_EVENT_BYTES, ContractError, Event, NewerVersionError, decode, from_document
from contracts.tenants import AppUninstalled
from contracts.topics import APP_UNINSTALLED, EVENT_TYPES, MESSAGE_RECEIVED, dead_letter_topic, owner_of

EVENT = Event(
    APP_UNINSTALLED,
    "app.uninstalled:1:2",
    "/webhooks",
    datetime(2026, 11, 22, 12, tzinfo=UTC),
    AppUninstalled(portal_id=1, app_id=2, occurred_at=datetime(2026, 11, 22, 11, tzinfo=UTC)),
)


def headers(**changed: str | None) -> list[tuple[str, bytes]]:
    """The event's headers with some changed or, with none, taken away."""
    kept = {name: value for name, value in EVENT.headers() if name not in changed}
    return [*kept.items(), *((name, text.encode()) for name, text in changed.items() if text is not None)]


def test_attributes_travel_as_ce_headers() -> None:
    """The attributes are CloudEvents 1.0 in Kafka's binary mode."""
    expected = {
        "ce_specversion": b"1.0",
        "ce_id": b"app.uninstalled:1:2",
        "ce_type": b"app.uninstalled",
        "ce_source": b"/webhooks",
        "ce_time": b"2026-11-22T12:00:00+00:00",
        "ce_dataschema": b"urn:chert:events:app.uninstalled:1",
        "content-type": b"application/json",
    }

    assert expected == dict(EVENT.headers())


@pytest.mark.parametrize("name", ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_dataschema"])
def test_a_missing_attribute_breaks_the_contract(name: str) -> None:
    """Each required attribute is named when it is missing."""
    with pytest.raises(ContractError, match=name):
        decode(APP_UNINSTALLED, headers(**{name: None}), EVENT.value())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ce_specversion", "0.3"),
        ("ce_type", "message.sent"),
        ("ce_time", "yesterday"),
        ("ce_time", "2026-11-22T12:00:00"),
        ("ce_dataschema", "urn:chert:events:message.sent:1"),
        ("ce_dataschema", "urn:chert:events:app.uninstalled:0"),
        ("ce_dataschema", "https://example.com"),
    ],
)
def test_a_wrong_attribute_breaks_the_contract(name: str, text: str) -> None:
    """An attribute that says something else is refused."""
    with pytest.raises(ContractError):
        decode(APP_UNINSTALLED, headers(**{name: text}), EVENT.value())


def test_a_newer_version_is_told_apart() -> None:
    """A version that this release cannot read is neither accepted nor called broken."""
    with pytest.raises(NewerVersionError) as caught:
        decode(APP_UNINSTALLED, headers(ce_dataschema="urn:chert:events:app.uninstalled:2"), EVENT.value())

    assert caught.value.version == 2


def test_a_value_over_the_limit_breaks_the_contract() -> None:
    """One event has at most 512 KiB."""
    value = EVENT.value()[:-1] + b" " * MAX_EVENT_BYTES + b"}"

    with pytest.raises(ContractError, match="bytes"):
        decode(APP_UNINSTALLED, headers(), value)


@given(
    value=st.binary()
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()),
    names=st.lists(st.tuples(st.text(), st.binary())),
)
def test_reading_is_total(value: bytes, names: list[tuple[str, bytes]]) -> None:
    """Whatever bytes lie on a topic, reading them gives an event or one typed refusal."""
    for record in (names, headers()):
        with suppress(ContractError, NewerVersionError):
            assert value == decode(APP_UNINSTALLED, record, value).value()


def test_ten_thousand_levels_break_the_contract() -> None:
    """Nesting beyond reason is a broken contract, not a crash."""
    with pytest.raises(ContractError):
        decode(APP_UNINSTALLED, headers(), b"[" * 10_000 + b"]" * 10_000)


def test_a_refusal_never_quotes_the_content() -> None:
    """The reason names the member and the rule, not what a customer wrote."""
    value = json.dumps({"chert_tenant": "acme", "parts": "call +14155550100"}).encode()
    named = [(name, text.replace(b"app.uninstalled", b"message.received")) for name, text in headers()]

    with pytest.raises(ContractError) as caught:
        decode(MESSAGE_RECEIVED, named, value)

    assert "4155550100" not in caught.value.reason


def test_an_unknown_type_in_an_outbox_is_refused() -> None:
    """An outbox entry of a type that this release does not know is refused by name."""
    with pytest.raises(ContractError, match=r"no\.such"):
        from_document(EVENT_TYPES, {"type": "no.such"})


@pytest.mark.parametrize(
    ("key", "owner"),
    [(None, "unknown"), (b"", "unknown"), (b"62515", "62515"), (b"acme:chat", "acme"), (b"\xff:x", "\ufffd")],
)
def test_the_owner_is_read_from_the_key_alone(key: bytes | None, owner: str) -> None:
    """Even an unreadable record has an owner."""
    assert owner == owner_of(key)


def test_a_dead_letter_topic_belongs_to_a_consumer() -> None:
    """Its name is the topic's and the group's."""
    assert dead_letter_topic("message.received", "timeline") == "message.received.timeline.dlq"
