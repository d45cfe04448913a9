"""CloudEvents 1.0 in Kafka's binary mode: how an event lies in a record.

Attributes travel as `ce_*` headers, the data as a JSON value (CloudEvents Kafka protocol binding, section 3.2).
This module owns the form; which events exist is said in `topics`.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

MAX_EVENT_BYTES = 512 * 1024
"""The largest value one event may have; topics take twice that, dead-letter topics four times."""

_SCHEMA = re.compile(r"urn:chert:events:(?P<name>[a-z.]+):(?P<version>[1-9][0-9]{0,5})")

Headers = list[tuple[str, bytes]]
"""Record headers as aiokafka takes and gives them."""

Attributes = Mapping[str, str]
"""Headers as text, by name."""


class EventData(BaseModel):
    """What every payload has in common: immutable, and deaf to members it does not know.

    Adding an optional member is the only change without a new version.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


D_co = TypeVar("D_co", bound=EventData, covariant=True)


class ContractError(Exception):
    """A record that is not the event its topic promises; `reason` is fit for a header and a log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NewerVersionError(Exception):
    """A record of a version that this release cannot read yet: a rollout is under way."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(f"{name} version {version} is newer than this release")
        self.name = name
        self.version = version


@dataclass(frozen=True, slots=True)
class EventType(Generic[D_co]):
    """One kind of event: its topic (which is also its CloudEvents type), version, payload and key.

    Attributes:
        name: topic and `ce_type`, `noun.verb` in the past tense.
        version: the version that this release produces; every version up to it is read.
        data: the payload model.
        key: the record key of a payload, a string: what must stay in order.
        compacted: whether the topic keeps the newest value per key; only there a null value is legal.
    """

    name: str
    version: int
    data: type[D_co]
    key: Callable[..., str]
    compacted: bool = False

    @property
    def schema(self) -> str:
        """The `ce_dataschema`: names the topic and the version."""
        return f"urn:chert:events:{self.name}:{self.version}"


@dataclass(frozen=True, slots=True)
class Event(Generic[D_co]):
    """One event.

    Attributes:
        type: which kind.
        id: by meaning, so that the same fact told again has the same id.
        source: the service that tells it, `/oauth`.
        time: when it happened, aware.
        data: the payload.
        subject: whom it is about, when a filter wants it without reading the data.
        traceparent: W3C Trace Context of the work that told it.
        tombstone: whether the record has no value, so that a compacted topic forgets the key; `data` only says which.
    """

    SPEC_VERSION: ClassVar[str] = "1.0"

    type: EventType[D_co]
    id: str
    source: str
    time: datetime
    data: D_co
    subject: str | None = None
    traceparent: str | None = None
    tombstone: bool = False

    @property
    def topic(self) -> str:
        """The topic it belongs in."""
        return self.type.name

    def key(self) -> bytes:
        """The record key."""
        return self.type.key(self.data).encode()

    def value(self) -> bytes | None:
        """The record value: JSON in UTF-8, or nothing."""
        return None if self.tombstone else self.data.model_dump_json().encode()

    def headers(self) -> Headers:
        """The record headers: CloudEvents attributes, `traceparent` and the content type."""
        attributes = {
            "ce_specversion": self.SPEC_VERSION,
            "ce_id": self.id,
            "ce_type": self.type.name,
            "ce_source": self.source,
            "ce_time": self.time.isoformat(),
            "ce_dataschema": self.type.schema,
            "content-type": "application/json",
        }
        if self.subject is not None:
            attributes["ce_subject"] = self.subject
        if self.traceparent is not None:
            attributes["traceparent"] = self.traceparent
        return [(name, text.encode()) for name, text in attributes.items()]


def decode(event_type: EventType[D_co], headers: Iterable[tuple[str, bytes]], value: bytes) -> Event[D_co]:
    """Read a record as an event of the given type.

    Raises:
        ContractError: a header is missing or malformed, the type differs, or the value does not fit its schema.
        NewerVersionError: the record's version is newer than the one this release knows.
    """
    attributes = attributes_of(event_type, headers, value)
    return Event(
        type=event_type,
        id=attributes["ce_id"],
        source=attributes["ce_source"],
        time=_time(attributes["ce_time"]),
        subject=attributes.get("ce_subject"),
        traceparent=attributes.get("traceparent"),
        data=_payload(event_type.data, value),
    )


def attributes_of(event_type: EventType[EventData], headers: Iterable[tuple[str, bytes]], value: bytes) -> Attributes:
    """What the headers of a record of the given type say; of its value only the length is looked at.

    Raises:
        ContractError: a header is missing or malformed, the type differs, or the value is too long.
        NewerVersionError: the record's version is newer than the one this release knows.
    """
    attributes = _attributes(headers)
    if attributes.get("ce_specversion") != Event.SPEC_VERSION:
        raise ContractError("ce_specversion is not 1.0")
    if _required(attributes, "ce_type") != event_type.name:
        raise ContractError(f"ce_type is not {event_type.name}")
    _check_version(event_type, _required(attributes, "ce_dataschema"))
    if len(value) > MAX_EVENT_BYTES:
        raise ContractError(f"value is over {MAX_EVENT_BYTES} bytes")
    for name in ("ce_id", "ce_source"):
        _required(attributes, name)
    _time(_required(attributes, "ce_time"))
    return attributes


def to_document(event: Event[EventData]) -> dict[str, JsonValue]:
    """The event as it lies in an outbox array; `from_document` reads it."""
    return {
        "id": event.id,
        "type": event.type.name,
        "version": event.type.version,
        "source": event.source,
        "time": event.time.isoformat(),
        "subject": event.subject,
        "traceparent": event.traceparent,
        "data": event.data.model_dump(mode="json"),
        **({"tombstone": True} if event.tombstone else {}),
    }


def from_document(types: Mapping[str, EventType[EventData]], document: Mapping[str, JsonValue]) -> Event[EventData]:
    """Read an event from an outbox array.

    Raises:
        ContractError: its type is unknown, or its data does not fit the schema.
    """
    event_type = types.get(str(document["type"]))
    if event_type is None:
        raise ContractError(f"unknown event type {document['type']}")
    subject, traceparent = document["subject"], document["traceparent"]
    return Event(
        type=event_type,
        id=str(document["id"]),
        source=str(document["source"]),
        time=_time(str(document["time"])),
        subject=None if subject is None else str(subject),
        traceparent=None if traceparent is None else str(traceparent),
        data=_payload(event_type.data, json.dumps(document["data"]).encode()),
        tombstone=bool(document.get("tombstone", False)),
    )


def _attributes(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    try:
        return {name: value.decode() for name, value in headers}
    except UnicodeDecodeError as error:
        raise ContractError("a header is not UTF-8") from error


def _required(attributes: Mapping[str, str], name: str) -> str:
    text = attributes.get(name)
    if not text:
        raise ContractError(f"{name} is missing")
    return text


def _check_version(event_type: EventType[D_co], schema: str) -> None:
    match = _SCHEMA.fullmatch(schema)
    if match is None or match["name"] != event_type.name:
        raise ContractError("ce_dataschema does not name this topic and a version")
    if int(match["version"]) > event_type.version:
        raise NewerVersionError(event_type.name, int(match["version"]))


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ContractError("ce_time is not RFC 3339") from error
    if time.tzinfo is None:
        raise ContractError("ce_time has no offset")
    return time


def _payload(model: type[D_co], value: bytes) -> D_co:
    try:
        return model.model_validate_json(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "value"
        raise ContractError(f"{where}: {first['type']}") from None
