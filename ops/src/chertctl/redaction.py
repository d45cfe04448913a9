"""What operators see of records: ids and facts, never a text; a phone number only as its keyed hash.

The list says what may be seen, so that a member that is added later is hidden until somebody has thought about it.
Whatever filters records does so behind this, so nothing hidden can be searched for.
"""

import hashlib
import hmac
import json
import re
from typing import Final

from pydantic import JsonValue

from chertctl.reading import Lying
from contracts.topics import owner_of

# fmt: off
SEEN: Final = frozenset((
    "action_id", "at", "change_source", "chat_id", "chert_tenant", "claim", "code", "communication_id", "contact_id",
    "default_region", "event_id", "generation", "is_group", "lead_created", "linked_at", "merged_ids", "message_id",
    "occurred_at", "offset", "opened_at", "opening", "operator", "outcome", "owner", "partition", "phone_line_id",
    "places", "portal_id", "project_id", "property", "reason", "received_at", "recorded_at", "result",
    "retention_days", "revision", "scopes", "source", "stage", "status", "topic", "type", "until", "user_id", "verb",
    "workflow_id",
))
# fmt: on
"""Members whose values are ids, times, states or counts."""

PHONES: Final = frozenset({"sender", "phone", "line"})
"""Members that hold phone numbers, or addresses, which are hidden."""

OPEN: Final = frozenset({"arguments", "result"})
"""Members of an audit below which everything may be seen: counts, and arguments that hold no content."""

_ID: Final = re.compile(r"\S{0,200}")
"""What a visible text looks like; anything else under a visible name was put there by mistake or malice."""

_VERB: Final = re.compile(r"[a-z]{1,20}( [a-z-]{1,20}){0,2}")
"""What a verb of this command looks like: `replay`, `tenant erase-contact`."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_HASH_LENGTH: Final = 16


class Redactor:
    """Hides what is personal."""

    def __init__(self, key: bytes) -> None:
        """A key of one's own makes hashes that mean nothing elsewhere."""
        self._key = key

    def phone(self, number: str) -> str:
        """What stands for a phone number."""
        digest = hmac.new(self._key, number.encode(), hashlib.sha256).hexdigest()
        return f"phone:{digest[:_HASH_LENGTH]}"

    def value(self, raw: bytes | None) -> JsonValue:
        """A record's value as it may be seen."""
        if raw is None:
            return None
        try:
            content: JsonValue = json.loads(raw)
        except (ValueError, RecursionError):
            return f"[no JSON, {len(raw)} bytes]"
        return self._members(content) if isinstance(content, dict) else _hidden(content)

    def _members(self, content: dict[str, JsonValue]) -> dict[str, JsonValue]:
        return {name: self._member(name, value) for name, value in content.items()}

    def _member(self, name: str, value: JsonValue) -> JsonValue:
        match value:
            case str() if _E164.fullmatch(value) and (name in PHONES or name in SEEN):
                return self.phone(value)
            case dict():
                return value if name in OPEN else self._members(value)
            case list():
                return [self._member(name, one) for one in value]
            case bool() | None:
                return value
            case _:
                return value if name in SEEN and _may_be_seen(name, value) else _hidden(value)


def seen(record: Lying, redactor: Redactor) -> dict[str, JsonValue]:
    """A record as it may be seen."""
    return {
        "place": str(record.place),
        "time": record.header("ce_time"),
        "type": record.header("ce_type"),
        "id": record.header("ce_id"),
        "tenant": owner_of(record.key),
        "trace": trace_of(record),
        "data": redactor.value(record.value),
    }


def trace_of(record: Lying) -> str | None:
    """The trace that brought a record."""
    parts = record.header("traceparent").split("-")
    return parts[1] if len(parts) == 4 else None  # noqa: PLR2004 - W3C Trace Context: version, trace, span, flags


def _may_be_seen(name: str, value: JsonValue) -> bool:
    if name == "reason" or not isinstance(value, str):
        return True
    return (_VERB if name == "verb" else _ID).fullmatch(value) is not None


def _hidden(value: JsonValue) -> str:
    return f"[hidden, {len(value)} characters]" if isinstance(value, str) else "[hidden]"
