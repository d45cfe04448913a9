"""Batches as they are written: the same bytes as aiokafka's own builder makes, and its own reader reads them."""

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from webhooks.adapters.kafka.wire import BatchWriter, varint
from webhooks.models.deliveries import Record, RecordKind

MOST = 64 * 1024
MILLISECONDS = 1_795_348_800_123
STATE = (7_001, 3, 42)
CREATED = RecordKind("contact.created", [("ce_specversion", b"1.0"), ("ce_type", b"contact.created")])
KINDS = (CREATED, RecordKind("app.uninstalled", [("content-type", b"application/json")]))

contents = st.one_of(
    st.binary(max_size=40), st.integers(100, 9_000).map(bytes), st.sampled_from([63, 64, 8_191, 8_192]).map(bytes)
)
records = st.builds(Record, st.sampled_from(KINDS), contents, contents, contents, contents, contents)
runs = st.lists(st.tuples(records, st.integers(1, 80), st.integers(0, 70_000)), min_size=1, max_size=6)


def written(builder: BatchWriter | BatchBuilder) -> bytes:
    """What goes to the broker."""
    builder.close()
    builder._set_producer_state(*STATE)
    return bytes(builder._build())


@given(runs)
def test_a_batch_is_to_the_byte_what_aiokafka_writes(taken: list[tuple[Record, int, int]]) -> None:
    """Whatever the records, as many of them fit and they are written as aiokafka's builder would do it."""
    ours, theirs = BatchWriter(MOST, compressed=False), BatchBuilder(MOST, 0)
    now = MILLISECONDS
    for record, times, later in taken:
        now += later
        fitted = sum(
            theirs.append(timestamp=now, key=record.key, value=record.value, headers=record.headers) is not None
            for _ in range(times)
        )
        assert fitted == ours.take([record] * times, now)

    assert (theirs.record_count(), theirs.closed()) == (ours.record_count(), ours.closed())
    assert (theirs.size(), written(theirs)) == (ours.size(), written(ours))


@given(st.lists(records, min_size=1, max_size=30))
def test_a_compressed_batch_is_read_as_it_was_taken(taken: list[Record]) -> None:
    """What aiokafka reads of a compressed batch are the records, one by one, with all their headers."""
    writer = BatchWriter(MOST, compressed=True)
    fitting = taken[: sum(writer.take([record], MILLISECONDS) for record in taken)]

    batch = MemoryRecords(written(writer)).next_batch()

    assert batch.validate_crc()
    expected = [(record.key, record.value, tuple(record.headers)) for record in fitting]
    assert expected == [(one.key, one.value, tuple(one.headers)) for one in batch]


def test_records_are_taken_as_long_as_they_are_alike() -> None:
    """What is taken at once ends where kind, key or trace of a record are others'."""
    first = Record(CREATED, b"1", b"{}", b"a", b"t", b"trace")
    others = [
        Record(KINDS[1], b"1", b"{}", b"a", b"t", first.traceparent),
        Record(CREATED, b"2", b"{}", b"a", b"t", first.traceparent),
        Record(CREATED, b"1", b"{}", b"a", b"t", b"other"),
    ]

    assert [2, 2, 2] == [BatchWriter(MOST, compressed=False).take([first, first, other], 1) for other in others]


def test_a_clock_that_is_set_back_leaves_no_earlier_stamp() -> None:
    """Records are never stamped earlier than those before them, so the batch's newest time is its last record's."""
    writer = BatchWriter(MOST, compressed=False)
    record = Record(CREATED, b"1", b"{}", b"a", b"t", b"trace")
    for now in (MILLISECONDS, MILLISECONDS - 1_000, MILLISECONDS + 5):
        writer.take([record], now)

    batch = MemoryRecords(written(writer)).next_batch()

    assert [0, 0, 5] == [one.timestamp - MILLISECONDS for one in batch]


def test_a_batch_that_is_sent_again_is_the_same() -> None:
    """A repetition has the bytes of the first attempt, and what was closed takes nothing more."""
    writer = BatchWriter(MOST, compressed=True)
    record = Record(CREATED, b"1", b"{}", b"a", b"t", b"trace")
    writer.take([record], MILLISECONDS)
    first = written(writer)

    assert first == writer._build()
    assert 0 == writer.take([record], MILLISECONDS)


@pytest.mark.parametrize(("number", "expected"), [(0, "00"), (-1, "01"), (63, "7e"), (64, "8001"), (-65, "8101")])
def test_numbers_are_zigzag_varints(number: int, expected: str) -> None:
    """Small numbers of either sign are short, as in protocol buffers."""
    assert bytes.fromhex(expected) == varint(number)
