"""Authentic events that broke their contract: set aside in `delivery.rejected`, so that they can be sent again."""

import hashlib
import re
from datetime import datetime
from typing import Final, Literal

import msgspec

from chassis.tracing import Trace
from contracts.topics import DELIVERY_REJECTED
from webhooks.handlers.records import Template, stamp
from webhooks.models.deliveries import Rejected
from webhooks.models.facts import DeliveryRejectedFact

_KEPT_CHARACTERS: Final = 64 * 1024  # of a payload; four bytes each at the most, so 256 KiB
_KEPT_REASON: Final = 500
_OWNER: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_REJECTED: Final = Template(DELIVERY_REJECTED)

Decoded = dict[str, object] | list[object] | str | int | float | bool | None


def reject(
    sender: Literal["hubspot", "chert"], owner_member: str, payload: bytes, reason: str, now: datetime, trace: Trace
) -> Rejected:
    """The record that tells of it, under the name that the event gives as its owner.

    A later attempt at the same event has the same event id: the count of attempts is left out of what is hashed.
    """
    content = loosely(payload)
    owner = _owner(content, owner_member)
    digest = hashlib.sha256(_meaning(content, payload)).hexdigest()[:32]
    fact = DeliveryRejectedFact(
        sender=sender,
        owner=owner,
        reason=reason[:_KEPT_REASON],
        payload=payload.decode("utf-8", "replace")[:_KEPT_CHARACTERS],
        received_at=now,
    )
    event_id = f"{DELIVERY_REJECTED.name}:{sender}:{digest}".encode()
    record = _REJECTED.record(fact, key=owner.encode(), event_id=event_id, at=stamp(now), trace=trace)
    return Rejected(record, fact.reason)


def loosely(payload: bytes) -> Decoded:
    """Whatever the bytes say, or nothing where they say nothing that can be read."""
    try:
        content: Decoded = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return None
    return content


def _owner(content: Decoded, name: str) -> str:
    owner = content.get(name) if isinstance(content, dict) else None
    readable = isinstance(owner, str | int) and not isinstance(owner, bool)
    return str(owner) if readable and _OWNER.fullmatch(str(owner)) else "unknown"


def _meaning(content: Decoded, payload: bytes) -> bytes:
    if not isinstance(content, dict):
        return payload
    return msgspec.json.encode({name: content[name] for name in sorted(content) if name != "attemptNumber"})


def reason_of(error: Exception) -> str:
    """What is wrong, in words that quote nothing: which member, which rule."""
    if isinstance(error, msgspec.ValidationError):
        return str(error)
    return {UnicodeDecodeError: "not UTF-8", RecursionError: "nested too deeply"}.get(type(error), "not readable")
