"""What this service thinks in: requests, the sends that they claim, and the answers."""

from actions.models.conversations import Author, ContactChat, NumberChat, Wish
from actions.models.requests import Contact, SendRequest, SignedRequest
from actions.models.sends import Accepted, Answer, Attempt, AttemptStatus, Lease, Outcome, Outgoing, Refused, Send

__all__ = [
    "Accepted",
    "Answer",
    "Attempt",
    "AttemptStatus",
    "Author",
    "Contact",
    "ContactChat",
    "Lease",
    "NumberChat",
    "Outcome",
    "Outgoing",
    "Refused",
    "Send",
    "SendRequest",
    "SignedRequest",
    "Wish",
]
