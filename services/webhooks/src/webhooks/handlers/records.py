"""How a fact becomes a record: `contracts.envelope`, with what is the same for every event of a type made once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from chassis.tracing import Trace
from contracts.envelope import Event, EventData, EventType
from webhooks.models.deliveries import Record, RecordKind

SOURCE: Final = "/webhooks"

_encode: Final = msgspec.json.Encoder().encode


def stamp(at: datetime) -> bytes:
    """A moment as an event tells it: RFC 3339."""
    return _encode(at)[1:-1]  # without its quotes; a third of `isoformat`


class Template:
    """Makes the records of one event type.

    Attributes:
        topic: where they go; the type's name.
    """

    def __init__(self, event_type: EventType[EventData]) -> None:
        self.topic: Final = event_type.name
        headers = [
            ("ce_specversion", Event.SPEC_VERSION.encode()),
            ("ce_type", self.topic.encode()),
            ("ce_source", SOURCE.encode()),
            ("ce_dataschema", event_type.schema.encode()),
            ("content-type", b"application/json"),
        ]
        self._kind: Final = RecordKind(self.topic, headers)

    def record(self, fact: msgspec.Struct, key: bytes, event_id: bytes, at: bytes, trace: Trace) -> Record:
        """The record of a fact that happened then, as RFC 3339 writes it."""
        return Record(self._kind, key, _encode(fact), event_id, at, trace.traceparent)


def templates(types: Mapping[str, EventType[EventData]]) -> dict[str, Template]:
    """A template for each of these."""
    return {name: Template(event_type) for name, event_type in types.items()}
