"""How a fact becomes a record: `contracts.envelope`, with what is the same for every event of a type made once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from chassis.tracing import Trace
from contracts.envelope import Event, EventData, EventType
from webhooks.models.deliveries import Record

SOURCE: Final = "/webhooks"

_ENCODER: Final = msgspec.json.Encoder()


class Template:
    """Makes the records of one event type."""

    def __init__(self, event_type: EventType[EventData]) -> None:
        self.topic: Final = event_type.name
        self._headers: Final = (
            ("ce_specversion", Event.SPEC_VERSION.encode()),
            ("ce_type", event_type.name.encode()),
            ("ce_source", SOURCE.encode()),
            ("ce_dataschema", event_type.schema.encode()),
            ("content-type", b"application/json"),
        )

    def record(self, fact: msgspec.Struct, *, key: bytes, event_id: bytes, at: datetime, trace: Trace) -> Record:
        """The record of a fact that happened then."""
        return Record(
            self.topic,
            key,
            _ENCODER.encode(fact),
            [
                *self._headers,
                ("ce_id", event_id),
                ("ce_time", _ENCODER.encode(at)[1:-1]),  # RFC 3339 without its quotes; a third of `isoformat`
                ("traceparent", trace.traceparent),
            ],
        )


def templates(types: Mapping[str, EventType[EventData]]) -> dict[str, Template]:
    """A template for each of these."""
    return {name: Template(event_type) for name, event_type in types.items()}
