"""Sends as documents: the dataclass as it is, its key as `_id`, and beside it the ids that operators ask by."""

from typing import Final

from pydantic import TypeAdapter

from actions.models import Accepted, Attempt, Outcome, Send, own_id, trace_of
from chassis.mongo import Document

COLLECTION: Final = "sends"

NAMES: Final = ("own_id", "trace_id", "contact_id", "number_hash", "message_id", "chat_id")
"""Members by which a send is found: the callback or client message it was asked for under, the trace it began in, the
contact, the keyed hash of its number, and what Chert called message and chat."""

_SEND: Final = TypeAdapter(Send)
_ATTEMPT: Final = TypeAdapter(Attempt)
_OUTCOME: Final[TypeAdapter[Outcome]] = TypeAdapter(Outcome)


def to_document(send: Send) -> Document:
    """A send as it is inserted."""
    document: Document = _SEND.dump_python(send)
    return {"_id": document.pop("key"), **document, **_names_of_claim(send), **names_of_outcome(send.answer)}


def alias_document(alias: str, key: str) -> Document:
    """A second name of a send, as it is inserted."""
    return {"_id": alias, "key": key}


def from_document(document: Document) -> Send:
    """A send as it was read; what else lies in the document is not the handlers' business."""
    return _SEND.validate_python({**document, "key": document["_id"]})


def attempt_document(attempt: Attempt) -> Document:
    """A line of a send's history."""
    document: Document = _ATTEMPT.dump_python(attempt)
    return document


def outcome_document(outcome: Outcome) -> Document:
    """A final answer."""
    document: Document = _OUTCOME.dump_python(outcome)
    return document


def names_of_outcome(outcome: Outcome | None) -> Document:
    """What Chert called message and chat, where it took the message."""
    if not isinstance(outcome, Accepted):
        return {}
    chat = {} if outcome.lead_id is None else {"chat_id": outcome.lead_id}
    return {"message_id": outcome.message_id, **chat}


def _names_of_claim(send: Send) -> Document:
    known = {"own_id": own_id(send.key), "trace_id": trace_of(send.attempts[0])}
    return {name: one for name, one in known.items() if one is not None}
