"""Records as they lie in a batch: Kafka's message format, version 2.

aiokafka's builder takes a record's headers one by one and encodes their names anew, though nearly all of it is the same
for every event of a type: a fifth of what a delivery of a hundred events cost. Here that is one piece of bytes, made
once. What comes out is the same to the byte, and tests hold it to that. And what compresses can be said here.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from aiokafka.codec import lz4_encode
from aiokafka.record.util import calc_crc32c

from webhooks.models.deliveries import OWN_HEADERS, Record, RecordKind

_MAGIC: Final = 2
_LZ4: Final = 3
_LZ4_LEVEL: Final = 1
"""The fastest; aiokafka's own batches are written at level 9, in six times the time for a few percent."""

_NO_EPOCH: Final = -1

_UNSUMMED: Final = struct.Struct(">qiibI")  # base offset, length, leader's epoch, magic, CRC-32C of all that follows
_SUMMED: Final = struct.Struct(">hiqqqhii")  # attributes, last offset, two times, producer, its epoch, sequence, count
_BEFORE_LENGTH: Final = struct.calcsize(">qi")
_HEADER_BYTES: Final = _UNSUMMED.size + _SUMMED.size

_SEVEN_BITS: Final = 0x7F


def varint(number: int) -> bytes:
    """A signed number, zigzag, seven bits a byte, the lowest first."""
    rest = number << 1 if number >= 0 else (-number << 1) - 1
    written = bytearray()
    while rest > _SEVEN_BITS:
        written.append(rest & _SEVEN_BITS | 0x80)
        rest >>= 7
    written.append(rest)
    return bytes(written)


_VARINTS: Final = tuple(varint(number) for number in range(4096))
"""Of usual lengths."""


def _length(number: int) -> bytes:
    return _VARINTS[number] if number < len(_VARINTS) else varint(number)


def _sized(content: bytes) -> bytes:
    return _length(len(content)) + content


_EVENT_ID, _TIME, _TRACEPARENT = (_sized(name.encode()) for name in OWN_HEADERS)


@lru_cache(maxsize=64)
def _common_headers(kind: RecordKind) -> bytes:
    """How many headers a record has, those that its kind gives it, and the name of the first of its own."""
    common = b"".join(_sized(name.encode()) + _sized(value) for name, value in kind.headers)
    return varint(len(kind.headers) + len(OWN_HEADERS)) + common + _EVENT_ID


class BatchWriter:
    """A batch that fills; stands where aiokafka's `BatchBuilder` does, and has the members that its producer uses."""

    __slots__ = (
        *("_closed", "_compressed", "_count", "_first", "_last"),
        *("_most", "_pieces", "_size", "_state", "_written"),
    )

    def __init__(self, most: int, *, compressed: bool) -> None:
        """A batch of at most so many bytes before it is compressed; its first record always fits."""
        self._most, self._compressed = most, compressed
        self._pieces: list[bytes] = []
        self._size, self._count = _HEADER_BYTES, 0
        self._first = self._last = 0
        self._state = -1, -1, -1
        self._closed = False
        self._written: bytes | None = None

    def take(self, records: Sequence[Record], now: int) -> int:
        """Take in what these begin with: records of one kind, key and trace, as many as fit; how many those were.

        They are stamped with so many milliseconds since the epoch, never earlier than those that are there.
        """
        if self._closed:
            return 0
        first, lengths, put = records[0], _VARINTS, self._pieces.append
        kind, key, traceparent, count, size = first.kind, first.key, first.traceparent, self._count, self._size
        moment = max(self._last, now)
        start, keyed, headers = self._start(moment), _sized(key), _common_headers(kind)
        traced = _TRACEPARENT + _sized(traceparent)
        for record in records:
            if record.kind is not kind or record.key != key or record.traceparent is not traceparent:
                break
            value, event_id, at = record.value, record.event_id, record.at
            try:
                body = b"".join((
                    start, lengths[count], keyed, lengths[len(value)], value, headers,
                    lengths[len(event_id)], event_id, _TIME, lengths[len(at)], at, traced,
                ))  # fmt: skip
                length = lengths[len(body)]
            except IndexError:  # longer than usual
                own = _sized(value), headers, _sized(event_id), _TIME, _sized(at)
                body = b"".join((start, varint(count), keyed, *own, traced))
                length = varint(len(body))
            size += len(length) + len(body)
            if count and size >= self._most:
                self._closed = True
                break
            put(length)
            put(body)
            self._size, self._last = size, moment
            count += 1
        taken, self._count = count - self._count, count
        return taken

    def _start(self, moment: int) -> bytes:
        """What records of a moment begin with: no attributes, and the time since the first."""
        if not self._count:
            self._first = moment
        return b"\0" + _length(moment - self._first)

    def record_count(self) -> int:
        """How many records it has."""
        return self._count

    def size(self) -> int:
        """How many bytes it has, before it is compressed."""
        return self._size

    def closed(self) -> bool:
        """Whether it takes no more."""
        return self._closed

    def close(self) -> None:
        """Take no more."""
        self._closed = True

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        """Remember what the brokers tell repetitions by."""
        self._state = producer_id, producer_epoch, base_sequence

    def _build(self) -> bytes:
        """The batch as it is sent; the same when it is sent again."""
        self._closed = True
        if self._written is None:
            self._written, self._pieces = self._write(), []
        return self._written

    def _write(self) -> bytes:
        attributes, records = 0, b"".join(self._pieces)
        if self._compressed:
            packed = lz4_encode(records, level=_LZ4_LEVEL)
            if len(packed) < len(records):
                attributes, records = _LZ4, packed
        summed = _SUMMED.pack(attributes, self._count - 1, self._first, self._last, *self._state, self._count) + records
        length = _UNSUMMED.size - _BEFORE_LENGTH + len(summed)
        return _UNSUMMED.pack(0, length, _NO_EPOCH, _MAGIC, calc_crc32c(summed)) + summed
