"""A line of a work list as it lies in a document."""

from chassis.mongo import Document
from timeline.models import Work


def to_document(work: Work) -> Document:
    """A line as it is pushed."""
    return {
        "ticket": work.ticket,
        "entry_id": work.entry_id,
        "conversation_id": work.conversation_id,
        "received_at": work.received_at,
        "sent": work.sent,
    }


def from_document(document: Document) -> Work:
    """A line as it was read."""
    return Work(
        document["ticket"],
        document["entry_id"],
        document["conversation_id"],
        document["received_at"],
        sent=document.get("sent", False),
    )
