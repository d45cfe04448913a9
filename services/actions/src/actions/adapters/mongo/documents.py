"""Sends as documents: the dataclass as it is, its key as `_id`."""

from typing import Final

from pydantic import TypeAdapter

from actions.models import Attempt, Outcome, Send
from chassis.mongo import Document

_SEND: Final = TypeAdapter(Send)
_ATTEMPT: Final = TypeAdapter(Attempt)
_OUTCOME: Final[TypeAdapter[Outcome]] = TypeAdapter(Outcome)


def to_document(send: Send) -> Document:
    """A send as it is inserted."""
    document: Document = _SEND.dump_python(send)
    return {"_id": document.pop("key"), **document}


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
