"""What a dead letter says."""

from typing import Any

import pytest

from chassis.clock import ManualClock
from chassis.dead_letters import SERVICE_VERSION, DeadLetters, reason
from chassis.kafka import MAX_REQUEST_BYTES, BrokerAwayError, RecordTooLargeError
from contracts.envelope import ContractError


def told(headers: list[tuple[str, bytes | None]]) -> dict[str, str]:
    """The `dlq_*` headers."""
    return {name: (value or b"").decode() for name, value in headers if name.startswith("dlq_")}


async def test_a_dead_letter_says_where_and_why(new_sink: Any, new_record: Any) -> None:
    """Key, value and every header go on as they came, with place, error, attempts, time and version behind."""
    sink, record = new_sink(), new_record("x", partition=3, offset=41)
    await DeadLetters(sink, "readers", ManualClock()).bury(record, ContractError("text: missing"), 0)
    ((topic, key, value, headers),) = sink.sent
    assert ("notes.told.readers.dlq", record.key, record.value) == (topic, key, value)
    assert list(record.headers) == headers[: len(record.headers)]
    assert {
        "dlq_topic": "notes.told",
        "dlq_partition": "3",
        "dlq_offset": "41",
        "dlq_error_type": "ContractError",
        "dlq_reason": "text: missing",
        "dlq_attempts": "0",
        "dlq_time": "2026-11-22T12:00:00+00:00",
        "dlq_service_version": SERVICE_VERSION,
    } == told(headers)


async def test_the_original_is_left_as_it_was(new_sink: Any, raw_record: Any) -> None:
    """A record's own header list is never written to, and names that repeat or have no value survive."""
    headers = [("a", b"1"), ("a", b"\xff"), ("b", None)]
    sink, record = new_sink(), raw_record("notes.told", 0, 0, None, b"x", headers)
    await DeadLetters(sink, "readers", ManualClock()).bury(record, ValueError(), 3)
    assert [("a", b"1"), ("a", b"\xff"), ("b", None)] == headers
    assert headers == sink.sent[0][3][:3]


@pytest.mark.parametrize("size", [MAX_REQUEST_BYTES, MAX_REQUEST_BYTES + 1])
async def test_what_does_not_fit_leaves_its_hash(new_sink: Any, raw_record: Any, size: int) -> None:
    """A value too large for the topic is replaced by its size and SHA-256; the headers stay."""
    sink, record = new_sink(), raw_record("notes.told", 0, 0, b"k", b"x" * size, (("ce_id", b"1"),))
    await DeadLetters(sink, "readers", ManualClock()).bury(record, ValueError(), 3)
    ((_, key, value, headers),) = sink.sent
    assert (b"k", b"", ("ce_id", b"1")) == (key, value, headers[0])
    assert (str(size), 64) == (told(headers)["dlq_value_bytes"], len(told(headers)["dlq_value_sha256"]))


async def test_a_topic_that_takes_less_gets_less(new_sink: Any, raw_record: Any) -> None:
    """When the broker finds a dead letter too large, it is sent again with the hash of its value."""
    sink = new_sink(refuses=lambda value: RecordTooLargeError() if value else None)
    record = raw_record("notes.told", 0, 0, b"k", b"x", ())
    await DeadLetters(sink, "readers", ManualClock()).bury(record, ValueError(), 3)
    assert b"" == sink.sent[0][2]


async def test_headers_that_do_not_fit_are_cut_to_what_identifies_the_event(new_sink: Any, raw_record: Any) -> None:
    """Of headers that are too large themselves, the short CloudEvents ones stay."""
    headers = (("ce_id", b"1"), ("padding", b"x" * MAX_REQUEST_BYTES), ("ce_subject", b"y" * 2000))
    sink, record = new_sink(), raw_record("notes.told", 0, 0, b"k", b"x", headers)
    await DeadLetters(sink, "readers", ManualClock()).bury(record, ValueError(), 3)
    names = [name for name, _ in sink.sent[0][3]]
    assert "ce_id" in names
    assert not {"padding", "ce_subject"} & set(names)


async def test_a_record_of_nothing_can_be_buried(new_sink: Any, raw_record: Any) -> None:
    """Kafka takes no record with neither key nor value: an empty value stands in."""
    sink = new_sink()
    await DeadLetters(sink, "readers", ManualClock()).bury(
        raw_record("notes.told", 0, 0, None, None, ()), ValueError(), 0
    )
    assert (None, b"") == sink.sent[0][1:3]


async def test_a_broker_that_is_away_is_said(new_sink: Any, new_record: Any) -> None:
    """A dead letter that could not be written is an error, so that the record is not committed."""
    sink = new_sink()
    sink.away()
    with pytest.raises(BrokerAwayError):
        await DeadLetters(sink, "readers", ManualClock()).bury(new_record("x"), ValueError(), 0)


def int_of(text: str) -> int:
    """Raise with the text quoted, as many functions do."""
    return int(text)


def test_a_reason_never_quotes_an_error() -> None:
    """The text of an error may hold what a customer sent; the place that raised it is told instead."""
    with pytest.raises(ValueError, match="hello") as raised:
        int_of("+14155550100 said hello")
    said = reason(raised.value)
    assert said.startswith("test_dead_letters.py:")
    assert "hello" not in said
    assert "ValueError" == reason(ValueError("never raised"))
