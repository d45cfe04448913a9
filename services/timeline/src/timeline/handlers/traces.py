"""In which trace a reply is followed: in that of the send it answers, if that one is exported.

Nothing in a delivery names the send, and the ingress, which has no database, cannot look it up: it tells of its own
work in a trace that begins with the delivery. So its hop is told once more here, in the trace of the send, linked to
where the ingress told of it. Whether a trace is exported was decided at the send; a reply to one that is not keeps
its own.
"""

from datetime import datetime, timedelta
from typing import Final

from chassis.tracing import Attribute, Hop, joined
from timeline.models import Received, SentTrace

LONGEST: Final = timedelta(days=1)
"""How long after a send a reply still is part of its trace; traces that never end are of no use to anyone."""

_SKEW: Final = timedelta(minutes=1)
"""How far Chert's clock may be behind ours."""


def traceparent_of(row: Received, sent: SentTrace | None) -> str | None:
    """The `traceparent` under which an account works on a message."""
    received_at = row.message.received_at
    if sent is None or not -_SKEW <= received_at - sent.at <= LONGEST:
        return row.traceparent
    told = Hop("POST chert", "server", _nanoseconds(received_at), row.traceparent, service="webhooks")
    ids: dict[str, Attribute] = {"message_id": row.message.message_id}
    taken = Hop("message.received process", "consumer", attributes=ids)
    return joined(sent.traceparent, (told, taken))


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1e9)
