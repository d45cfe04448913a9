"""A delivery, the records that it becomes, and its receipt.

Structs, for they are made for every event or delivery in a third of a tuple's or a dataclass's time.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from chassis.tracing import Trace
from contracts.envelope import Headers


class Delivery(Struct, frozen=True, gc=False):
    """One request from outside.

    Attributes:
        method: HTTP method, upper case.
        url: as the sender called it: public base URL, raw path, raw query.
        headers: lower-case name to value; one that came twice is absent, so that it proves nothing.
        body: the raw bytes.
        trace: the work that it is.
    """

    method: bytes
    url: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    trace: Trace


OWN_HEADERS: Final = ("ce_id", "ce_time", "traceparent")
"""What a record says in headers of its own, after those of its kind."""


class RecordKind:
    """What the records of one event type have in common.

    Attributes:
        topic: where they go.
        headers: what all of them say.
    """

    __slots__ = ("headers", "topic")

    def __init__(self, topic: str, headers: Headers) -> None:
        self.topic: Final = topic
        self.headers: Final = tuple(headers)


class Record(Struct, frozen=True, gc=False):
    """One event as Kafka takes it: what `contracts.envelope.Event` would say of itself, already in bytes.

    Attributes:
        kind: what it has in common with others of its type.
        key: what must stay in order.
        value: the data, as JSON.
        event_id: the header `ce_id`.
        at: the header `ce_time`.
        traceparent: the header of that name.
    """

    kind: RecordKind
    key: bytes
    value: bytes
    event_id: bytes
    at: bytes
    traceparent: bytes

    @property
    def headers(self) -> Headers:
        """All its headers."""
        own = (self.event_id, self.at, self.traceparent)
        return [*self.kind.headers, *zip(OWN_HEADERS, own, strict=True)]


class Ignored(Struct, frozen=True, gc=False):
    """An event of a type that nobody here needs."""

    type: str


class Rejected(Struct, frozen=True, gc=False):
    """An event that broke its contract: its record in `delivery.rejected`, and why."""

    record: Record
    reason: str


Understood = Record | Rejected | Ignored
"""What an authentic event amounts to."""


class Receipt(Struct, frozen=True, gc=False):
    """What became of the events of a delivery, as counts.

    Attributes:
        accepted: published under their own type.
        rejected: broke their contract; published to `delivery.rejected`.
        ignored: of a type that nobody here needs.
    """

    accepted: int = 0
    rejected: int = 0
    ignored: int = 0


class Taken(Struct, frozen=True, gc=False):
    """A delivery that is dealt with: its receipt, and the types of what was ignored."""

    receipt: Receipt
    ignored: list[str]
