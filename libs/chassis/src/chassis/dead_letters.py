"""Dead letters: what a consumer group could not handle, where it lay and why, in a topic of that group.

The record goes on as it came (key, value and every header, in order), with `dlq_*` headers behind its own. Nothing of
its content is said in them: a reason is a contract's words or the place in our code that gave up.
"""

import contextlib
import hashlib
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final, Protocol

from chassis.clock import Clock
from chassis.kafka import MAX_REQUEST_BYTES, RecordSink, RecordTooLargeError
from contracts.topics import dead_letter_topic

RawHeaders = Sequence[tuple[str, bytes | None]]
"""Headers as Kafka has them: names may repeat, values may be missing."""

SERVICE_VERSION: Final = version("chert-hubspot-chassis")
"""All members are released together, so the chassis's version is the service's."""

_OVERHEAD_BYTES = 4096
# More than what a record and its batch add in front of key, value and headers.


class Record(Protocol):
    """A record as aiokafka gives it."""

    @property
    def topic(self) -> str:
        """Its topic."""
        ...

    @property
    def partition(self) -> int:
        """Its partition."""
        ...

    @property
    def offset(self) -> int:
        """Its place there."""
        ...

    @property
    def key(self) -> bytes | None:
        """Its key, raw."""
        ...

    @property
    def value(self) -> bytes | None:
        """Its value, raw."""
        ...

    @property
    def headers(self) -> RawHeaders:
        """Its headers, raw."""
        ...


class DeadLetters:
    """The dead-letter topics of one consumer group."""

    def __init__(self, sink: RecordSink, group: str, clock: Clock) -> None:
        self._sink, self._group, self._clock = sink, group, clock

    async def bury(self, record: Record, error: Exception, attempts: int) -> None:
        """Return once the dead letter is durable.

        Raises:
            BrokerAwayError: that could not be learned in time.
        """
        topic = dead_letter_topic(record.topic, self._group)
        why = self._why(record, error, attempts)
        headers = [*record.headers, *why]
        value = record.value if record.value is not None or record.key is not None else b""
        if _size(record.key, value, headers) <= MAX_REQUEST_BYTES - _OVERHEAD_BYTES:
            with contextlib.suppress(RecordTooLargeError):  # a topic may take less than a request
                await self._sink.send(topic, key=record.key, value=value, headers=headers)
                return
        await self._sink.send(topic, key=record.key, value=b"", headers=[*_known(record), *why, *_digest(record)])

    def _why(self, record: Record, error: Exception, attempts: int) -> list[tuple[str, bytes]]:
        told = {
            "dlq_topic": record.topic,
            "dlq_partition": str(record.partition),
            "dlq_offset": str(record.offset),
            "dlq_error_type": type(error).__name__,
            "dlq_reason": reason(error),
            "dlq_attempts": str(attempts),
            "dlq_time": self._clock.now().isoformat(),
            "dlq_service_version": SERVICE_VERSION,
        }
        return [(name, text.encode(errors="replace")) for name, text in told.items()]


def reason(error: Exception) -> str:
    """Why, without content: the error's own `reason` where it has one, else the place that raised it.

    An error's text is never used: it may quote what a customer sent.
    """
    own = getattr(error, "reason", None)
    if isinstance(own, str) and own:
        return own[:500]
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        return f"{frame.f_code.co_filename.rpartition('/')[2]}:{line} {frame.f_code.co_name}"
    return type(error).__name__


def _size(key: bytes | None, value: bytes | None, headers: RawHeaders) -> int:
    return len(key or b"") + len(value or b"") + sum(len(name) * 4 + len(text or b"") + 20 for name, text in headers)


def _known(record: Record) -> RawHeaders:
    """The headers, or the CloudEvents ones alone where even they are too large."""
    if _size(record.key, None, record.headers) <= MAX_REQUEST_BYTES // 4:
        return record.headers
    return [(name, text) for name, text in record.headers if name.startswith("ce_") and len(text or b"") <= _LONG]


_LONG = 1024


def _digest(record: Record) -> list[tuple[str, bytes]]:
    value = record.value or b""
    return [
        ("dlq_value_bytes", str(len(value)).encode()),
        ("dlq_value_sha256", hashlib.sha256(value).hexdigest().encode()),
    ]
