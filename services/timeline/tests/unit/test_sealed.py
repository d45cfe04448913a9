"""Messages that are kept as they came."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import ContractError, Event
from contracts.messages import MessagePart, MessageReceived
from contracts.topics import MESSAGE_RECEIVED
from timeline.consumers import arrival
from timeline.models import Received, glance, opened, sealed

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MESSAGE = {
    "chert_tenant": "acme",
    "chat_id": "chat-1",
    "message_id": "m1",
    "event_id": "e1",
    "sender": "+14155551234",
    "line": None,
    "is_group": False,
    "parts": [{"type": "text", "value": "Yes, please", "attachment_id": None, "url": None}],
    "received_at": "2026-11-22T12:00:00.000123Z",
}

odd_parts = st.sampled_from(
    [
        [None],
        [{}],
        [{"type": ""}],
        [{"type": "text", "value": 1}],
        [{"type": "text", "value": "\ud83d"}],
        [{"type": "text", "url": "x" * 4001}],
        [{"type": "text", "attachment_id": "x" * 201}],
        [{"type": "text", "more": {"a": [1]}}],
        [{"type": "text"}] * 101,
    ]
)
odd_times = st.sampled_from(
    [
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-11-22 12:00:00z",
        "2026-11-22T12:00:60Z",
        "2026-02-30T12:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T12:00:00+24:00",
        "2026-11-22T12:00:00.1234567Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1732276800",
    ]
)
odd_texts = st.sampled_from(["", " ", "acme\n", "\0", "\ud800", "é", "x" * 101, "x" * 201, "x" * 321])
odd_values = st.sampled_from([1, 0, 1.5, -1, 10**30, 1732276800, True, None, [], {}])
odd = odd_texts | odd_values | odd_parts | odd_times
members = st.sampled_from([*MESSAGE, "more", "Chat_id"])
changes = st.lists(st.tuples(members, odd), max_size=3)
bytes_of_all_kinds = st.binary(max_size=30)


def received(**members: Any) -> Received:
    """A message that was read."""
    return Received(MessageReceived.model_validate(MESSAGE | members), TRACEPARENT)


@given(changes, changes, st.sampled_from([None, TRACEPARENT, "", "00"]), st.booleans())
def test_what_fits_at_a_glance_can_be_read(
    changed: list[tuple[str, Any]], twice: list[tuple[str, Any]], traceparent: str | None, ascii_only: bool
) -> None:
    """Whatever a glance lets pass is the same message when it is read, members told twice included."""
    members = [*(MESSAGE | dict(changed)).items(), *twice]
    text = "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value, ensure_ascii=ascii_only)}" for name, value in members)
    value = (text + "}").encode("utf-8", "surrogatepass")

    seen = glance(value, traceparent)

    if seen is not None:
        known = Received(MessageReceived.model_validate_json(value), traceparent)
        assert known == opened(seen)
        read = sealed(known)
        assert (read.id, read.chert_tenant, read.names) == (seen.id, seen.chert_tenant, seen.names)
        assert abs(read.received_at - seen.received_at) <= timedelta(microseconds=1)  # one rounds, the other cuts off


@given(st.integers(0, 300), bytes_of_all_kinds)
def test_broken_bytes_are_left_to_be_read(at: int, broken: bytes) -> None:
    """A glance never fails, and bytes that are no message, or not JSON, or not UTF-8, do not pass it."""
    whole = json.dumps(MESSAGE).encode()
    value = whole[:at] + broken + whole[at + len(broken) :]

    seen = glance(value, TRACEPARENT)

    if seen is not None:
        assert Received(MessageReceived.model_validate_json(value), TRACEPARENT) == opened(seen)


def test_a_message_as_the_ingress_writes_it_passes() -> None:
    """What `webhooks` tells is set aside without being read, its text untouched."""
    value = received().message.model_dump_json().encode()

    seen = glance(value, TRACEPARENT)

    assert seen is not None
    assert value.decode() in seen.text
    assert ("e1", "chat-1", "0af7651916cd43dd8448eb211c80319c") == seen.names
    assert received() == opened(seen)


def test_what_a_later_release_adds_is_left_to_be_read() -> None:
    """A member that this release does not know does not pass at a glance: reading it whole drops the member."""
    part = MessagePart(type="text", value="Hi").model_dump() | {"later": [1]}

    assert glance(json.dumps(MESSAGE | {"later": 1}).encode(), None) is None
    assert glance(json.dumps(MESSAGE | {"parts": [part]}).encode(), None) is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [(b"{", "value: json_invalid"), (b'{"parts":1}', "chert_tenant: missing"), (b"\xff", "value: json_invalid")],
)
def test_what_does_not_pass_is_read_and_refused_with_its_reason(value: bytes, reason: str) -> None:
    """Poison is found before anything is set aside, so its dead letter says the same as anybody's."""
    told = Event(MESSAGE_RECEIVED, "m1", "/webhooks", received().message.received_at, received().message)

    with pytest.raises(ContractError, match=reason):
        arrival(MESSAGE_RECEIVED, told.headers(), value)
    headers = [(name, text) for name, text in told.headers() if name != "ce_id"]
    with pytest.raises(ContractError, match="ce_id is missing"):
        arrival(MESSAGE_RECEIVED, headers, told.value() or b"")


def test_what_was_read_before_can_be_set_aside() -> None:
    """A message keeps everything on its way aside and back."""
    row = received(line="+14155550000", is_group=True)

    assert row == opened(sealed(row))
    assert sealed(sealed(row)) == sealed(row)
    assert opened(row) is row
